"""Scorecards from real databases, against the rules walked naively and against themselves."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

import pytest
from sqlalchemy import Engine

from opsledger.core.errors import InvalidInput, InvalidPageToken, NotFound
from opsledger.core.scorecards.kpis import KPIS, Sort
from opsledger.core.scorecards.periods import PeriodKind
from opsledger.core.scorecards.scorecard import Figure, Scorecard
from opsledger.core.scorecards.statistics import Reason
from opsledger.core.scorecards.subjects import Subject, SubjectKind
from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.rules import RuleBook, parse_rules
from opsledger.core.tickets.facts import Replied
from opsledger.core.tickets.order import in_order
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from opsledger.services.scorecards.queries import Program
from opsledger.services.scorecards.reports import Reports
from tests.kit.floor import MONDAY_US, floor
from tests.kit.read_models import record, rules_event
from tests.kit.scorecard_oracle import Row, expected_rows

DAY_US = 86_400_000_000
NOW_US = MONDAY_US + 365 * DAY_US
DESK, BARE = Program("acme", "desk"), Program("acme", "bare")
ZONED = {
    "time_zone": "America/New_York", "week_starts": "sun",
    "policies": [{"name": "all", "calendar": "always", "reopen": "restart", "targets": {"first_reply": "8h", "resolution": "20h"}}],
}
FACTS, BARE_FACTS = floor(220), floor(30, seed=2, program="bare")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Read models of two programs, one with rules and one without."""
    journal = MemoryJournal()
    record(journal, [rules_event(1, ZONED), *FACTS, *BARE_FACTS])
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('scorecards')}/read-models.db"
    else:
        server = request.getfixturevalue("postgres_server")
        server.psql("CREATE DATABASE scorecards")
        url = server.get_uri(database="scorecards")
    found = open_database(url)
    Projector(Numbered(journal), found).catch_up()
    yield found
    found.dispose()


@pytest.fixture
def reports(engine: Engine) -> Reports:
    return Reports(engine, lambda: NOW_US)


def expected() -> list[Row]:
    """Every row of the program with rules. The clocks have an oracle of their own; their groups are not known here."""
    book = RuleBook([(0, 1, parse_rules(ZONED))])
    by_ticket = defaultdict(list)
    for fact in FACTS:
        by_ticket[fact.ticket].append(fact)
    rows = expected_rows(FACTS)
    for facts in by_ticket.values():
        for clock in run_clocks(in_order(facts), book):
            if clock.state in ("met", "breached"):
                assert clock.ended_at_us is not None
                rows.append(Row(f"sla_met.{clock.metric}", clock.ended_at_us, clock.agent, "", clock.state == "met"))
                if clock.metric == "resolution" or isinstance(clock.ended_by and clock.ended_by.fact, Replied):
                    rows.append(Row(f"{clock.metric}_business_time", clock.ended_at_us, clock.agent, "", clock.elapsed_us / 1e6))
    return rows


def figures(card: Scorecard) -> dict[str, tuple[float, int]]:
    """Sum and number of cases of the KPIs that have any rows of their own."""
    found = {line.figure.kpi.name: line.figure for line in card.lines if not line.figure.kpi.of}
    return {name: _parts(figure) for name, figure in found.items() if figure.cases}


def _parts(figure: Figure) -> tuple[float, int]:
    return round(figure.numerator, 6), figure.cases


def summed(rows: list[Row]) -> dict[str, tuple[float, int]]:
    found: dict[str, tuple[float, int]] = {}
    for row in rows:
        total, cases = found.get(row.kpi, (0.0, 0))
        found[row.kpi] = (round(total + row.counted, 6), cases + 1)
    return found


def test_every_figure_is_what_the_rules_say(reports: Reports) -> None:
    rows = expected()
    for kind, label in ((PeriodKind.WEEK, "2026-W10"), (PeriodKind.MONTH, "2026-03"), (PeriodKind.DAY, "2026-03-08")):
        program = reports.scorecard(DESK, Subject(SubjectKind.PROGRAM, "desk"), kind, label)
        within = [row for row in rows if program.period.start_us <= row.at_us < program.period.end_us]
        assert within, label
        assert figures(program.scorecards[0]) == summed(within)
        agents = reports.scorecards(DESK, SubjectKind.AGENT, kind, label).scorecards
        assert {card.subject.name: figures(card) for card in agents} == {
            name: summed([row for row in within if row.agent == name]) for name in {row.agent for row in within}
        }
        others = [row for row in within if not _of_a_clock(row.kpi)]
        for card in reports.scorecards(DESK, SubjectKind.GROUP, kind, label).scorecards:
            found = {kpi: parts for kpi, parts in figures(card).items() if not _of_a_clock(kpi)}
            assert found == summed([row for row in others if row.group == card.subject.name])


def _of_a_clock(kpi: str) -> bool:
    return kpi.startswith("sla_met") or kpi.endswith("_business_time")


def test_a_median_is_the_middle_one_of_the_cases_of_its_mean(reports: Reports) -> None:
    card = reports.scorecard(DESK, Subject(SubjectKind.PROGRAM, "desk"), PeriodKind.MONTH, "2026-03").scorecards[0]
    medians = [line.figure for line in card.lines if line.figure.kpi.of]
    assert len(medians) == 4
    for figure in medians:
        values = [row.counted for row in expected() if row.kpi == figure.kpi.of and card.period.start_us <= row.at_us < card.period.end_us]
        assert figure.value == pytest.approx(median(values))
        assert figure.interval is not None
        assert figure.interval.low in map(pytest.approx, values)
        assert figure.interval.low <= figure.value <= figure.interval.high
        shown = reports.cases(DESK, card.subject, PeriodKind.MONTH, "2026-03", figure.kpi.name, size=1000).cases
        assert sorted(case.value for case in shown) == pytest.approx(sorted(values))


@pytest.mark.parametrize("by", [SubjectKind.AGENT, SubjectKind.GROUP])
def test_the_parts_add_up_to_the_program_and_the_days_to_the_week(reports: Reports, by: SubjectKind) -> None:
    week = reports.scorecard(DESK, Subject(SubjectKind.PROGRAM, "desk"), PeriodKind.WEEK, "2026-W11")
    whole = figures(week.scorecards[0])
    assert whole == _added([figures(card) for card in reports.scorecards(DESK, by, PeriodKind.WEEK, "2026-W11").scorecards])
    days = [f"2026-03-{day}" for day in range(15, 22)]
    assert whole == _added([
        figures(reports.scorecard(DESK, Subject(SubjectKind.PROGRAM, "desk"), PeriodKind.DAY, day).scorecards[0]) for day in days
    ])
    range_ = reports.scorecard(DESK, Subject(SubjectKind.PROGRAM, "desk"), PeriodKind.RANGE, f"{days[0]}..{days[-1]}")
    assert figures(range_.scorecards[0]) == whole


def _added(parts: list[dict[str, tuple[float, int]]]) -> dict[str, tuple[float, int]]:
    found: dict[str, tuple[float, int]] = {}
    for part in parts:
        for kpi, (total, cases) in part.items():
            before = found.get(kpi, (0.0, 0))
            found[kpi] = (round(before[0] + total, 6), before[1] + cases)
    return found


def test_the_period_before_is_beside_it(reports: Reports) -> None:
    ann = Subject(SubjectKind.AGENT, "ann")
    week, before = (reports.scorecard(DESK, ann, PeriodKind.WEEK, label).scorecards[0] for label in ("2026-W12", "2026-W11"))
    assert [line.trend.before for line in week.lines] == [line.figure for line in before.lines]


def test_behind_every_figure_stand_its_cases(reports: Reports) -> None:
    ann = Subject(SubjectKind.AGENT, "ann")
    card = reports.scorecard(DESK, ann, PeriodKind.MONTH, "2026-03").scorecards[0]
    for line in card.lines:
        found = reports.cases(DESK, ann, PeriodKind.MONTH, "2026-03", line.figure.kpi.name).cases
        assert len(found) == line.figure.cases
        if line.figure.kpi.sort is not Sort.COUNT:
            assert sum(case.value for case in found) == pytest.approx(line.figure.numerator)
        assert {case.agent for case in found} <= {"ann"}


def test_cases_come_in_pages_oldest_first(reports: Reports) -> None:
    program = Subject(SubjectKind.PROGRAM, "desk")
    whole = reports.cases(DESK, program, PeriodKind.MONTH, "2026-03", size=1000).cases
    paged, token = [], ""
    while True:
        page = reports.cases(DESK, program, PeriodKind.MONTH, "2026-03", size=37, token=token)
        paged += page.cases
        token = page.next_page_token
        if not token:
            break
        assert len(page.cases) == 37
    assert paged[:len(whole)] == whole
    assert [case.at_us for case in paged] == sorted(case.at_us for case in paged)
    assert len({(case.ticket_id, case.kpi, case.ordinal) for case in paged}) == len(paged)


@pytest.mark.parametrize("order_by", ["name", "name desc", "csat", "csat desc", "handle_time", "nps desc", "tickets_resolved desc"])
def test_scorecards_come_in_pages_of_one_order(reports: Reports, order_by: str) -> None:
    everyone = reports.scorecards(DESK, SubjectKind.AGENT, PeriodKind.DAY, "2026-03-09", order_by=order_by)
    assert everyone.total == len(everyone.scorecards) > 3
    paged, token = [], ""
    while True:
        page = reports.scorecards(DESK, SubjectKind.AGENT, PeriodKind.DAY, "2026-03-09", order_by=order_by, size=2, token=token)
        paged += page.scorecards
        token = page.next_page_token
        if not token:
            break
    assert tuple(paged) == everyone.scorecards
    word, _, way = order_by.partition(" ")
    if word == "name":
        names = [card.subject.name for card in paged]
        assert names == sorted(names, reverse=way == "desc")
    else:
        figures = [card.lines[list(KPIS).index(word)].figure for card in paged]
        ranked = [each.value for each in figures if each.interval or each.reason is Reason.EXACT]
        behind = [each.value for each in figures[len(ranked):]]
        assert [each.value for each in figures[:len(ranked)]] == sorted(ranked, reverse=way == "desc")
        assert behind == sorted(behind, key=lambda value: value is None), "who has no value comes last"


def test_a_page_token_holds_for_its_query_only(reports: Reports) -> None:
    token = reports.scorecards(DESK, SubjectKind.AGENT, PeriodKind.MONTH, "2026-03", size=1).next_page_token
    for label, wrong in (("2026-04", token), ("2026-03", "nonsense"), ("2026-03", token[:-4]), ("2026-03", "e30")):
        with pytest.raises(InvalidPageToken):
            reports.scorecards(DESK, SubjectKind.AGENT, PeriodKind.MONTH, label, size=1, token=wrong)


def test_a_program_without_rules_counts_by_utc(reports: Reports) -> None:
    bare = reports.scorecard(BARE, Subject(SubjectKind.PROGRAM, "bare"), PeriodKind.MONTH, "2026-03")
    assert (bare.time.almanac.zone.key, bare.time.rules_version) == ("UTC", 0)
    desk = reports.scorecard(DESK, Subject(SubjectKind.PROGRAM, "desk"), PeriodKind.MONTH, "2026-03")
    assert (desk.time.almanac.zone.key, desk.time.rules_version) == ("America/New_York", 1)


def test_the_default_is_the_last_complete_period_with_data(engine: Engine, reports: Reports) -> None:
    program = Subject(SubjectKind.PROGRAM, "desk")
    last_us = max(row.at_us for row in expected())
    late = reports.scorecard(DESK, program, PeriodKind.WEEK)
    assert late.period.start_us <= last_us < late.period.end_us
    at_once = Reports(engine, lambda: last_us + 1)  # while that week is not over
    assert at_once.scorecard(DESK, program, PeriodKind.WEEK).period == late.before


def test_what_is_not_there_is_named(reports: Reports) -> None:
    program = Subject(SubjectKind.PROGRAM, "desk")
    with pytest.raises(NotFound, match="no program 'nowhere of acme'"):
        reports.scorecard(Program("acme", "nowhere"), program, PeriodKind.WEEK)
    for wrong in ({"confidence": 1.0}, {"label": "2026-W99"}):
        with pytest.raises(InvalidInput):
            reports.scorecard(DESK, program, PeriodKind.WEEK, **wrong)  # type: ignore[arg-type]  # one of either type
    with pytest.raises(InvalidInput, match="order_by"):
        reports.scorecards(DESK, SubjectKind.AGENT, PeriodKind.WEEK, order_by="merit")
    with pytest.raises(InvalidInput, match="kpi"):
        reports.cases(DESK, program, PeriodKind.WEEK, kpi="merit")
    nobody = reports.scorecard(DESK, Subject(SubjectKind.AGENT, "nobody by that name"), PeriodKind.WEEK).scorecards[0]
    assert all(line.figure.cases == 0 for line in nobody.lines)


def test_programs_are_listed(reports: Reports) -> None:
    assert reports.programs() == [BARE, DESK]
