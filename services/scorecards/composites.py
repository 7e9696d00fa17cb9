"""Composites as messages of scorecards.v1, and their definitions as the core knows them."""
from __future__ import annotations

from opsledger.core.scorecards.composite import Band, Definition, Part, check_definition, composite
from opsledger.core.scorecards.scorecard import Scorecard
from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb


def definition_of(request: pb.GetScorecardRequest | pb.ListScorecardsRequest) -> Definition | None:
    """None where there is none. Raises InvalidInput."""
    if not request.HasField("composite"):
        return None
    return checked(request.composite)


def checked(message: pb.CompositeDefinition) -> Definition:
    """Raises InvalidInput, naming all that is wrong."""
    definition = Definition(
        tuple(Part(part.kpi, part.weight, part.none, part.full) for part in message.parts),
        tuple(Band(band.name, band.start) for band in message.bands))
    check_definition(definition, "composite")
    return definition


def composite_message(definition: Definition, card: Scorecard) -> pb.Composite:
    found = composite(definition, {line.figure.kpi.name: line.figure for line in card.lines})
    return pb.Composite(
        value=found.value, low=found.interval and found.interval.low, high=found.interval and found.interval.high,
        method=found.interval.method if found.interval else "", reason=found.reason or "", band=found.band,
        shares=[
            pb.CompositeShare(kpi=each.part.kpi, weight=each.part.weight, mark=each.mark, share=each.share) for each in found.shares
        ],
    )
