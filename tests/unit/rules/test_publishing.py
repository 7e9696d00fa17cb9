"""Publishing rules: given what was published, when a request comes, then this is decided."""
from __future__ import annotations

import json

import pytest

from opsledger.core.errors import InvalidInput, InvalidRules, NotFound, RequestIdReused
from opsledger.proto.sla.v1.rules_pb2 import GetRulesRequest, PublishRulesRequest
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.projections.rule_books import effective_from_us
from opsledger.services.rules.registry import RuleRegistry
from opsledger.services.tickets.codec import timestamp
from tests.kit.read_models import RULES, START_US, STRICTER

HOUR_US = 3_600_000_000


class At:
    """A clock that stands where it is put."""

    us = START_US

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def now() -> At:
    return At()


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def registry(journal: MemoryJournal, now: At) -> RuleRegistry:
    return RuleRegistry(journal, now)


def request(request_id: str, document: object = RULES, *, program: str = "desk", from_us: int | None = None) -> PublishRulesRequest:
    message = PublishRulesRequest(request_id=request_id, tenant="acme", program=program, document_json=json.dumps(document))
    if from_us is not None:
        message.effective_from.CopyFrom(timestamp(from_us))
    return message


def test_the_first_version_holds_from_the_beginning_and_a_later_one_from_its_publication(registry: RuleRegistry, now: At) -> None:
    first = registry.PublishRules(request("r1"), "mia").rules
    assert (first.version, first.HasField("effective_from"), first.published_by) == (1, False, "mia")
    now.us += HOUR_US
    second = registry.PublishRules(request("r2", STRICTER)).rules
    assert (second.version, effective_from_us(second)) == (2, START_US + HOUR_US)


def test_a_repeated_request_gets_the_first_answer_whatever_happened_since(registry: RuleRegistry, journal: MemoryJournal) -> None:
    first = registry.PublishRules(request("r1"))
    same = registry.PublishRules(request("r2"))
    registry.PublishRules(request("r3", STRICTER))
    before = journal.position
    assert registry.PublishRules(request("r1")) == first
    assert registry.PublishRules(request("r2")) == same
    assert journal.position == before


@pytest.mark.parametrize("other", [request("r1", STRICTER), request("r1", from_us=START_US), request("r1", program="vip")])
def test_a_request_id_with_other_content_is_refused(registry: RuleRegistry, journal: MemoryJournal, other: PublishRulesRequest) -> None:
    registry.PublishRules(request("r1"), "mia")
    before = journal.position
    with pytest.raises(RequestIdReused) as caught:
        registry.PublishRules(other, "mia")
    assert (caught.value.request_id, caught.value.position, journal.position) == ("r1", 1, before)
    assert registry.PublishRules(other, "max").position == before + 1, "another person's request ids are their own"


def test_the_same_rules_again_are_no_new_version(registry: RuleRegistry) -> None:
    registry.PublishRules(request("r1"))
    again = registry.PublishRules(request("r2", dict(reversed(RULES.items()))))
    assert again.rules.version == 1
    assert registry.PublishRules(request("r3", STRICTER)).rules.version == 2
    assert registry.PublishRules(request("r4")).rules.version == 3
    assert registry.PublishRules(request("r5", from_us=START_US - HOUR_US)).rules.version == 4


def test_programs_do_not_mix(registry: RuleRegistry) -> None:
    registry.PublishRules(request("r1"))
    assert registry.PublishRules(request("r2", program="vip")).rules.version == 1


def test_the_version_in_force_is_the_last_that_has_begun(registry: RuleRegistry) -> None:
    registry.PublishRules(request("r1", from_us=START_US))
    registry.PublishRules(request("r2", STRICTER, from_us=START_US + 2 * HOUR_US))
    registry.PublishRules(request("r3", from_us=START_US + HOUR_US))

    def at(hours: int) -> int:
        return registry.GetRules(GetRulesRequest(tenant="acme", program="desk", at=timestamp(START_US + hours * HOUR_US))).rules.version

    assert [at(0), at(1), at(2), at(9)] == [1, 3, 2, 2]
    assert registry.GetRules(GetRulesRequest(tenant="acme", program="desk", version=3)).rules.request_id == "r3"
    for missing in (at, lambda _: registry.GetRules(GetRulesRequest(tenant="acme", program="desk", version=4))):
        with pytest.raises(NotFound):
            missing(-1)


@pytest.mark.parametrize(("wrong", "field"), [
    (request(""), "request_id"),
    (request("r", program=""), "program"),
    (request("r", from_us=-5), "effective_from"),
])
def test_a_request_that_lacks_something_names_the_field(registry: RuleRegistry, wrong: PublishRulesRequest, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        registry.PublishRules(wrong)
    assert caught.value.violations[0].field == field


@pytest.mark.parametrize(("document", "field"), [
    ({**RULES, "time_zone": "Mars/Base"}, "time_zone"),
    ({**RULES, "program": "vip"}, "program"),
    ([], "document_json"),
])
def test_wrong_rules_name_the_field_and_leave_the_journal_as_it_was(
    registry: RuleRegistry, journal: MemoryJournal, document: object, field: str
) -> None:
    with pytest.raises(InvalidRules) as caught:
        registry.PublishRules(request("r", document))
    assert caught.value.violations[0].field == field
    assert journal.position == 0
