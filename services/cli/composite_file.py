"""The definition of a composite as a file: its keys are those of CompositeDefinition in proto/scorecards/v1."""
from __future__ import annotations

from pathlib import Path

from google.protobuf.json_format import ParseDict, ParseError

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb
from opsledger.services.documents import naming, place, read_document
from opsledger.services.scorecards.composites import checked


def read_composite(file: Path) -> pb.CompositeDefinition:
    """Raises InvalidInput, naming file and field."""
    document, definition = read_document(file), pb.CompositeDefinition()
    with naming(place(file)):
        if not isinstance(document, dict):
            raise InvalidInput(FieldViolation("parts", "REQUIRED", "must be a list of kpi, weight, none and full"))
        try:
            ParseDict(document, definition)
        except ParseError as error:
            raise InvalidInput(FieldViolation("composite", "MALFORMED", " ".join(str(error).split()))) from None
        checked(definition)
    return definition
