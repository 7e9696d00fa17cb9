"""What the demo does with its server, step by step, and shows in the terminal."""
from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC
from importlib.resources import as_file, files
from pathlib import Path
from shlex import quote
from shutil import which
from time import perf_counter, time_ns

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, track

from opsledger.core.errors import NotReady
from opsledger.core.sla.zones import local_time, zone
from opsledger.core.tickets.facts import Opened
from opsledger.proto.scorecards.v1 import scorecards_pb2
from opsledger.proto.sla.v1 import timers_pb2
from opsledger.services.cli.scorecard_tables import show_many, show_one
from opsledger.services.client import Client
from opsledger.services.demo.clients import CARDS, CLIENTS
from opsledger.services.demo.clockwork import DAY_US
from opsledger.services.demo.delivery import LATE, Delivery, deliver
from opsledger.services.demo.feed import Fed, feed
from opsledger.services.demo.floor import simulate
from opsledger.services.demo.quality import ANALYSTS, OF_EACH_AGENT, SUPERVISOR, Quality, disputable, weakest
from opsledger.services.demo.stage import Stage
from opsledger.services.demo.timers import candidates, draw_breach, states, timers_table
from opsledger.services.documents import as_json, read_document

KPIS_SHOWN = ["handle_time", "sla_met.first_reply", "sla_met.resolution", "csat"]
QUALITY_SHOWN = ["handle_time", "csat", "qa_score", "qa_pass_rate", "critical_accuracy.compliance", "disputes_upheld", "coaching_held"]
TIMERS_SHOWN = 4
"""Of each client."""
BREACHES_READ = 16
"""Of which the one with most to tell is shown."""
_VIEWS_WAIT_S = 600


class Tour:
    """Every step raises OpsledgerError when the server refuses it."""

    def __init__(self, console: Console, client: Client) -> None:
        self._console, self._client = console, client

    def publish_rules(self) -> None:
        """Each client's rules, which are shipped beside this module."""
        for client in CLIENTS:
            with as_file(files("opsledger.services.demo") / "rules" / f"{client.tenant}.yaml") as path:
                document = as_json(read_document(path))
            published = self._client.rules.PublishRules(
                request_id=f"demo rules of {client.tenant}", tenant=client.tenant, program=client.program, document_json=document)
            self._console.print(f"rules of [bold]{client.tenant}[/], {client.program}: version {published.rules.version}")

    def feed(self, deliveries: Sequence[Delivery]) -> Fed:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        started_s = perf_counter()
        with Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bars:
            task = bars.add_task("events over gRPC", total=len(deliveries))
            fed = feed(self._client, deliveries, lambda answered: bars.advance(task, answered))
        spent_s = perf_counter() - started_s
        self._console.print(
            f"[bold]{len(deliveries)}[/] events sent in {spent_s:.1f} s ({len(deliveries) / spent_s:,.0f}/s), each answered when it was "
            f"on disk: {fed.recorded} recorded, {fed.duplicates} duplicates, {fed.rejected.total()} rejected"
        )
        for reason, times in fed.rejected.most_common():
            self._console.print(f"  rejected {times} times: {reason}", style="yellow", highlight=False)
        return fed

    def await_views(self, position: int) -> None:
        """Until the read models have seen everything."""
        started_s = perf_counter()
        request = scorecards_pb2.GetScorecardRequest(tenant=CARDS.tenant, program=CARDS.program)
        with self._console.status("read models catch up"):
            while True:
                try:
                    self._client.scorecards.GetScorecard(request)
                    break
                except NotReady:
                    if perf_counter() - started_s > _VIEWS_WAIT_S:
                        raise
        self._console.print(f"read models at position {position} after {perf_counter() - started_s:.1f} s more")

    def show_timers(self) -> None:
        """Of every client: what is late and what is due next."""
        self._console.rule("Timers")
        for title, filter_, within_s in (
            ("Late and open", timers_pb2.TIMER_FILTER_BREACHED, 0), ("Due within four hours", timers_pb2.TIMER_FILTER_DUE_SOON, 4 * 3_600),
        ):
            shown: list[timers_pb2.Timer] = []
            total = 0
            for client in CLIENTS:
                request = timers_pb2.ListTimersRequest(tenant=client.tenant, filter=filter_, page_size=1_000)
                if within_s:
                    request.within.seconds = within_s
                answer = self._client.timers.ListTimers(request)
                open_timers = [timer for timer in answer.timers if not timer.HasField("ended_at")]
                total += len(open_timers)
                shown += open_timers[:TIMERS_SHOWN]
            self._console.print(timers_table(f"{title}: {total}", shown, answer.now.ToDatetime(UTC)))

    def explain_breach(self) -> None:
        """One breach, second by second."""
        self._console.rule("Breach, explained")
        breached: list[timers_pb2.Timer] = []
        for client in CLIENTS:
            request = timers_pb2.ListTimersRequest(tenant=client.tenant, filter=timers_pb2.TIMER_FILTER_BREACHED, page_size=1_000)
            breached += self._client.timers.ListTimers(request).timers
        if not breached:
            self._console.print("nothing was late")
            return
        explained = max((self._explained(timer) for timer in candidates(breached)[:BREACHES_READ]), key=states)
        zones = {client.tenant: client.time_zone for client in CLIENTS}
        draw_breach(self._console, explained, zone(zones[explained.timer.tenant]))

    def _explained(self, timer: timers_pb2.Timer) -> timers_pb2.ExplainedTimer:
        request = timers_pb2.ExplainTicketRequest(tenant=timer.tenant, source=timer.source, ticket_id=timer.ticket_id)
        clocks = self._client.timers.ExplainTicket(request).timers
        return next(clock for clock in clocks if (clock.timer.metric, clock.timer.cycle) == (timer.metric, timer.cycle))

    def assure_quality(self, seed: int, start_us: int, now_us: int) -> None:
        """Contacts are drawn and evaluated, one score is disputed, one agent is coached; then that agent's card."""
        self._console.rule(f"Quality: {CARDS.tenant}, {CARDS.program}")
        quality = Quality(self._client, seed)
        title, draw = quality.publish_form(), quality.draw(start_us, now_us)
        evaluating = track(
            quality.evaluate(draw), "evaluations", draw.drawn, console=self._console, transient=True,
            disable=not self._console.is_terminal,
        )
        judged = list(evaluating)
        self._console.print(
            f"form [bold]{title}[/]; {draw.drawn} of {draw.frame_size} contacts drawn, {OF_EACH_AGENT} of each agent by seed {draw.seed}, "
            f"and evaluated by {' and '.join(ANALYSTS)}"
        )
        if not judged:
            return
        if disputed := disputable(judged):
            after = quality.dispute(disputed)
            about = f"disputed a score of {disputed.score:.0%} and was right: it is {after.score:.0%} now"
            self._console.print(f"{after.evaluation.agent} {about}")
        coached = weakest(judged)
        item = quality.coach(coached, now_us)
        self._console.print(f"{SUPERVISOR} coached {item.agent}, who acknowledged it; agreed: {item.change!r}")
        self._show_coached(item.agent, local_date(start_us), local_date(now_us))

    def _show_coached(self, agent: str, first: str, last: str) -> None:
        card = self._client.scorecards.GetScorecard(
            tenant=CARDS.tenant, program=CARDS.program,
            subject=scorecards_pb2.Subject(kind=scorecards_pb2.SUBJECT_KIND_AGENT, name=agent),
            period=scorecards_pb2.PeriodName(kind=scorecards_pb2.PERIOD_KIND_RANGE, label=f"{first}..{last}"),
        ).scorecard
        show_one(only(card, QUALITY_SHOWN), QUALITY_SHOWN, self._console)

    def show_scorecards(self) -> None:
        self._console.rule(f"Scorecards: {CARDS.tenant}, {CARDS.program}")
        request = scorecards_pb2.ListScorecardsRequest(
            tenant=CARDS.tenant, program=CARDS.program, by=scorecards_pb2.SUBJECT_KIND_AGENT, order_by="sla_met.first_reply desc",
            page_size=8,
        )
        result = self._client.scorecards.ListScorecards(request)
        for card in result.scorecards:
            only(card, KPIS_SHOWN)
        show_many(result, KPIS_SHOWN, self._console)


def only(card: scorecards_pb2.Scorecard, kpis: Sequence[str]) -> scorecards_pb2.Scorecard:
    shown = [figure for figure in card.figures if figure.kpi in kpis]
    del card.figures[:]
    card.figures.extend(shown)
    return card


def local_date(at_us: int) -> str:
    return f"{local_time(at_us, zone(CARDS.time_zone)):%Y-%m-%d}"


def tour(console: Console, client: Client, server: Stage, seed: int, days: int, tickets: int) -> None:
    """All of it. Raises OpsledgerError when the server refuses a step."""
    console.rule("Opsledger demo")
    console.print(f"server on {server.address}; journal, read models and log in {server.folder}")
    now_us = time_ns() // 10**9 * 10**6
    start_us = now_us - days * DAY_US
    deliveries = deliver(seed, simulate(seed, start_us, days, tickets), now_us)
    opened = sum(isinstance(delivery.fact.fact, Opened) and delivery.kind == "first" for delivery in deliveries)
    console.print(
        f"floor of seed {seed}: {days} days, {len(CLIENTS)} clients, {opened} tickets; {LATE:.0%} of the events come late, some twice, "
        "a few broken"
    )
    step = Tour(console, client)
    step.publish_rules()
    fed = step.feed(deliveries)
    step.await_views(fed.position)
    step.show_timers()
    step.show_scorecards()
    step.explain_breach()
    step.assure_quality(seed, start_us, now_us)


def next_commands(console: Console, server: Stage, serving: bool) -> None:
    """What to type next: to the server while it is up, else to what it left."""
    console.rule("Try next, in another terminal" if serving else "Try next")
    journal = f"--journal {quote(str(server.folder / 'journal'))}"
    database = "--database " + quote(f"sqlite:///{server.folder / 'opsledger.db'}")
    source, rules_source = (f"--server {server.address}",) * 2 if serving else (database, journal)
    client = f"--tenant {CARDS.tenant} --program {CARDS.program}"
    name = command_name(sys.argv[0])
    for command, what in (
        (f"{name} scorecard {source} {client} --by group", "the same figures by group"),
        (f"{name} timers {source} {client} --due-within 4h", "what is due next; --breached: what is late"),
        (f"{name} coaching items {source} --tenant {CARDS.tenant}", "what was agreed in coaching"),
        (f"{name} rules show {rules_source} {client}", "the rules in force"),
        (f"{name} journal stat {journal}", "what is in the journal"),
        (f"{name} journal verify {journal}", "every byte of it, proven"),
    ):
        console.print(f"  [bold]{command}[/]\n    {what}", soft_wrap=True, highlight=False)


def command_name(called: str) -> str:
    """What to type for this program, which was called as ``called``: its name where the shell finds it, else the path that worked."""
    found = which("opsledger")
    if Path(called).name != "opsledger" or (found is not None and Path(found).resolve() == Path(called).resolve()):
        return "opsledger"
    return quote(called)
