"""Forms and answers for tests: small ones by hand, and any by hypothesis."""
from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.form import Form
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.scoring import Scored, score
from tests.kit.scoring_oracle import outside

Document = dict[str, Any]


def choice(id: str, *points: float, **more: Any) -> Document:
    """A single choice whose options are called by their points."""
    return {"id": id, "type": "single", "options": [{"id": f"{each:g}", "points": each} for each in points], **more}


def rating(id: str, **more: Any) -> Document:
    """A number from 0 to 10."""
    return {"id": id, "type": "numeric", "min": 0, "max": 10, **more}


def form_of(*sections: Document | list[Document], **scoring: Any) -> Document:
    """Sections, or lists of questions."""
    bodies = [each if isinstance(each, dict) else {"questions": each} for each in sections]
    named = [{"id": f"s{place}", **each} for place, each in enumerate(bodies)]
    return {"form": "f", "scoring": {"mode": "points", **scoring}, "sections": named}


def scored(document: Document, answers: Document) -> Scored:
    form = parse_form(document)
    return score(form, read_answers(form, answers))


def percent(result: Scored) -> Fraction | None:
    return None if result.score is None else 100 * result.score


MODES = ("question_weights", "section_percent", "points_times_weight", "points")


@st.composite
def documents(draw: st.DrawFn, modes: tuple[str, ...] = MODES) -> Document:
    """Any form of single choices, multiple choices and numbers."""
    mode = draw(st.sampled_from(modes))
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    sections: list[Document] = []
    for place, many in enumerate(shape):
        questions = [
            _question(draw, f"q{place}{number}", first=number == 0, bonus=draw(st.integers(0, 5)) == 0 and number > 0)
            for number in range(many)]
        sections.append({"id": f"s{place}", "questions": questions})
    weighed = [question for section in sections for question in section["questions"]]
    if mode == "question_weights":
        for question, weight in zip(weighed, _hundred(draw, weighed), strict=True):
            question["weight"] = weight
    elif mode in ("section_percent", "points_times_weight"):
        for section, weight in zip(sections, _hundred(draw, sections), strict=True):
            section["weight"] = weight
    scoring: Document = {
        "mode": mode, "na": draw(st.sampled_from(["redistribute", "zero_of_zero", "full_credit"])),
        "auto_fail": draw(st.sampled_from(["zero", "keep"])), "score_max": draw(st.sampled_from([100, 110, 250])), "pass_mark": 75,
    }
    return {"form": "any", "scoring": scoring, "sections": sections}


def _question(draw: st.DrawFn, id: str, first: bool, bonus: bool) -> Document:
    """``first`` of its section: it counts, whatever the others are."""
    points = [draw(st.integers(0, 9)) for _ in range(draw(st.integers(1, 3)))] + [draw(st.integers(1, 10))]
    fail = st.sampled_from([None] * 12 + ["question", "section", "form"])
    common: Document = {"id": id, "na": True, **({"bonus": True} if bonus else {})}
    kind = draw(st.sampled_from(["single", "multi", "numeric"]))
    if kind == "numeric":
        return {**common, "type": kind, "min": 0, "max": draw(st.integers(1, 12))}
    off = 0.0
    if kind == "single":  # some of its options take points away, or all
        off = min(draw(st.sampled_from([0, 0, 0, 0, 5.5, 20.5])), max(points) - 0.5 if first or bonus else 99)
    options = [{"id": f"o{place}", "points": (each - off) / 2} for place, each in enumerate(points)]
    for option in options:
        if reach := draw(fail):
            option["auto_fail"] = reach
    return {**common, "type": kind, "options": options}


def _hundred(draw: st.DrawFn, entries: list[Document]) -> list[float]:
    """A weight for each, in quarters, that sum to 100 without the bonuses."""
    weights = [draw(st.integers(1, 24)) / 4 for _ in entries]  # of 16 questions at most: the last one takes the rest
    counted = [place for place, entry in enumerate(entries) if not outside(entry)]
    weights[counted[-1]] += 100 - sum(weights[place] for place in counted)
    return weights


@st.composite
def answers_to(draw: st.DrawFn, form: Form) -> Document:
    found: Document = {}
    for question in form:
        if draw(st.integers(0, 4)) == 0:
            found[question.id] = "na"
        elif question.kind == "numeric":
            found[question.id] = draw(st.integers(0, int(question.most or 0) * 10)) / 10
        elif question.kind == "single":
            found[question.id] = draw(st.sampled_from(question.options)).id
        else:
            found[question.id] = draw(st.lists(st.sampled_from([option.id for option in question.options]), unique=True, min_size=1))
    return found
