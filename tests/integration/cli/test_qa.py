"""``opsledger qa agreement`` as a user runs it."""
from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.kit.command import run
from tests.kit.ratings import agreement, values

WIDE = """unit,ann,bob,cem,dee
1,1,1,,1
2,2,2,3,2
3,3,3,3,3
4,3,3,3,3
5,2,2,2,2
6,1,2,3,4
7,4,4,4,4
8,1,1,2,1
9,2,2,2,2
10,NA,5,5,5
11,.,?,1,1
12,*,-,3,
"""
"""Krippendorff (2011), section C, with every way of saying that a rating is missing."""


def long(text: str) -> str:
    """The same ratings, one on each line."""
    header, *rows = [line.split(",") for line in text.splitlines()]
    lines = [f"{row[0]},{rater},{cell}" for row in rows for rater, cell in zip(header[1:], row[1:], strict=True)]
    return "ticket,analyst,score\n" + "\n".join(lines) + "\n"


def turned(text: str) -> str:
    """The same ratings, a row for each rater."""
    header, *rows = zip(*(line.split(",") for line in text.splitlines()), strict=True)
    return "\n".join(",".join(row) for row in [("rater", *header[1:]), *rows]) + "\n"


@pytest.mark.parametrize(
    "text", [WIDE, long(WIDE), turned(WIDE), WIDE.replace("unit,", "conversation_id,"), WIDE.replace("unit,", "row,")],
    ids=["wide", "long", "a row per rater", "called an id", "called otherwise"],
)
def test_the_published_example(tmp_path: Path, text: str) -> None:
    found = values(agreement(tmp_path, text, "--json"))
    rounded = {key: round(one["value"], 3) for key, one in found.items() if key[0] == "krippendorff_alpha"}
    assert rounded == {
        ("krippendorff_alpha", "nominal"): 0.743, ("krippendorff_alpha", "ordinal"): 0.815,
        ("krippendorff_alpha", "interval"): 0.849, ("krippendorff_alpha", "ratio"): 0.797,
    }
    assert round(found["gwet_ac1", "nominal"]["value"], 5) == 0.77544
    assert round(found["fleiss_kappa", "nominal"]["value"], 5) == 0.76117


def test_a_table_for_people(tmp_path: Path) -> None:
    ran = agreement(tmp_path, WIDE, "--level", "nominal")
    assert ran.code == 0
    for part in ("41 ratings of 12 units", "Krippendorff's alpha", "0.7434", "95 % interval"):
        assert part in ran.out


def test_words_in_an_order(tmp_path: Path) -> None:
    text = "ann,bob\npoor,poor\nfair,good\ngood,good\npoor,fair\n"
    nominal = values(agreement(tmp_path, text, "--json"))
    assert {level for _, level in nominal} == {"nominal"}
    ordered = values(agreement(tmp_path, text, "--order", "poor,fair,good", "--json"))
    numbers = text.replace("poor", "1").replace("fair", "2").replace("good", "3")
    numbered = values(agreement(tmp_path, numbers, "--level", "ordinal", "--json"))
    assert ordered["krippendorff_alpha", "ordinal"]["value"] == numbered["krippendorff_alpha", "ordinal"]["value"]


def test_some_columns_another_delimiter_and_no_header(tmp_path: Path) -> None:
    two = values(agreement(tmp_path, WIDE, "--raters", "bob,dee", "--level", "nominal", "--json"))
    assert ("cohen_kappa", "nominal") in two
    written = WIDE.replace(",", ";")
    semicolons = values(agreement(tmp_path, written, "--delimiter", ";", "--raters", "bob,dee", "--level", "nominal", "--json"))
    assert semicolons == two
    bare = "\n".join(",".join(line.split(",")[1:]) for line in WIDE.splitlines()[1:])
    nominal = ("--level", "nominal", "--json")
    assert values(agreement(tmp_path, bare, "--no-header", *nominal)) == values(agreement(tmp_path, WIDE, *nominal))


def test_raters_in_rows_whatever_columns_are_called(tmp_path: Path) -> None:
    nominal = values(agreement(tmp_path, WIDE, *NOMINAL))
    called = turned(WIDE).replace("rater,", ",", 1)
    assert values(agreement(tmp_path, called, "--raters-in-rows", "--header", *NOMINAL)) == nominal
    bare = "\n".join(line.split(",", 1)[1] for line in turned(WIDE).splitlines()[1:])
    assert values(agreement(tmp_path, bare, "--raters-in-rows", "--no-header", *NOMINAL)) == nominal


def test_a_compressed_file(tmp_path: Path) -> None:
    file = tmp_path / "ratings.csv.gz"
    file.write_bytes(gzip.compress(WIDE.encode()))
    nominal = ("--level", "nominal", "--json")
    assert values(run("qa", "agreement", file, *nominal)) == values(agreement(tmp_path, WIDE, *nominal))


NOMINAL = ("--level", "nominal", "--json")
QUESTIONS = """ticket,question,rater,score
T1,greeting,ann,1
T1,greeting,bob,1
T1,closing,ann,1
T1,closing,bob,0
T2,greeting,ann,0
T2,greeting,bob,0
T2,closing,ann,1
T2,closing,bob,1
T3,lonely,ann,1
"""


@pytest.mark.parametrize("layout", ["a row per rating", "a column per rater"])
def test_questions_that_split_raters_come_first(tmp_path: Path, layout: str) -> None:
    text = QUESTIONS
    if layout == "a column per rater":
        text = "ticket,question,ann,bob\nT1,greeting,1,1\nT1,closing,1,0\nT2,greeting,0,0\nT2,closing,1,1\nT3,lonely,1,\n"
    found = json.loads(agreement(tmp_path, text, *NOMINAL).out)
    told = [(one["question"], one["pairable_units"], one["percent_agreement"]["value"]) for one in found["by_question"]]
    assert told == [("closing", 2, 0.5), ("greeting", 2, 1.0), ("lonely", 0, None)]
    assert found["by_question"][2]["percent_agreement"]["reason"] == "NO_PAIRS"
    assert "Questions, the most divided first" in agreement(tmp_path, text, "--level", "nominal").out
    assert found["units"] == 5


def test_how_far_each_rater_is_from_a_reference_or_from_the_others(tmp_path: Path) -> None:
    text = "ticket,ann,bob,cem\nT1,4,3,5\nT2,2,2,4\nT3,5,3,\n"
    found = {one["rater"]: one for one in json.loads(agreement(tmp_path, text, "--reference", "bob", *NOMINAL).out)["by_rater"]}
    assert (found["ann"]["units"], found["ann"]["bias"]["value"], found["cem"]["bias"]["value"]) == (3, 1.0, 2.0)
    assert (found["bob"]["bias"]["value"], found["bob"]["bias"]["reason"]) == (None, "IS_REFERENCE")
    others = {one["rater"]: one["bias"]["value"] for one in json.loads(agreement(tmp_path, text, *NOMINAL).out)["by_rater"]}
    assert others["ann"] == pytest.approx(((4 - 4) + (2 - 3) + (5 - 3)) / 3)
    assert "from bob" in agreement(tmp_path, text, "--reference", "bob", "--level", "nominal").out


def test_what_is_not_defined_is_null_with_a_reason(tmp_path: Path) -> None:
    found = values(agreement(tmp_path, "ann,bob\nyes,yes\nyes,yes\n", "--json"))
    alpha = found["krippendorff_alpha", "nominal"]
    assert (alpha["value"], alpha["low"], alpha["high"], alpha["reason"]) == (None, None, None, "NO_VARIATION")
    assert "one category only" in agreement(tmp_path, "ann,bob\nyes,yes\nyes,yes\n").out


@pytest.mark.parametrize(
    ("text", "arguments", "named"),
    [
        ("", [], "no ratings"), ("ann,bob\n", [], "no ratings"), ("ann\n1\n", [], "two raters"), ("ann;bob\n1;2\n", [], "--delimiter"),
        ("ann,bob\n1,2\n1\n", [], "line 3"), ("1,2\n2,2\n", [], "--no-header"), ("ann,ann\n1,2\n", [], "twice"),
        ("unit,rater,value\n1,a,1\n1,a,2\n", [], "line 3"), (WIDE, ["--level", "cosmic"], "cosmic"), (WIDE, ["--raters", "ann,zoe"], "zoe"),
        (WIDE, ["--unit", "zoe"], "zoe"), (WIDE, ["--reference", "zoe"], "zoe"), (WIDE, ["--order", "1,2,3"], "line 7"),
        (WIDE, ["--confidence", "95"], "--confidence"), ("rater,T1,T2\na,1,2\na,1,2\n", [], "--value"),
        (QUESTIONS.replace("question", "about"), [], "--question"), (QUESTIONS, ["--question", "zoe"], "zoe"),
        ("rater,T1,T2\nann,1,2\nbob,x,2\n", ["--order", "1,2"], "line 3"),
        (WIDE, ["--delimiter", "::"], "--delimiter"), ("ann,bob\na,b\nb,b\n", ["--level", "ordinal"], "--order"),
        (WIDE, ["--order", "1,1,2,3,4,5"], "--order"), ("text,rater,value\nx,ann,1\n", [], "--unit"),
        ("ann,bob,at\n1,1,a\n1,2,b\n2,2,c\n1,2,d\n2,1,e\n", [], "--unit 'at'"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(tmp_path: Path, text: str, arguments: list[str], named: str) -> None:
    ran = agreement(tmp_path, text, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert named in ran.err


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    ran = run("qa", "agreement", tmp_path / "none.csv")
    assert (ran.code, "none.csv" in ran.err) == (2, True)


def test_a_table_of_counts_is_two_raters(tmp_path: Path) -> None:
    """The published table of two raters that tests/unit/quality/test_agreement.py has, with its published figures."""
    found = values(agreement(tmp_path, ",a,b,c\na,13,0,0\nb,0,20,7\nc,0,4,56\n", "--json"))
    published = {"percent_agreement": .89, "cohen_kappa": .7964, "scott_pi": .7962, "gwet_ac1": .8493}
    assert {name: round(found[name, "nominal"]["value"], 4) for name in published} == published


def test_a_table_of_ratings_with_other_names_in_its_rows_is_no_table_of_counts(tmp_path: Path) -> None:
    found = json.loads(agreement(tmp_path, "unit,a,b\nx,1,1\ny,2,3\n", "--json").out)
    assert found["units"] == 2


@pytest.mark.parametrize("weights", ["linear", "quadratic", "ordinal", "radical", "ratio", "circular", "bipolar"])
def test_weights_instead_of_levels(tmp_path: Path, weights: str) -> None:
    found = json.loads(agreement(tmp_path, WIDE, "--weights", weights, "--json").out)["agreements"]
    assert {(each["level"], each["weights"]) for each in found} == {(None, weights)}
    assert {each["coefficient"] for each in found} == {
        "percent_agreement", "krippendorff_alpha", "gwet_ac2", "brennan_prediger", "fleiss_kappa", "conger_kappa"}
    assert weights in agreement(tmp_path, WIDE, "--weights", weights).out


def test_weights_of_ones_own(tmp_path: Path) -> None:
    text = "ann,bob\npoor,poor\nfair,good\ngood,good\npoor,fair\ngood,good\nfair,fair\n"
    file = tmp_path / "weights.csv"
    file.write_text(",poor,fair,good\npoor,1,0.5,0\nfair,0.5,1,0.5\ngood,0,0.5,1\n")
    ordered = ("--order", "poor,fair,good", "--json")
    own, linear = (json.loads(agreement(tmp_path, text, "--weights", each, *ordered).out)["agreements"] for each in (file, "linear"))
    assert [each["value"] for each in own] == pytest.approx([each["value"] for each in linear])
    for broken, named in (
        (("fair,0.5,1", "fair,0.4,1"), "both ways"), (("good,0,0.5,1", "good,0,0.5,2"), "line 4"), (("poor,1,", "bad,1,"), "poor"),
    ):
        changed = tmp_path / "broken.csv"
        changed.write_text(file.read_text().replace(*broken))
        ran = agreement(tmp_path, text, "--weights", changed, *ordered)
        assert (ran.code, named in " ".join(ran.err.split())) == (2, True)


@pytest.mark.parametrize(("arguments", "named"), [
    (["--weights", "cosmic"], "cosmic"), (["--weights", "linear", "--level", "nominal"], "--level"),
    (["--weights", "none.csv"], "none.csv"),
])
def test_weights_that_are_none(tmp_path: Path, arguments: list[str], named: str) -> None:
    ran = agreement(tmp_path, WIDE, *arguments)
    assert (ran.code, named in ran.err) == (2, True)


def test_standard_errors_are_shown(tmp_path: Path) -> None:
    found = values(agreement(tmp_path, WIDE, "--json"))
    assert round(found["gwet_ac1", "nominal"]["standard_error"], 5) == 0.14295
    assert "0.1429" in agreement(tmp_path, WIDE, "--level", "nominal").out
