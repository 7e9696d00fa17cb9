"""A record of the inbound topic to the bytes of a TicketEvent.

    content-type                        value
    none, application/protobuf          a TicketEvent
    none, and it begins with {          one of the two below: no TicketEvent begins so (it would be a group in field 15)
    application/json                    a TicketEvent in protobuf JSON
    application/cloudevents+json        a CloudEvent whose data (or data_base64) is one of the two above

``data_base64`` whose ``datacontenttype`` is not said is JSON when it begins with {, else a TicketEvent.
With ``ce_`` headers the first two are CloudEvents in binary mode. The envelope is transport: all that is recorded stands in the
TicketEvent, whose bytes are recorded as they came; of JSON, the deterministic ones.
"""
from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent

Headers = Iterable[tuple[str, bytes]]
JSON, STRUCTURED = "application/json", "application/cloudevents+json"
PROTOBUF = "application/protobuf"
_PROTOBUFS = ("", PROTOBUF, "application/x-protobuf")
_VERSION = "1.0"


def event_bytes(headers: Headers | None, value: bytes | None) -> bytes:
    """The TicketEvent that a record carries, not yet validated. Raises InvalidInput for what carries none."""
    if value is None:
        raise _invalid("value", "REQUIRED", "is null; a fact cannot be taken back")
    said = {name.lower(): text.decode("utf-8", "replace") for name, text in headers or () if text is not None}
    if "ce_specversion" in said:
        _check_version("ce_specversion", said["ce_specversion"])
    content = said.get("content-type", "")
    if not content and value.startswith(b"{"):
        content = STRUCTURED if "specversion" in _json("value", value) else JSON
    if _media_type(content) == STRUCTURED:
        return _structured(value)
    return _data("content-type", content, value)


def _structured(value: bytes) -> bytes:
    event = _json("value", value)
    if not isinstance(event, dict):
        raise _invalid("value", "MALFORMED", "must be a JSON object")
    _check_version("specversion", event.get("specversion"))
    content = event.get("datacontenttype", "")
    if not isinstance(content, str):
        raise _invalid("datacontenttype", "MALFORMED", "must be a text")
    if "data_base64" in event:
        try:
            data = base64.b64decode(event["data_base64"], validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise _invalid("data_base64", "MALFORMED", "is not base64") from None
        # Where no type is said it is JSON: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#31-handling-of-data
        # A TicketEvent is taken too, as it always was here: it never begins with a brace.
        return _data("datacontenttype", content or (JSON if data.lstrip().startswith(b"{") else PROTOBUF), data)
    if _media_type(content) not in ("", JSON):
        raise _invalid("datacontenttype", "UNSUPPORTED", f"{content!r} must come as data_base64")
    if not isinstance(event.get("data"), dict):
        raise _invalid("data", "REQUIRED", "must be a TicketEvent as a JSON object, unless there is data_base64")
    return _from_json("data", json.dumps(event["data"]))


def _data(field: str, content: str, value: bytes) -> bytes:
    match _media_type(content):
        case kind if kind in _PROTOBUFS:
            return value
        case "application/json":
            try:
                return _from_json("value", value.decode())
            except UnicodeDecodeError:
                raise _invalid("value", "MALFORMED", "is not UTF-8") from None
        case _:
            raise _invalid(field, "UNSUPPORTED", f"{content!r} is none of {PROTOBUF}, {JSON}, {STRUCTURED}")


def _from_json(field: str, text: str) -> bytes:
    try:
        # map fields have no order of their own: a fixed one makes equal events equal bytes
        return json_format.Parse(text, TicketEvent()).SerializeToString(deterministic=True)
    except (json_format.ParseError, ValueError, RecursionError) as error:
        raise _invalid(field, "MALFORMED", str(error)) from None


def _json(field: str, value: bytes) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise _invalid(field, "MALFORMED", f"is not JSON: {error}") from None


def _check_version(field: str, version: object) -> None:
    if version != _VERSION:
        raise _invalid(field, "UNSUPPORTED", f"must be {_VERSION!r}")


def _media_type(content: str) -> str:
    return content.partition(";")[0].strip().lower()


def _invalid(field: str, reason: str, description: str) -> InvalidInput:
    return InvalidInput(FieldViolation(field, reason, description))
