"""``opsledger qa score`` and ``qa rescore`` as a user runs them, without a server."""
from __future__ import annotations

import csv
import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kit.command import Ran, run
from tests.kit.forms import choice, form_of, rating

EXAMPLE = ("--form", "docs/examples/appraisal.form.yaml", "--answers", "docs/examples/appraisal-answers.csv")
FORM = form_of([rating("q1", weight=40), rating("q2", weight=20), rating("q3", weight=20), rating("q4", weight=20, na=True)],
               mode="question_weights")
ROWS: list[dict[str, Any]] = [{"id": "A", "q1": 10, "q2": 5, "q3": 5, "q4": 0}, {"id": "B", "q1": 10, "q2": 5, "q3": 5, "q4": "na"}]


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "form.yaml"
    path.write_text(yaml.safe_dump(FORM))
    return path


def score(form: Path, answers: Path, *arguments: str) -> Any:
    ran = run("qa", "score", "--form", form, "--answers", answers, "--json", *arguments)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def as_csv(path: Path, rows: list[dict[str, Any]], delimiter: str = ",") -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def written(folder: Path, kind: str) -> Path:
    path = folder / f"answers.{kind}"
    nested = [{"id": row["id"], "answers": {key: value for key, value in row.items() if key != "id"}} for row in ROWS]
    match kind:
        case "csv":
            return as_csv(path, ROWS)
        case "csv.gz":
            path.write_bytes(gzip.compress(as_csv(folder / "plain.csv", ROWS).read_bytes()))
        case "txt":
            path.write_text(json.dumps(ROWS))
        case "json":
            path.write_text(json.dumps({"evaluations": nested}))
        case "jsonl":
            path.write_text("\n".join(map(json.dumps, nested)) + "\n")
        case "yaml":
            path.write_text(yaml.safe_dump(nested))
    return path


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "txt", "json", "jsonl", "yaml"])
def test_published_weights_from_every_kind_of_file(form: Path, tmp_path: Path, kind: str) -> None:
    # 40/20/20/20 with 10, 5, 5, 0 of 10: 60 %; the last one not applicable: 75 %
    found = score(form, written(tmp_path, kind))
    assert [(each["id"], each["score"], each["score_exact"]) for each in found["evaluations"]] == [("A", 0.6, "3/5"), ("B", 0.75, "3/4")]
    assert [each["share"]["exact"] for each in found["evaluations"][0]["questions"]] == ["2/5", "1/10", "1/10", "0"]


def test_zero_means_not_appraised_where_the_form_says_so() -> None:
    # T-1: 40·5/5 + 20·4/5 + 20·5/5 + 20·3/5 = 88; T-2 without clarity: (32 + 20 + 8) ÷ 80 = 75; T-3: (16 + 12 + 16) ÷ 80 = 55; T-5: 96
    found = json.loads(run("qa", "score", *EXAMPLE, "--json").out)
    assert [each["score"] for each in found["evaluations"]] == [0.88, 0.75, 0.55, None, 0.96]
    assert (found["evaluations"][3]["reason"], found["evaluations"][3]["outcome"]) == ("NOTHING_APPLICABLE", None)
    assert (found["summary"]["mean"]["value"], found["summary"]["mean"]["cases"]) == (pytest.approx(0.785), 4)
    means = {agent: own["mean"]["value"] for agent, own in found["agents"].items()}
    assert means == {"ann": pytest.approx(0.815), "bob": pytest.approx(0.755)}
    assert found["summary"]["questions"]["clarity"] == {"answered": 3, "not_applicable": 2, "mean": pytest.approx(0.8)}
    table = run("qa", "score", *EXAMPLE)
    assert (table.code, "78.50 %*" in table.out, "T-4" in table.out, "a small sample" in table.out) == (0, True, True, True)
    assert "T-4" not in run("qa", "score", *EXAMPLE, "--summary").out


def test_one_evaluation_shows_its_parts(form: Path, tmp_path: Path) -> None:
    shown = run("qa", "score", "--form", form, "--answers", as_csv(tmp_path / "a.csv", ROWS[:1]))
    assert "40.00 %" in shown.out
    assert "60.00 %" in shown.out


def test_a_score_that_is_shown_like_the_mark_and_fails_says_why(tmp_path: Path) -> None:
    form = tmp_path / "form.yaml"
    form.write_text(yaml.safe_dump(form_of([choice("a", 0, 2, 3)], pass_mark=66.67)))
    answers = as_csv(tmp_path / "a.csv", [{"id": name, "a": points} for name, points in (("near", 2), ("far", 0), ("full", 3))])
    shown = run("qa", "score", "--form", form, "--answers", answers)
    assert "66.67 %" in shown.out
    assert [line for line in shown.out.splitlines() if "fails" in line and ":" in line] == ["near fails: 2/3 = 66.666…% < 66.67%"]
    assert [each["outcome_reason"] for each in score(form, answers)["evaluations"]] == [
        "2/3 = 66.666…% < 66.67%", "0% < 66.67%", "100% ≥ 66.67%"]


def test_columns_can_be_called_otherwise(form: Path, tmp_path: Path) -> None:
    rows = [{"Ticket": row["id"], "Who": "ann", "Quality": row["q1"], "q2": row["q2"], "q3": row["q3"], "q4": row["q4"]} for row in ROWS]
    file = as_csv(tmp_path / "a.csv", rows, ";")
    found = score(form, file, "--delimiter", ";", "--id", "Ticket", "--agent", "Who", "--column", "q1=Quality")
    assert [(each["id"], each["agent"]) for each in found["evaluations"]] == [("A", "ann"), ("B", "ann")]
    for wrong in (("--column", "q9=Quality"), ("--column", "q1"), ("--column", "q1=Nothing"), ("--delimiter", ""), ("--agent", "Nobody")):
        assert run("qa", "score", "--form", form, "--answers", file, "--delimiter", ";", *wrong).code == 2


def test_answers_that_do_not_fit_are_named_or_left_out(form: Path, tmp_path: Path) -> None:
    file = as_csv(tmp_path / "a.csv", [*ROWS, {"id": "C", "q1": 11, "q2": "", "q3": 5, "q4": 5}])
    refused = run("qa", "score", "--form", form, "--answers", file)
    assert refused.code == 2
    assert refused.err.splitlines() == [
        f"error: {file}: line 4: q1: must be between 0 and 10, not 11", f"error: {file}: line 4: q2: must be answered"]
    found = score(form, file, "--skip-invalid")
    assert (found["skipped"], len(found["evaluations"])) == (1, 2)
    assert "left out: 1 evaluations" in run("qa", "score", "--form", form, "--answers", file, "--skip-invalid").out


@pytest.mark.parametrize(("name", "text"), [
    ("a.csv", "id,x\nA,1\n"), ("a.csv", ""), ("a.csv", "id,q1\n"),
    ("a.json", "{"), ("a.json", "[1]"), ("a.yaml", "3"), ("a.csv", "id,q1\nA\n"),
])
def test_a_file_without_answers_is_refused(form: Path, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    refused = run("qa", "score", "--form", form, "--answers", tmp_path / name)
    assert (refused.code, name in refused.err) == (2, True)


def test_past_answers_under_another_version(form: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(yaml.safe_dump(form_of([rating("q1", weight=25), rating("q2", weight=25), rating("q3", weight=25),
                                           choice("q5", 0, 1, weight=25)], mode="question_weights")))
    arguments = ("qa", "rescore", "--form-old", form, "--form-new", new, "--answers", as_csv(tmp_path / "a.csv", ROWS))
    found = json.loads(run(*arguments, "--json").out)
    assert [(each["before"]["exact"], each["after"]["exact"]) for each in found["evaluations"]] == [("3/5", "2/3"), ("3/4", "2/3")]
    assert found["evaluations"][0]["unanswerable"] == {"q5": "NEW_QUESTION"}
    assert (found["report"]["changed"], found["report"]["dropped"]) == (2, {"q4": 2})
    shown: Ran = run(*arguments)
    assert (shown.code, "2 of 2 evaluations would change" in shown.out, "unanswerable: q5 in 2" in shown.out) == (0, True, True)


def test_a_summary_holds_no_more_of_a_long_file_than_of_a_short_one(tmp_path: Path) -> None:
    """Six times as many evaluations: of each no more than a number is kept."""
    form, answers = tmp_path / "big.form.json", tmp_path / "answers.csv"
    options = [{"id": name, "label": name.title(), "points": points} for name, points in (("yes", 10), ("half", 5), ("no", 0))]
    questions = [{"id": f"q{place}", "text": f"Q{place}", "type": "single", "options": options} for place in range(10)]
    sections = [{"id": "all", "title": "All", "questions": questions}]
    form.write_text(json.dumps({"form": "big", "title": "Big", "scoring": {"mode": "points"}, "sections": sections}))

    def peak_bytes(evaluations: int) -> int:
        row = ",".join(["yes", "half"] * 5)
        answers.write_text("id,agent," + ",".join(f"q{place}" for place in range(10)) + "\n" + f"x,ann,{row}\n" * evaluations)
        tracemalloc.start()
        try:
            ran = run("qa", "score", "--form", form, "--answers", answers, "--summary", "--json")
            assert ran.document["summary"]["evaluations"] == evaluations
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak_bytes(500)  # what is imported once
    assert peak_bytes(3_000) < 1.5 * peak_bytes(500)
