"""``opsledger scorecard`` as a user runs it, over a database that a small floor filled."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opsledger.core.scorecards.kpis import KPIS
from opsledger.proto.scorecards.v1 import scorecards_pb2
from opsledger.services.cli.scorecard_tables import show_one
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from tests.kit.command import Ran, run
from tests.kit.floor import floor
from tests.kit.read_models import RULES, record, rules_event

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
GOLDEN = Path(__file__).parents[2] / "golden" / "scorecards"


def _filled(folder: Path, *programs: str, rules: bool = True) -> str:
    journal = MemoryJournal()
    for program in programs:
        record(journal, [rules_event(1, RULES, program=program)] if rules else [])
        record(journal, floor(60, program=program))
    url = f"sqlite:///{folder}/read-models.db"
    engine = open_database(url)
    Projector(Numbered(journal), engine).catch_up()
    engine.dispose()
    return url


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _filled(tmp_path_factory.mktemp("one"), "desk")


@pytest.fixture(scope="module")
def two_programs(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _filled(tmp_path_factory.mktemp("two"), "desk", "payroll", rules=False)


def scorecard(database: str, *arguments: object) -> Ran:
    return run("scorecard", "--database", database, *arguments)


def rounded(value: Any) -> Any:
    """Floats to 6 digits, so that a numpy that adds in another order changes nothing."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("program-week", ["--at", "2026-W11"]),
        ("agents-month", ["--by", "agent", "--at", "2026-03", "--kpi", "csat", "--kpi", "handle_time", "--order", "csat desc"]),
        ("tickets", ["--agent", "ann", "--at", "2026-W11", "--tickets", "--kpi", "csat_mean"]),
    ],
)
def test_json_for_machines_keeps_its_shape(database: str, name: str, arguments: list[str]) -> None:
    ran = scorecard(database, *arguments, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert rounded(json.loads(ran.out)) == json.loads((GOLDEN / f"{name}.json").read_text())


def test_a_table_says_of_how_many_and_how_sure(database: str) -> None:
    ran = scorecard(database, "--at", "2026-W11")
    assert ran.code == 0
    for part in (
        "program desk, 2026-W11", "CSAT, satisfied", " of ", "95 % interval", "not apart", "* fewer than 30 cases",
        "in UTC (rules version 1)",
    ):
        assert part in ran.out


def test_a_figure_of_every_kpi_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    figures = [
        scorecards_pb2.Figure(kpi=kpi.name, unit=kpi.unit, value=1, numerator=1, denominator=1, trend=scorecards_pb2.Trend(value=2))
        for kpi in KPIS.values()
    ]
    period = scorecards_pb2.Period(label="2026-03", time_zone="UTC")
    card = scorecards_pb2.Scorecard(figures=figures, period=period, before=period, subject=scorecards_pb2.Subject(name="ann"))
    show_one(card, [])
    shown = capsys.readouterr().out
    assert [kpi.title for kpi in KPIS.values() if kpi.title not in shown] == []


def test_one_figure_out_of_several(database: str) -> None:
    arguments = ("--at", "2026-03", "--composite", EXAMPLES / "composite.yaml")
    ran = scorecard(database, "--agent", "ann", *arguments)
    assert ran.code == 0
    assert "composite" in ran.out
    [card] = [json.loads(scorecard(database, "--agent", "ann", *arguments, "--json").out)]
    assert sum(share["share"] for share in card["composite"]["shares"]) == pytest.approx(card["composite"]["value"])
    assert f"{card['composite']['value']:.1f}, {card['composite']['low']:.1f} to {card['composite']['high']:.1f}, " in ran.out
    everyone = scorecard(database, "--by", "agent", *arguments)
    assert "Composite" in everyone.out
    assert f"{card['composite']['value']:.1f}" in everyone.out


@pytest.mark.parametrize(("text", "named"), [
    ("parts: [{kpi: csat, weight: 99, none: 0, full: 1}]", "sum to 100"), ("parts: [{kpi: csat, wight: 100}]", "wight"), ("[]", "parts"),
    ("parts: 7", "parts"),
])
def test_a_composite_that_is_none_is_refused_by_file_and_field(database: str, tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text)
    ran = scorecard(database, "--composite", file)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {file}: ")
    assert named in ran.err


def test_all_agents_and_what_is_nobodys_in_one_table(database: str) -> None:
    ran = scorecard(database, "--by", "agent", "--at", "2026-03", "--kpi", "tickets_resolved")
    assert ran.code == 0
    assert all(name in ran.out for name in ("ann", "bob", "cem", "dee", "eve", "(nobody)"))


def test_the_tickets_behind_a_figure(database: str) -> None:
    ran = scorecard(database, "--agent", "ann", "--at", "2026-03", "--tickets", "--kpi", "csat")
    assert ran.code == 0
    assert "zendesk desk-" in ran.out
    assert "of 1 to 5" in ran.out


def test_without_rules_it_counts_by_utc_and_says_so(two_programs: str) -> None:
    ran = scorecard(two_programs, "--program", "payroll")
    assert ran.code == 0
    assert "no rules are published" in ran.out


def test_of_several_programs_one_must_be_named(two_programs: str) -> None:
    ran = scorecard(two_programs)
    assert ran.code == 2
    assert "--tenant acme --program desk; --tenant acme --program payroll" in ran.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--program", "nowhere"], "--program"), (["--at", "2026-W99"], "2026-W99"), (["--at", "soon"], "soon"),
        (["--period", "month", "--at", "2026-W11"], "2026-W11"), (["--from", "2026-03-09", "--to", "2026-03-01"], "2026-03-01"),
        (["--to", "2026-03-09"], "--from"), (["--from", "2026-03-01", "--at", "2026-03"], "--from"), (["--kpi", "merit"], "merit"),
        (["--by", "agent", "--order", "merit"], "merit"), (["--confidence", "95"], "confidence"),
        (["--agent", "a", "--group", "g"], "--agent"),
        (["--period", "year"], "year"), (["--period", "range"], "range"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(database: str, arguments: list[str], named: str) -> None:
    ran = scorecard(database, *arguments)
    assert ran.code == 2
    assert named in ran.err
    assert ran.out == ""


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    ran = scorecard(f"sqlite:///{tmp_path}/none.db")
    assert ran.code == 1
    assert "opsledger catch-up" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_says_what_to_do(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/empty.db"
    open_database(url).dispose()
    ran = scorecard(url)
    assert ran.code == 1
    assert "opsledger import" in ran.err


def test_a_limit_gives_the_first_ones_and_says_how_many_there_are(database: str) -> None:
    arguments = ("--by", "agent", "--at", "2026-03", "--order", "name")
    everybody = json.loads(scorecard(database, *arguments, "--json").out)
    limited = json.loads(scorecard(database, *arguments, "--limit", 2, "--json").out)
    assert limited["scorecards"] == everybody["scorecards"][:2]
    assert limited["total_size"] == everybody["total_size"] == len(everybody["scorecards"]) > 2
    assert f"the first 2 of {everybody['total_size']}" in scorecard(database, *arguments, "--limit", 2).out
    tickets = ("--tickets", "--at", "2026-03", "--kpi", "tickets_resolved", "--json")
    found = json.loads(scorecard(database, *tickets).out)["tickets"]
    assert json.loads(scorecard(database, *tickets, "--limit", 3).out)["tickets"] == found[:3]
