"""A help desk's export in which managers scored tickets, 0 where they did not appraise: through the API and through the command.

Every figure is computed once more here: means by hand, intervals of shares and means by statsmodels.
"""
from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from opsledger.proto.quality.v1 import evaluations_pb2 as evaluations
from opsledger.proto.scorecards.v1 import scorecards_pb2 as scorecards
from opsledger.services.client import Client, connect
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.tickets.codec import timestamp
from tests.kit.command import run
from tests.kit.evaluating import sheet
from tests.kit.read_models import MINUTE_US, START_US
from tests.kit.servers import running

CRITERIA = {"solution": 40, "grammar": 20, "tone": 20, "speed": 20}
FORM: dict[str, Any] = {
    "form": "manager", "title": "The manager's score", "scoring": {"mode": "question_weights", "na": "redistribute", "pass_mark": 70},
    "sections": [{"id": "all", "title": "All", "questions": [
        {"id": name, "text": name.title(), "type": "numeric", "min": 1, "max": 5, "weight": weight, "na_values": [0]}
        for name, weight in CRITERIA.items()]}],
}
Row = dict[str, str]


def export() -> list[Row]:
    """A hundred and twenty tickets of three agents; each criterion was left out in a third of them, some tickets altogether."""
    random = Random(4)
    found = []
    for number in range(120):
        scores = {name.title(): str(random.choice((0, 0, 1, 2, 3, 4, 5))) for name in CRITERIA}
        found.append({"Ticket ID": f"T{number}", "Agent": random.choice(("ann", "bob", "cem")), **scores})
    return [*found, {"Ticket ID": "T120", "Agent": "dee", **dict.fromkeys((name.title() for name in CRITERIA), "0")}]


def percent(row: Row) -> float | None:
    """What docs/quality.md says: points over the maximum, by the weights of what was appraised."""
    given = {name: int(row[name.title()]) for name in CRITERIA if row[name.title()] != "0"}
    return 100 * sum(CRITERIA[name] * score / 5 for name, score in given.items()) / sum(CRITERIA[name] for name in given) if given else None


def by_agent() -> dict[str, list[float]]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for row in export():
        if (score := percent(row)) is not None:
            found[row["Agent"]].append(score)
    return found


def students(values: list[float]) -> tuple[float, float]:
    """The outer ends of t's intervals on the scale itself and on the logit of its hundredths."""
    low, high = DescrStatsW(values).tconfint_mean()
    share = float(np.mean(values)) / 100
    reach = (high - low) / 200 / (share * (1 - share))
    below, above = 100 * expit(logit(share) + np.array([-reach, reach]))
    return max(0.0, min(low, below)), min(100.0, max(high, above))


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running(MemoryJournal()) as server, connect(server.address, tenant="acme", actor="sue") as client:
        client.forms.PublishForm(document_json=json.dumps(FORM))
        for number, row in enumerate(export()):
            started = client.evaluations.StartEvaluation(
                request_id=f"start {row['Ticket ID']}", program="desk", agent=row["Agent"], form="manager", analyst="sue",
                subject=evaluations.EvaluationSubject(ticket=evaluations.TicketSubject(source="desk", ticket_id=row["Ticket ID"])),
                contact_at=timestamp(START_US + number * MINUTE_US)).evaluation
            answers = {name: float(row[name.title()]) for name in CRITERIA}
            done = client.evaluations.SubmitEvaluation(id=started.id, sheet=sheet(**answers)).evaluation
            expected = percent(row)
            assert done.score.reason == ("" if expected is not None else "NOTHING_APPLICABLE")
            assert expected is None or 100 * done.score.score.value == pytest.approx(expected)
        yield client


def figures(client: Client, kind: int, name: str = "") -> dict[str, scorecards.Figure]:
    card = client.scorecards.GetScorecard(
        program="desk", subject=scorecards.Subject(kind=kind, name=name),
        period=scorecards.PeriodName(kind=scorecards.PERIOD_KIND_MONTH, label="2026-01")).scorecard
    return {figure.kpi: figure for figure in card.figures}


@pytest.mark.parametrize("agent", ["", "ann", "bob", "cem"])
def test_means_pass_rates_and_intervals_are_those_of_the_export(client: Client, agent: str) -> None:
    values = by_agent()[agent] if agent else [value for each in by_agent().values() for value in each]
    found = figures(client, scorecards.SUBJECT_KIND_AGENT if agent else scorecards.SUBJECT_KIND_PROGRAM, agent)
    mean, passed = found["qa_score"], found["qa_pass_rate"]
    assert (mean.denominator, mean.value) == (len(values), pytest.approx(float(np.mean(values))))
    assert (mean.method, (mean.low, mean.high)) == ("t_logit", pytest.approx(students(values)))
    good = sum(value >= 70 - 1e-9 for value in values)
    low, high = proportion_confint(good, len(values), method="wilson")
    assert (passed.numerator, passed.denominator) == (good, len(values))
    assert (passed.low, passed.high) == (pytest.approx(low), pytest.approx(high))


def test_who_was_not_appraised_has_no_figure_but_a_reason(client: Client) -> None:
    figure = figures(client, scorecards.SUBJECT_KIND_AGENT, "dee")["qa_score"]
    assert (figure.HasField("value"), figure.HasField("low"), figure.reason) == (False, False, "NO_CASES")


def test_the_command_says_the_same(tmp_path: Path) -> None:
    form, answers = tmp_path / "manager.form.json", tmp_path / "export.csv"
    form.write_text(json.dumps(FORM))
    with answers.open("w", newline="") as file:
        table = csv.DictWriter(file, list(export()[0]))
        table.writeheader()
        table.writerows(export())
    said = json.loads(run("qa", "score", "--form", str(form), "--answers", str(answers), "--json").out)
    assert [each["score"] and 100 * each["score"] for each in said["evaluations"]] == [
        expected if expected is None else pytest.approx(expected) for expected in map(percent, export())]
    for agent, values in by_agent().items():
        mean, passed = said["agents"][agent]["mean"], said["agents"][agent]["pass_rate"]
        assert (mean["cases"], 100 * mean["value"]) == (len(values), pytest.approx(float(np.mean(values))))
        assert [100 * mean["low"], 100 * mean["high"]] == pytest.approx(students(values))
        interval = proportion_confint(sum(value >= 70 - 1e-9 for value in values), len(values), method="wilson")
        assert [passed["low"], passed["high"]] == pytest.approx(interval)
    nobody = said["agents"]["dee"]["mean"]
    assert (nobody["value"], nobody["low"], nobody["reason"]) == (None, None, "NO_CASES")
