"""Evaluations as rows: every version, the one that counts, answers, disputes, and what scorecards add up."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, Table, select

from opsledger.core.ports import Journal
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.scorecards.periods import PeriodKind
from opsledger.core.scorecards.subjects import Subject, SubjectKind
from opsledger.services.decisions.decisions import Decisions
from opsledger.services.decisions.requests import Request
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections import tables_quality as tables
from opsledger.services.projections.database import open_database
from opsledger.services.projections.rebuild import check
from opsledger.services.projections.runner import Projector
from opsledger.services.scorecards.queries import Program
from opsledger.services.scorecards.reports import Reports
from tests.kit.quality import SEVENTY_FIVE, SIXTY, START_US, UNTIL_US, result, sheet, started
from tests.kit.read_models import opened


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """One that was disputed and rescored, two that stand, one that was voided."""
    journal = MemoryJournal(lambda: START_US)
    decisions = Decisions(journal, tmp_path, lambda: START_US)

    def evaluated(name: str, *commands: Callable[[Evaluation], object], agent: str = "bob") -> None:
        id = decisions.create(Evaluation, Request("acme", name), make=lambda: started(agent)).aggregate.id
        for number, command in enumerate(commands):
            decisions.change(Evaluation, id, Request("acme", f"{name} {number}"), command=command)

    def submit(evaluation: Evaluation) -> None:
        evaluation.submit("ann", sheet(SIXTY, tone={"comment": "curt", "root_causes": ["haste"]}), result(SIXTY), UNTIL_US, START_US)

    evaluated(
        "disputed", submit, lambda e: e.dispute("bob", {"closing": "none"}, UNTIL_US),
        lambda e: e.rescore("sue", (), sheet(SEVENTY_FIVE), result(SEVENTY_FIVE), "right", UNTIL_US))
    evaluated("plain", submit)
    evaluated("of another", submit, agent="eve")
    evaluated("voided", submit, lambda e: e.void("sue", "wrong agent", UNTIL_US))
    decisions.close()
    return journal


def read(engine: Engine, table: Table, *columns: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return sorted(tuple(row) for row in connection.execute(select(*(table.c[name] for name in columns))))


@pytest.mark.parametrize("batch_events", [1, 1000])
def test_every_version_is_there_and_one_counts(journal: Journal, database_url: str, batch_events: int) -> None:
    engine = open_database(database_url)
    Projector(Numbered(journal), engine, batch_events=batch_events).catch_up()
    assert read(engine, tables.evaluations, "status", "counting_version", "score") == [
        ("submitted", 1, 0.6), ("submitted", 1, 0.6), ("submitted", 2, 0.75), ("voided", 0, None)]
    assert read(engine, tables.evaluation_versions, "version", "cause", "counts", "score_exact") == [
        (1, "submitted", 0, "3/5"), (1, "submitted", 0, "3/5"), (1, "submitted", 1, "3/5"), (1, "submitted", 1, "3/5"),
        (2, "rescored", 1, "3/4")]
    columns = ("version", "question", "state", "answer", "share_exact", "comment", "root_causes")
    answers = set(read(engine, tables.evaluation_answers, *columns))
    assert {(1, "tone", "answered", "5", "1/10", "curt", '["haste"]'), (2, "closing", "na", '"na"', "0/1", "", "[]")} <= answers
    assert read(engine, tables.disputes, "question", "reason", "decision") == [("closing", "none", "rescored")]

    assert check(opened(journal), engine).differences == ()


def test_scorecards_add_them_up_although_no_ticket_is_recorded(journal: Journal, database_url: str) -> None:
    engine = open_database(database_url)
    Projector(Numbered(journal), engine).catch_up()
    reports, program = Reports(engine, lambda: START_US + 40 * 86_400_000_000), Program("acme", "desk")
    [card] = reports.scorecard(program, Subject(SubjectKind.PROGRAM, "desk"), PeriodKind.MONTH).scorecards
    figures = {line.figure.kpi.name: line.figure for line in card.lines}
    assert (figures["qa_score"].value, figures["qa_score"].cases) == (pytest.approx(65), 3)
    assert figures["qa_score"].interval is not None
    assert (figures["qa_pass_rate"].numerator, figures["qa_pass_rate"].denominator) == (1, 3)
    assert (figures["critical_accuracy.compliance"].value, figures["critical_accuracy.compliance"].cases) == (0.0, 2)
    assert (figures["disputes_upheld"].value, figures["evaluator_score"].value) == (0.0, None)
    by_agent = reports.scorecards(program, SubjectKind.AGENT, PeriodKind.MONTH, order_by="qa_score desc").scorecards
    assert [card.subject.name for card in by_agent] == ["bob", "eve"]
    bob = Subject(SubjectKind.AGENT, "bob")
    first = reports.cases(program, bob, PeriodKind.MONTH, kpi="qa_score", size=1)
    second = reports.cases(program, bob, PeriodKind.MONTH, kpi="qa_score", size=1, token=first.next_page_token)
    assert sorted(case.value for page in (first, second) for case in page.cases) == [60.0, 75.0]
    assert second.next_page_token == ""
    assert {case.ticket_id for case in first.cases} == {"T1"}
