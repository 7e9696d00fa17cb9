"""Given these facts, the ticket looks like this."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Classified,
    Fact,
    Merged,
    Opened,
    PriorityChanged,
    Reopened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.remarks import remarks
from opsledger.core.tickets.state import TicketState, fold

AGENT, REQUESTER = Actor(ActorKind.AGENT, "agent-7"), Actor(ActorKind.REQUESTER, "r-1")
MINUTE_US = 60_000_000


def at(minute: int, fact: Fact, actor: Actor = AGENT, sequence: int = 0) -> TicketFact:
    event_id = f"{minute}/{type(fact).__name__}/{sequence}"
    return TicketFact("acme", "voice", "zendesk", "1", event_id, minute * MINUTE_US, sequence, actor, fact)


def after(*facts: TicketFact) -> TicketState:
    state = fold(in_order(facts))
    assert state is not None
    return state


def test_no_facts_no_ticket() -> None:
    assert fold([]) is None


def test_it_opens_with_what_is_known() -> None:
    state = after(at(1, Opened(channel="email", priority="high", group="tier-1", tags=("vip",), attributes={"region": "emea"})))
    assert (state.opened_at_us, state.status, state.priority, state.group) == (MINUTE_US, Status.NEW, "high", "tier-1")
    assert (state.tags, dict(state.attributes)) == (("vip",), {"region": "emea"})


def test_without_its_opening_it_begins_with_its_first_fact() -> None:
    assert after(at(5, PriorityChanged("low")), at(3, Assigned(group="tier-1"))).opened_at_us == 3 * MINUTE_US


def test_its_first_opening_says_when_it_opened() -> None:
    assert after(at(3, Assigned(group="tier-1")), at(5, Opened()), at(9, Opened())).opened_at_us == 5 * MINUTE_US


@pytest.mark.parametrize(("groups", "transfers"), [
    (["a"], 0), (["a", "a"], 0), (["a", "b"], 1), (["a", "b", "a"], 2), (["a", "", "b"], 1), (["a", "", "a"], 0), (["", "a"], 0),
])
def test_a_transfer_is_a_move_from_one_group_to_another(groups: list[str], transfers: int) -> None:
    assert after(at(0, Opened()), *(at(i + 1, Assigned(group=g)) for i, g in enumerate(groups))).transfers == transfers


def test_an_assignment_leaves_alone_what_it_does_not_name() -> None:
    state = after(at(0, Opened(group="a", agent="x")), at(1, Assigned(agent="")))
    assert (state.group, state.agent) == ("a", "")


def test_resolved_then_open_is_a_reopening() -> None:
    state = after(at(0, Opened()), at(1, StatusChanged(Status.RESOLVED)), at(2, StatusChanged(Status.OPEN)))
    assert (state.resolutions, state.reopenings, state.resolved_at_us) == (1, 1, None)


def test_resolved_then_closed_is_one_resolution_at_its_first_time() -> None:
    state = after(at(0, Opened()), at(1, StatusChanged(Status.RESOLVED)), at(9, StatusChanged(Status.CLOSED)))
    assert (state.resolutions, state.resolved_at_us) == (1, MINUTE_US)


def test_a_reopening_said_twice_counts_once() -> None:
    said_by_status_first = after(
        at(0, Opened()), at(1, StatusChanged(Status.RESOLVED)), at(2, StatusChanged(Status.OPEN)), at(3, Reopened()))
    said_explicitly_first = after(
        at(0, Opened()), at(1, StatusChanged(Status.RESOLVED)), at(2, Reopened()), at(2, StatusChanged(Status.OPEN)))
    assert said_by_status_first.reopenings == said_explicitly_first.reopenings == 1


def test_a_source_may_say_reopened_where_its_log_lacks_the_resolution() -> None:
    assert after(at(0, Opened()), at(1, Reopened()), at(2, Reopened())).reopenings == 2


def test_only_public_replies_count_and_by_whom() -> None:
    state = after(at(0, Opened()), at(1, Replied(public=True)), at(2, Replied(public=False)), at(3, Replied(public=True), REQUESTER))
    assert (state.public_replies, state.requester_replies) == (1, 1)


def test_attributes_are_merged_and_an_empty_value_removes_one() -> None:
    state = after(at(0, Opened(attributes={"a": "1", "b": "2"})), at(1, Classified(attributes={"b": "", "c": "3"})))
    assert dict(state.attributes) == {"a": "1", "c": "3"}


def test_merged_is_done() -> None:
    assert after(at(0, Opened()), at(1, Merged("2"))).is_done


FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.just(Opened()), st.just(Reopened()), st.sampled_from(Status).map(StatusChanged), st.sampled_from("abc").map(PriorityChanged),
    st.sampled_from(["", "a", "b"]).map(lambda g: Assigned(group=g)), st.booleans().map(Replied),
)


@given(st.lists(st.tuples(st.integers(0, 3), FACTS, st.integers(0, 2)), min_size=1, max_size=12).flatmap(
    lambda rows: st.tuples(st.just(rows), st.permutations(range(len(rows))))))
def test_any_order_of_arrival_ends_in_the_same_ticket(case: tuple[list[tuple[int, Fact, int]], list[int]]) -> None:
    rows, arrival = case
    facts = [
        TicketFact("t", "p", "s", "1", str(i), minute * MINUTE_US, sequence, AGENT, fact) for i, (minute, fact, sequence) in enumerate(rows)
    ]
    assert after(*facts) == after(*(facts[i] for i in arrival))


class TestAnOpeningThatIsNotFirst:
    """The source's clocks differ, or it cuts fractions of a second off some facts: the opening comes after what followed it."""

    def test_it_wipes_nothing_that_it_leaves_unset(self) -> None:
        classified = Classified("billing", ("vip",), {"region": "emea"})
        known = at(1, Assigned(group="desk", agent="ann")), at(1, classified), at(1, PriorityChanged("p1"))
        state = after(*known, at(2, Opened(channel="mail", requester_id="c")))
        assert (state.group, state.agent, state.category, state.priority) == ("desk", "ann", "billing", "p1")
        assert (state.tags, dict(state.attributes)) == (("vip",), {"region": "emea"})
        assert (state.channel, state.requester_id, state.opened_at_us, state.late_openings) == ("mail", "c", 2 * MINUTE_US, 1)

    def test_it_fills_in_what_is_not_known_yet_for_it_is_about_the_beginning(self) -> None:
        late = Opened(priority="p2", group="intake", agent="bob", attributes={"region": "apac", "line": "3"})
        state = after(at(1, Assigned(group="desk")), at(1, Classified(attributes={"region": "emea"})), at(2, late))
        assert (state.group, state.agent, state.priority, state.transfers) == ("desk", "bob", "p2", 0)
        assert dict(state.attributes) == {"region": "emea", "line": "3"}

    def test_a_second_one_says_what_has_become_of_the_ticket(self) -> None:
        state = after(at(1, Opened(group="desk", agent="ann")), at(2, Opened(group="tier 2", priority="p1")))
        assert (state.group, state.agent, state.priority) == ("tier 2", "ann", "p1")

    @pytest.mark.parametrize("status", [Status.NEW, Status.OPEN, Status.PENDING])
    def test_it_reopens_nothing(self, status: Status) -> None:
        state = after(at(1, StatusChanged(Status.RESOLVED)), at(2, Opened(status=status)))
        assert (state.status, state.resolved_at_us, state.reopenings) == (Status.RESOLVED, MINUTE_US, 0)

    def test_the_status_that_it_names_counts_where_none_is_known(self) -> None:
        assert after(at(1, StatusChanged(Status.PENDING)), at(2, Opened(status=Status.ON_HOLD))).status is Status.PENDING
        assert after(at(1, Assigned(group="desk")), at(2, Opened(status=Status.ON_HOLD))).status is Status.ON_HOLD

    def test_a_second_opening_is_late_too(self) -> None:
        state = after(at(1, Opened(group="desk")), at(2, StatusChanged(Status.RESOLVED)), at(3, Opened()))
        assert (state.group, state.status, state.opened_at_us, state.late_openings) == ("desk", Status.RESOLVED, MINUTE_US, 1)

    def test_whoever_looks_is_told(self) -> None:
        facts = in_order([at(1, Assigned(group="desk")), at(2, Opened()), at(3, Opened())])
        assert [(remark.fact.occurred_at_us // MINUTE_US, remark.text.split(":")[0]) for remark in remarks(facts)] == [
            (2, "opened after other facts"), (3, "opened again"),
        ]
        assert list(remarks(facts[1:2])) == []
