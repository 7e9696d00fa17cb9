"""What ``opsledger qa agreement`` reads as a rating, a number, a count, or refuses by the name of the cell."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kit.command import Ran, run
from tests.kit.ratings import agreement, values


def rows(*cells: str) -> str:
    return "\n".join(["unit,ann,bob", *(f"{place},{row}" for place, row in enumerate(cells))]) + "\n"


def nominal(ran: Ran, *names: str) -> list[float]:
    found = values(ran)
    return [round(found[name, "nominal"]["value"], 4) for name in names]


NONE_IS_A_CATEGORY = rows("none,none", "none,minor", "minor,minor", "none,none", "major,minor", "none,none")


@pytest.mark.parametrize("order", [(), ("--order", "none,minor,major")])
def test_none_is_a_category_like_others(tmp_path: Path, order: tuple[str, ...]) -> None:
    # 4 of 6 agree; marginals none 7, minor 4, major 1 of 12: alpha 1 − 11·(4/12) ÷ ((144 − 49 − 16 − 1)/12); AC1 chance Σπ(1−π)/2 = .27083
    found = nominal(agreement(tmp_path, NONE_IS_A_CATEGORY, *order, "--json"), "percent_agreement", "krippendorff_alpha", "gwet_ac1")
    assert found == [.6667, .4359, .5429]


@pytest.mark.parametrize("mark", ["", "NA", "na", ".", "?", "-", "*"])
def test_marks_that_mean_not_rated(tmp_path: Path, mark: str) -> None:
    ran = agreement(tmp_path, rows("1,1", f"2,{mark}", "2,2"), "--json")
    assert (ran.document["ratings"], ran.document["pairable_units"], ran.document["categories"]) == (5, 2, [1.0, 2.0])


@pytest.mark.parametrize("mark", ["n/a", "nan", "null", "none", "n.a.", "1_0", "1.234,5"])
def test_a_single_cell_that_is_no_number_is_named(tmp_path: Path, mark: str) -> None:
    text = rows("1,1", f'2,"{mark}"', "2,2")
    ran = agreement(tmp_path, text)
    assert (ran.code, ran.out) == (2, "")
    assert f"line 3, column 'bob': '{mark}'" in " ".join(ran.err.split())
    assert f"--missing '{mark}'" in " ".join(ran.err.split())
    assert json.loads(agreement(tmp_path, text, "--missing", mark, "--json").out)["ratings"] == 5
    assert mark in json.loads(agreement(tmp_path, text, "--level", "nominal", "--json").out)["categories"]


def test_a_question_in_words_beside_one_in_numbers_is_no_mixture(tmp_path: Path) -> None:
    text = "ticket,question,ann,bob\nT1,tone,good,good\nT2,tone,bad,good\nT1,points,3,4\nT2,points,5,5\n"
    assert [one["question"] for one in json.loads(agreement(tmp_path, text, "--json").out)["by_question"]] == ["tone", "points"]
    ran = agreement(tmp_path, text + "T3,points,x,5\n")
    assert (ran.code, "line 6, column 'ann': 'x'" in " ".join(ran.err.split())) == (2, True)


def test_fractions_with_a_comma(tmp_path: Path) -> None:
    point = agreement(tmp_path, rows("4.5,4.5", "3,3.25", "1.5,2"), "--json").document
    assert point["categories"] == [1.5, 2, 3, 3.25, 4.5]
    semicolons = "unit;ann;bob\n0;4,5;4,5\n1;3;3,25\n2;1,5;2\n"
    assert agreement(tmp_path, semicolons, "--delimiter", ";", "--json").document == point
    assert agreement(tmp_path, rows('"4,5","4,5"', '3,"3,25"', '"1,5",2'), "--json").document == point


@pytest.mark.parametrize(("text", "named"), [
    (rows('"4,5",4.5', "3,3"), "'4,5' in line 2, column 'ann' and '4.5' in line 2, column 'bob'"), (rows('"1,234",3', "3,3"), "'1,234'"),
])
def test_fractions_that_may_be_thousands_are_asked_for(tmp_path: Path, text: str, named: str) -> None:
    ran = agreement(tmp_path, text)
    assert (ran.code, named in " ".join(ran.err.split()), "--decimal" in ran.err) == (2, True, True)
    assert agreement(tmp_path, rows('"1,234",3', "3,3"), "--decimal", ",", "--json").document["categories"] == [1.234, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings_that_tell_themselves(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "ratings.csv"
    file.write_bytes(rows("gut,gut", "mäßig,gut").encode(encoding))
    assert run("qa", "agreement", file, "--json").document["categories"] == ["gut", "mäßig"]


def test_another_encoding_is_said(tmp_path: Path) -> None:
    file = tmp_path / "ratings.csv"
    file.write_bytes(rows("gut,gut", "mäßig,gut").encode("cp1252"))
    ran = run("qa", "agreement", file)
    assert (ran.code, "--encoding" in ran.err) == (2, True)
    assert run("qa", "agreement", file, "--encoding", "cp1252", "--json").document["categories"] == ["gut", "mäßig"]
    assert run("qa", "agreement", file, "--encoding", "klingon").code == 2


FLEISS = """subject,1,2,3,4,5
1,0,0,0,0,14
2,0,2,6,4,2
3,0,0,3,5,6
4,0,3,9,2,0
5,2,2,8,1,1
6,7,7,0,0,0
7,3,2,6,3,0
8,2,5,3,2,2
9,6,5,2,1,0
10,0,2,2,3,7
"""
"""Ten subjects by fourteen raters, with κ = .210: the example of Fleiss' kappa in Wikipedia, after Fleiss (1971)."""
NAMED = FLEISS.replace("1,2,3,4,5", "ann,bob,cem,dee,eve", 1)


@pytest.mark.parametrize("text", [
    FLEISS, NAMED, FLEISS.replace("subject,", "", 1).replace("\n", "\n~").replace("~1,0,0,0,0,14", "0,0,0,0,14"),
    "subject,good,fair,poor\na,3,1,0\nb,2,0,2\nc,4,0,1\n", "subject,x,y,total\na,3,1,4\nb,2,0,2\nc,4,1,5\n",
], ids=["Fleiss", "called as raters are", "malformed", "sums differ", "with sums"])
def test_counts_of_raters_by_category_are_never_read_as_raters(tmp_path: Path, text: str) -> None:
    ran = agreement(tmp_path, text)
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize("text", [FLEISS, FLEISS.replace("\n", ",14\n").replace("5,14", "5,all", 1)], ids=["plain", "with sums"])
def test_counts_of_raters_by_category_are_read_when_it_is_said(tmp_path: Path, text: str) -> None:
    assert "--counts" in agreement(tmp_path, text).err
    ran = agreement(tmp_path, text, "--counts", "--level", "nominal", "--json")
    assert round(nominal(ran, "fleiss_kappa")[0], 3) == .21
    found = ran.document
    assert (found["units"], found["ratings"], found["raters"], found["by_rater"]) == (10, 140, [], [])
    assert "raters who are not named" in agreement(tmp_path, text, "--counts").out


def test_counts_by_two_raters_have_no_coefficient_that_asks_who_said_what(tmp_path: Path) -> None:
    text = "subject,yes,no\n1,2,0\n2,1,1\n3,0,2\n4,2,0\n"
    found = {name for name, _ in values(agreement(tmp_path, text, "--counts", "--json"))}
    assert "cohen_kappa" not in found
    assert "scott_pi" in found
    ran = agreement(tmp_path, text.replace("1,1", "1,x"), "--counts")
    assert (ran.code, "line 3, column 'no'" in ran.err) == (2, True)


def test_ratings_that_look_like_counts_are_read_when_it_is_said(tmp_path: Path) -> None:
    assert json.loads(agreement(tmp_path, NAMED, "--no-counts", "--json").out)["raters"] == ["ann", "bob", "cem", "dee", "eve"]
    assert json.loads(agreement(tmp_path, NAMED, "--raters", "ann,bob", "--json").out)["raters"] == ["ann", "bob"]


@pytest.mark.parametrize("text", [
    ",b,a,c\na,0,13,0\nb,20,0,7\nc,4,0,56\n", "x,a,b,c,all\na,13,0,0,13\nb,0,20,7,27\nc,0,4,56,60\nall,13,24,63,100\n",
], ids=["in another order", "with sums"])
def test_a_table_of_two_raters_by_its_names(tmp_path: Path, text: str) -> None:
    assert nominal(agreement(tmp_path, text, "--json"), "percent_agreement", "cohen_kappa") == [.89, .7964]
