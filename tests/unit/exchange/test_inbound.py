"""What a record of the inbound topic may look like, by the CloudEvents 1.0 Kafka binding and JSON format."""
from __future__ import annotations

import base64
import json

import pytest
from google.protobuf.json_format import MessageToDict

from opsledger.core.errors import InvalidInput
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.exchange.inbound import event_bytes
from tests.kit.events import event

EVENT = event("e1")
DATA = EVENT.SerializeToString()
OBJECT = MessageToDict(EVENT)
CE = [("ce_specversion", b"1.0"), ("ce_id", b"e1"), ("ce_source", b"/zendesk"), ("ce_type", b"ticket.opened")]
ENVELOPE = {"specversion": "1.0", "id": "e1", "source": "/zendesk", "type": "ticket.opened"}


def content(kind: str) -> list[tuple[str, bytes]]:
    return [("content-type", kind.encode())]


def structured(**more: object) -> bytes:
    return json.dumps(ENVELOPE | more).encode()


@pytest.mark.parametrize("headers", [
    None, [], content("application/protobuf"), content("application/x-protobuf"), [*CE, *content("application/protobuf")], CE,
])
def test_protobuf_passes_through_to_the_byte(headers: list[tuple[str, bytes]] | None) -> None:
    of_a_later_version = DATA + b"\xa2\x3f\x03new"

    assert event_bytes(headers, of_a_later_version) == of_a_later_version


@pytest.mark.parametrize("headers", [
    content("application/json"), [*CE, ("Content-Type", b"Application/JSON; charset=utf-8")],
])
def test_json_becomes_the_message(headers: list[tuple[str, bytes]]) -> None:
    assert event_bytes(headers, json.dumps(OBJECT).encode()) == DATA


@pytest.mark.parametrize("value", [
    structured(data=OBJECT), structured(datacontenttype="application/json", data=OBJECT),
    structured(datacontenttype="application/protobuf", data_base64=base64.b64encode(DATA).decode()),
    structured(data_base64=base64.b64encode(DATA).decode()),
    structured(data_base64=base64.b64encode(json.dumps(OBJECT).encode()).decode()),
    structured(data_base64=base64.b64encode(json.dumps(OBJECT, indent=1).encode()).decode()),
    structured(datacontenttype="application/json", data_base64=base64.b64encode(json.dumps(OBJECT).encode()).decode()),
])
def test_a_structured_cloud_event_carries_either(value: bytes) -> None:
    assert event_bytes(content("application/cloudevents+json; charset=UTF-8"), value) == DATA


@pytest.mark.parametrize("value", [json.dumps(OBJECT).encode(), structured(data=OBJECT)])
def test_a_producer_that_cannot_set_headers_sends_json(value: bytes) -> None:
    assert event_bytes(None, value) == DATA


def test_equal_json_gives_equal_bytes() -> None:
    message = TicketEvent(event_id="e1")
    message.opened.attributes.update({"b": "2", "a": "1", "c": "3"})
    there = MessageToDict(message)
    back = there | {"opened": {"attributes": dict(reversed(there["opened"]["attributes"].items()))}}

    first, second = (event_bytes(content("application/json"), json.dumps(each).encode()) for each in (there, back))

    assert first == second


@pytest.mark.parametrize(("headers", "value", "field", "reason"), [
    ([], None, "value", "REQUIRED"),
    ([], b"{", "value", "MALFORMED"),
    ([], b"{}{", "value", "MALFORMED"),
    (content("text/csv"), b"1,2", "content-type", "UNSUPPORTED"),
    (content("application/json"), b"{", "value", "MALFORMED"),
    (content("application/json"), b"\xff", "value", "MALFORMED"),
    (content("application/json"), b'{"no_such_field": 1}', "value", "MALFORMED"),
    (content("application/json"), b"[" * 100_000, "value", "MALFORMED"),
    (content("application/json"), rb'{"event_id": "\ud800"}', "value", "MALFORMED"),
    ([("ce_specversion", b"0.3")], DATA, "ce_specversion", "UNSUPPORTED"),
    (content("application/cloudevents+json"), b"no", "value", "MALFORMED"),
    (content("application/cloudevents+json"), b"[]", "value", "MALFORMED"),
    (content("application/cloudevents+json"), b"{}", "specversion", "UNSUPPORTED"),
    (content("application/cloudevents+json"), structured(), "data", "REQUIRED"),
    (content("application/cloudevents+json"), structured(data="text"), "data", "REQUIRED"),
    (content("application/cloudevents+json"), structured(data={"no_such_field": 1}), "data", "MALFORMED"),
    (content("application/cloudevents+json"), structured(data_base64="?"), "data_base64", "MALFORMED"),
    (content("application/cloudevents+json"), structured(data_base64=7), "data_base64", "MALFORMED"),
    (content("application/cloudevents+json"), structured(datacontenttype=7, data={}), "datacontenttype", "MALFORMED"),
    (content("application/cloudevents+json"), structured(datacontenttype="application/protobuf", data=OBJECT),
     "datacontenttype", "UNSUPPORTED"),
])
def test_what_cannot_be_read_says_where_and_why(headers: list[tuple[str, bytes]], value: bytes | None, field: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        event_bytes(headers, value)

    [violation] = caught.value.violations
    assert (violation.field, violation.reason) == (field, reason)
