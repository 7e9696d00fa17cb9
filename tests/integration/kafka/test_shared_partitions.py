"""Several nodes, each a process of its own, share the partitions of one topic; any of them takes any request."""
from __future__ import annotations

import json
import signal
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest

from opsledger.core.errors import RequestIdReused, VersionConflict
from opsledger.core.tickets.facts import PriorityChanged
from opsledger.proto.quality.v1 import evaluations_pb2 as evaluations
from opsledger.services.client import Client
from opsledger.services.cluster.group import members, remove
from opsledger.services.journal.kafka.journal import KafkaJournal
from tests.kit.evaluating import sheet
from tests.kit.events import event
from tests.kit.nodes import Nodes, await_owners, client, owners, record
from tests.kit.processes import PATIENCE_S, opsledger
from tests.kit.quality import FORM_DOCUMENT, SIXTY

TICKETS = [f"T{number}" for number in range(40)]


@pytest.fixture
def nodes(tmp_path: Path) -> Nodes:
    return Nodes(tmp_path)


def test_two_nodes_share_the_partitions_and_each_takes_every_write(nodes: Nodes) -> None:
    with nodes.node("a") as a:
        first = record(a, TICKETS)
        assert owners(a) == dict.fromkeys(range(4), "a")
        with nodes.node("b") as b:
            more = record(b, [f"late {ticket}" for ticket in TICKETS])  # while partitions go from one node to the other
            await_owners(a, "a", "b")
            assert record(b, first) | record(a, more) == first | more
            assert len(set((first | more).values())) == 80
            assert await_owners(b, "a", "b") == owners(a)
            shown = opsledger("cluster", "status", "--server", b.address, "--json")
            assert shown.returncode == 0, shown.stderr
            status = json.loads(shown.stdout)
            assert (status["node"], [node["node"] for node in status["nodes"]]) == ("b", ["a", "b"])
            assert {node["address"] for node in status["nodes"]} == {a.address, b.address}
            table = opsledger("cluster", "status", "--server", a.address)
            assert (table.returncode, "as a sees it" in table.stdout) == (0, True)
            assert (a.end(signal.SIGTERM), b.end(signal.SIGTERM)) == (0, 0)
    for partition in range(4):
        assert nodes.head("a", partition) == nodes.head("b", partition)


def test_what_was_recorded_through_one_node_is_compared_with_at_another_one(nodes: Nodes) -> None:
    with nodes.node("a") as a, nodes.node("b") as b:
        await_owners(a, "a", "b")
        with client(a) as one, client(b) as other:
            for number in range(20):  # of each, the second comes at once: what the first recorded may not be there yet
                first = event(f"e{number}", ticket_id=f"T{number}")
                later = event(f"e{number}", ticket_id=f"T{number}", fact=PriorityChanged("low"))
                [recorded] = one.recorder.record([first])
                outcomes = other.recorder.record([first, later])
                assert [(each.position, each.duplicate, each.differs) for each in outcomes] == [
                    (recorded.position, True, False), (recorded.position, True, True)]
            plan = {"request_id": "plan", "program": "desk", "agent": "bob"}
            planned = one.coaching.PlanSession(**plan).session
            assert other.coaching.PlanSession(**plan).session == planned
            with pytest.raises(RequestIdReused):
                other.coaching.PlanSession(**plan, agenda=["greeting"])
            assert other.coaching.PlanSession(**plan, actor="max").session.id != planned.id


def test_what_is_decided_through_one_node_is_known_to_the_next_command_through_another(tmp_path: Path, postgres_url: str) -> None:
    nodes = Nodes(tmp_path, database=postgres_url)
    with nodes.node("a") as a, nodes.node("b") as b:
        await_owners(a, "a", "b")
        with client(a) as one, client(b) as other:
            one.recorder.record([event("e1", ticket_id="T1")])
            for turn, (here, there) in enumerate(((one, other), (other, one))):
                document = FORM_DOCUMENT | {"form": f"calls {turn}"}
                form = here.forms.PublishForm(document_json=json.dumps(document)).form
                started = _start(there, form.form)
                with pytest.raises(VersionConflict):
                    here.evaluations.SaveDraft(id=started.id, etag="7", sheet=sheet(**SIXTY))
                submit = {"id": started.id, "request_id": f"submit {turn}", "sheet": sheet(**SIXTY)}
                submitted = here.evaluations.SubmitEvaluation(**submit).evaluation
                assert submitted.etag != started.etag
                assert there.evaluations.SubmitEvaluation(**submit).evaluation == submitted
                assert submitted.id in {each.id for each in there.evaluations.ListEvaluations().evaluations}


def _start(calls: Client, form: str) -> evaluations.Evaluation:
    ticket = evaluations.TicketSubject(source="zendesk", ticket_id="T1")
    return calls.evaluations.StartEvaluation(
        form=form, program="desk", agent="bob", analyst="sue", subject=evaluations.EvaluationSubject(ticket=ticket)).evaluation


def test_the_partitions_of_a_killed_node_are_taken_over(nodes: Nodes) -> None:
    with nodes.node("a") as a:
        with nodes.node("b") as b:
            await_owners(a, "a", "b")
            recorded = record(b, TICKETS)
            b.end(signal.SIGKILL)
        await_owners(a, "a")
        assert record(a, TICKETS) == recorded
        with nodes.node("b") as again:
            await_owners(a, "a", "b")
            assert record(again, TICKETS) == recorded


def test_a_rolling_restart_fails_no_write(nodes: Nodes) -> None:
    """A node that is told to stop hands its partitions over before it ends."""
    with ExitStack() as running, nodes.node("a") as a, nodes.node("b") as b:
        await_owners(a, "a", "b")
        writer = Writer(client(a, b, attempts_max=2))
        writer.start()
        for name in "ab":
            ended = {"a": a, "b": b}[name]
            writer.wait_for_more()
            assert ended.end(signal.SIGTERM) == 0
            writer.wait_for_more()
            again = running.enter_context(nodes.node(name, "--listen", ended.address))
            a, b = (again, b) if name == "a" else (a, again)
            await_owners(a, "a", "b")
        recorded = writer.finish()
        assert record(a, recorded) == recorded
        assert len(set(recorded.values())) == len(recorded)


def test_nodes_that_are_stopped_together_do_not_wait_for_each_other(nodes: Nodes) -> None:
    with nodes.config.open("a") as config:
        config.write("drain_s: 600\n")  # longer than anybody has the patience for
    with nodes.node("a") as a, nodes.node("b") as b:
        await_owners(a, "a", "b")
        a.process.send_signal(signal.SIGTERM)
        assert (b.end(signal.SIGTERM), a.process.wait(PATIENCE_S)) == (0, 0)


class Writer(Thread):
    """Records events until it is told to stop; every one must be acknowledged."""

    def __init__(self, calls: Client) -> None:
        super().__init__(daemon=True)
        self._client, self._done, self._more = calls, Event(), Event()
        self.recorded: dict[str, int] = {}
        self.failed: Exception | None = None

    def run(self) -> None:
        try:
            for number in count():
                if self._done.is_set():
                    return
                ids = [f"{number}-{each}" for each in range(10)]
                results = self._client.recorder.record([event(one, ticket_id=one) for one in ids])
                self.recorded |= {one: result.position for one, result in zip(ids, results, strict=True)}
                self._more.set()
        except Exception as error:  # whatever it is, the test shows it
            self.failed = error
            self._more.set()

    def wait_for_more(self) -> None:
        self._more.clear()
        assert self.failed is None, self.failed
        assert self._more.wait(PATIENCE_S)
        assert self.failed is None, self.failed

    def finish(self) -> dict[str, int]:
        self._done.set()
        self.join(PATIENCE_S)
        assert self.failed is None, self.failed
        return self.recorded


def test_a_frozen_node_that_wakes_up_hands_on_what_it_is_sent(nodes: Nodes) -> None:
    with nodes.node("a") as a, nodes.node("b") as b:
        await_owners(a, "a", "b")
        a.process.send_signal(signal.SIGSTOP)
        await_owners(b, "b")
        recorded = record(b, TICKETS)
        a.process.send_signal(signal.SIGCONT)
        assert record(a, TICKETS) == recorded
        await_owners(b, "a", "b")
        assert record(a, TICKETS) == recorded


def test_a_claim_by_somebody_to_whom_the_group_gave_nothing_is_taken_back(nodes: Nodes) -> None:
    with nodes.node("a") as a:
        recorded = record(a, TICKETS)
        with KafkaJournal(nodes.folder / "stale", nodes.link, node="stale", address="127.0.0.1:1", partition=2) as stale:
            assert stale.wait_owner(False, PATIENCE_S)
            await_owners(a, "a")
            assert record(a, TICKETS) == recorded


def test_a_member_that_the_group_has_forgotten_joins_again(nodes: Nodes) -> None:
    with nodes.node("a") as a, nodes.node("b") as b:
        await_owners(a, "a", "b")
        remove(nodes.link, "a")
        recorded = record(b, TICKETS)
        await_owners(b, "a", "b")
        assert [member.node for member in members(nodes.link)] == ["a", "b"]
        assert record(a, TICKETS) == recorded


def test_of_two_processes_with_one_name_the_first_ends(nodes: Nodes) -> None:
    with nodes.node("a") as a:
        recorded = record(a, TICKETS)
        own = nodes.folder / "twin"
        own.mkdir()
        with nodes.node("a", "--journal", str(own / "journal"), "--database", f"sqlite:///{own}/opsledger.db") as twin:
            assert a.process.wait(PATIENCE_S) == 1
            assert "another process" in a.log.read_text()
            await_owners(twin, "a")
            assert record(twin, TICKETS) == recorded
