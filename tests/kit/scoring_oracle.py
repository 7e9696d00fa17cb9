"""Scores straight from the formulas of docs/quality.md, over the documents themselves, without anything of ours."""
from __future__ import annotations

from fractions import Fraction
from typing import Any

Document = dict[str, Any]


def _worth(question: Document) -> tuple[Fraction, dict[str, Fraction]]:
    if question["type"] == "numeric":
        return Fraction(question["max"]), {}
    points = {option["id"]: Fraction(option["points"]) for option in question["options"]}
    if question["type"] == "multi":
        return sum(points.values(), Fraction(0)), points
    return max(points.values()) if max(points.values()) > 0 else -min(points.values()), points


def outside(question: Document) -> bool:
    """Its points are none of those that can be earned: a bonus, or a question that only deducts."""
    if question.get("type") == "single" and max(option["points"] for option in question["options"]) <= 0:
        return True
    return bool(question.get("bonus"))


def _answer(question: Document, answer: Any) -> tuple[Fraction, int]:
    """Points, and how far it fails: 0 to 3."""
    if question["type"] == "numeric":
        return Fraction(str(answer)), 0
    _, points = _worth(question)
    chosen = answer if isinstance(answer, list) else [answer]
    levels = {"question": 1, "section": 2, "form": 3}
    fails = [levels[option["auto_fail"]] for option in question["options"] if option["id"] in chosen and "auto_fail" in option]
    return sum((points[id] for id in chosen), Fraction(0)), max(fails, default=0)


def score(document: Document, answers: Document) -> Fraction | None:
    """A share of 1; None where nothing applies."""
    scoring = document["scoring"]
    mode, na, most = scoring["mode"], scoring["na"], Fraction(scoring["score_max"], 100)
    top = bottom = bonus = Fraction(0)
    form_failed = False
    for section in document["sections"]:
        earned = possible = extra = place = Fraction(0)
        failed = {question["id"]: _answer(question, answers[question["id"]])[1] for question in section["questions"]
                  if answers.get(question["id"], "na") != "na"}
        form_failed |= 3 in failed.values()
        gone = any(level == 2 or (level == 3 and scoring["auto_fail"] == "zero") for level in failed.values())
        for question in section["questions"]:
            worth, answer = _worth(question)[0], answers.get(question["id"])
            if worth == 0 or answer is None:
                continue
            if answer == "na" and (na == "redistribute" or outside(question)):
                continue
            points = worth if answer == "na" else _answer(question, answer)[0]
            level = failed.get(question["id"], 0)
            if gone or level == 1 or (level == 3 and scoring["auto_fail"] == "zero"):
                points = min(points, Fraction(0))
            weight = Fraction(question["weight"]) / worth if mode == "question_weights" else Fraction(1)
            place += 0 if outside(question) else weight * worth
            if answer == "na" and na == "zero_of_zero":
                continue
            if outside(question) and points > 0:
                extra += weight * points
            else:
                earned += weight * points
                possible += 0 if outside(question) else weight * worth
        if mode == "section_percent":
            factor = Fraction(section["weight"]) / place if possible else Fraction(0)
        else:
            factor = Fraction(section["weight"]) if mode == "points_times_weight" else Fraction(1)
        top, bottom, bonus = top + factor * earned, bottom + factor * possible, bonus + factor * extra
    if form_failed and scoring["auto_fail"] == "zero":
        return Fraction(0)
    if bottom == 0:
        return None
    return max(min((top + bonus) / bottom, most) if bonus else top / bottom, Fraction(0))
