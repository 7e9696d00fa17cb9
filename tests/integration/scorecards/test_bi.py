"""The queries of docs/bi.md, run as they stand there, give the figures of the scorecard: in both databases, over a change of the clocks."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from opsledger.core.scorecards.kpis import KPIS
from opsledger.core.scorecards.periods import PeriodKind
from opsledger.core.scorecards.scorecard import Figure
from opsledger.core.scorecards.subjects import Subject, SubjectKind
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.rebuild import check
from opsledger.services.projections.runner import Projector
from opsledger.services.projections.table_sets import MODEL_TABLES
from opsledger.services.projections.tables import positions
from opsledger.services.projections.views import definitions
from opsledger.services.scorecards.queries import Program
from opsledger.services.scorecards.reports import Reports
from tests.kit.floor import MONDAY_US, floor
from tests.kit.read_models import opened, record, rules_event

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "bi.md").read_text()
QUERIES = dict(re.findall(r"^([A-Z][^\n]*):\n\n```sql\n(.*?);\n```$", PAGE, re.MULTILINE | re.DOTALL))
DESK = Program("acme", "desk")
ZONED = {
    "time_zone": "America/New_York", "week_starts": "sun",  # its clocks go forward on 8 March 2026
    "policies": [{"name": "all", "calendar": "always", "reopen": "restart", "targets": {"first_reply": "8h", "resolution": "20h"}}],
}
MONTH = "2026-03"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    journal = MemoryJournal()
    elsewhere = {**ZONED, "time_zone": "Asia/Tokyo", "week_starts": "mon"}
    record(journal, [rules_event(1, elsewhere), *floor(220), rules_event(2, ZONED, effective_from_us=1)])
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('bi')}/read-models.db"
    else:
        server = request.getfixturevalue("postgres_server")
        server.psql("CREATE DATABASE bi")
        url = server.get_uri(database="bi")
    found = open_database(url)
    Projector(Numbered(journal), found, batch_events=100).catch_up()
    assert check(opened(journal), found).differences == ()
    yield found
    found.dispose()


@pytest.fixture
def reports(engine: Engine) -> Reports:
    return Reports(engine, lambda: MONDAY_US + 365 * 86_400_000_000)


def asked(engine: Engine, title: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(QUERIES[title]))]


def of_program(reports: Reports, kpi: str, kind: PeriodKind, label: str) -> Figure:
    [card] = reports.scorecard(DESK, Subject(SubjectKind.PROGRAM, "desk"), kind, label).scorecards
    return next(line.figure for line in card.lines if line.figure.kpi.name == kpi)


def by_subject(reports: Reports, kpi: str, by: SubjectKind) -> dict[str, Figure]:
    cards = reports.scorecards(DESK, by, PeriodKind.MONTH, MONTH, size=200).scorecards
    found = {card.subject.name: next(line.figure for line in card.lines if line.figure.kpi.name == kpi) for card in cards}
    return {name: figure for name, figure in found.items() if figure.cases}


def test_the_page_has_ten_queries() -> None:
    assert len(QUERIES) == 10


@pytest.mark.parametrize(("title", "kpi", "kind"), [
    ("Tickets resolved by week", "tickets_resolved", PeriodKind.WEEK),
    ("SLA met by month, with the cases behind it", "sla_met.resolution", PeriodKind.MONTH),
    ("CSAT day by day", "csat", PeriodKind.DAY),
])
def test_cases_counted_by_period(engine: Engine, reports: Reports, title: str, kpi: str, kind: PeriodKind) -> None:
    rows = asked(engine, title)
    assert len(rows) > 1
    for label, counted, *more in rows:
        figure = of_program(reports, kpi, kind, str(label))
        assert (counted, *more[:1]) == (figure.numerator, *([figure.cases] if more else []))


def test_nps_by_month(engine: Engine, reports: Reports) -> None:
    for label, nps in asked(engine, "Net promoter score by month"):
        assert float(nps) == pytest.approx(of_program(reports, "nps", PeriodKind.MONTH, label).value)


@pytest.mark.parametrize(("title", "kpi", "by"), [
    ("Reopened by group", "reopen_rate", SubjectKind.GROUP),
    ("First-contact resolution by agent", "first_contact_resolution", SubjectKind.AGENT),
])
def test_shares_by_subject(engine: Engine, reports: Reports, title: str, kpi: str, by: SubjectKind) -> None:
    figures = by_subject(reports, kpi, by)
    assert {name: (counted, cases) for name, counted, cases in asked(engine, title)} == {
        name: (figure.numerator, figure.cases) for name, figure in figures.items()}


def test_mean_handle_time_by_agent(engine: Engine, reports: Reports) -> None:
    figures = by_subject(reports, "handle_time", SubjectKind.AGENT)
    rows = asked(engine, "Mean handle time by agent, in seconds")
    assert {name: (pytest.approx(float(seconds)), cases) for name, seconds, cases in rows} == {
        name: (figure.value, figure.cases) for name, figure in figures.items()}


def test_calls_by_week(engine: Engine, reports: Reports) -> None:
    for week, abandoned, offered, seconds in asked(engine, "Calls abandoned and the speed of answer, side by side"):
        figure, speed = (of_program(reports, kpi, PeriodKind.WEEK, week) for kpi in ("abandonment", "speed_of_answer"))
        assert (abandoned, offered) == (figure.numerator, figure.cases)
        assert seconds is None if speed.value is None else float(seconds) == pytest.approx(speed.value)


def test_time_to_the_first_reply(engine: Engine, reports: Reports) -> None:
    rows = asked(engine, "Time to the first reply, in business and in calendar time")
    assert len(rows) == 2
    for kpi, seconds, replies in rows:
        figure = of_program(reports, kpi, PeriodKind.MONTH, MONTH)
        assert (float(seconds), replies) == (pytest.approx(figure.value), figure.cases)


def test_the_tickets_behind_a_figure(engine: Engine, reports: Reports) -> None:
    found = reports.cases(DESK, Subject(SubjectKind.PROGRAM, "desk"), PeriodKind.MONTH, MONTH, "reopen_rate", size=1000).cases
    rows = asked(engine, "The tickets behind a figure")
    assert sorted((source, ticket, agent) for source, ticket, _, agent in rows) == sorted(
        (case.source, case.ticket_id, case.agent) for case in found if case.value)


def test_every_week_of_every_kpi_agrees(engine: Engine, reports: Reports) -> None:
    query = "SELECT local_week, kpi, SUM(numerator), COUNT(*) FROM cases WHERE program = 'desk' GROUP BY local_week, kpi"
    with engine.connect() as connection:
        rows = connection.execute(text(query)).all()
    for week, kpi, total, cases in rows:
        figure = of_program(reports, kpi, PeriodKind.WEEK, week)
        scale = 1_000_000 if KPIS[kpi].in_millionths else 1
        assert (cases, float(total) / scale) == (figure.cases, pytest.approx(figure.numerator))


def test_dates_have_a_type_in_postgresql(engine: Engine) -> None:
    with engine.connect() as connection:
        day, begins = connection.execute(text("SELECT local_date, week_begins FROM cases LIMIT 1")).one()
    assert {type(day).__name__, type(begins).__name__} == ({"date"} if engine.dialect.name == "postgresql" else {"str"})


def test_every_table_and_view_is_documented() -> None:
    pages = PAGE + (DOCS / "read-models.md").read_text()
    named = [*(table.name for table in MODEL_TABLES), positions.name, *definitions("sqlite")]
    assert [name for name in named if f"`{name}`" not in pages] == []
