"""Evaluation forms: what is asked about a contact, and how the answers become a score. Immutable; docs/quality.md explains every key.

Ids of forms, sections, questions and options are stable names: answers, other versions of the form and reports refer to them.
Amounts are exact fractions.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from opsledger.core.quality.condition import Condition as Condition  # part of what a form is
from opsledger.core.quality.condition import When


class Mode(StrEnum):
    """How answers are weighed. e: points earned, m: points possible, w: weight of the question, W: of its section."""

    QUESTION_WEIGHTS = "question_weights"
    """Σ w·e/m ÷ Σ w"""
    SECTION_PERCENT = "section_percent"
    """Σ W·(Σe ÷ Σm) ÷ Σ W: each section is a percentage of its own, weighed."""
    POINTS_TIMES_WEIGHT = "points_times_weight"
    """Σ W·e ÷ Σ W·m: as Genesys weighs its question groups."""
    POINTS = "points"
    """Σ e ÷ Σ m"""


class NotApplicable(StrEnum):
    """What becomes of a question that does not apply. The first two differ in section_percent alone."""

    REDISTRIBUTE = "redistribute"
    """It leaves; the rest of its section takes over its weight."""
    ZERO_OF_ZERO = "zero_of_zero"
    """It earns 0 of 0; its share of its section's weight leaves with it."""
    FULL_CREDIT = "full_credit"
    """It counts as answered in the best way."""


class Kind(StrEnum):
    SINGLE = "single"
    MULTI = "multi"
    NUMERIC = "numeric"
    DATE = "date"
    TEXT = "text"


class FailLevel(IntEnum):
    """What an automatic fail reaches."""

    QUESTION = 1
    SECTION = 2
    FORM = 3


class FormFail(StrEnum):
    """What an automatic fail of the form does to the score; the outcome is a fail either way."""

    ZERO = "zero"
    KEEP = "keep"


class CriticalClass(StrEnum):
    CUSTOMER = "customer"
    BUSINESS = "business"
    COMPLIANCE = "compliance"


class Consequence(NamedTuple):
    """What follows from an answer."""

    points: Fraction | None
    auto_fail: FailLevel | None
    is_error: bool
    """The document marks it as a critical error."""


class Option(NamedTuple):
    id: str
    label: str
    then: Consequence


class Range(NamedTuple):
    """Values of a numeric question, both ends included; a value in which two ranges meet is of the later one."""

    low: Fraction
    high: Fraction
    then: Consequence


@dataclass(frozen=True, slots=True)
class Scale:
    """A number earns in proportion: nothing at ``none`` and beyond, everything at ``full`` and beyond."""

    none: Fraction
    full: Fraction

    def share(self, value: Fraction) -> Fraction:
        return min(max((value - self.none) / (self.full - self.none), Fraction(0)), Fraction(1))


@dataclass(frozen=True, slots=True)
class Question:
    id: str
    text: str
    kind: Kind
    section: str
    weight: Fraction | None
    """In question_weights."""
    possible: Fraction
    """The most points that it can earn, or, where its answers only deduct, take away; 0: it is not scored."""
    bonus: bool
    """Its points come on top of what is possible, or, where its answers only deduct, off the whole."""
    options: tuple[Option, ...]
    base: Fraction
    """Of a multiple choice: points before any option is chosen."""
    ranges: tuple[Range, ...]
    least: Fraction | None
    most: Fraction | None
    scale: Scale | None
    """Of a number without ranges."""
    required: bool
    may_be_na: bool
    na_values: frozenset[str | Fraction]
    """Values that say that it does not apply."""
    when: When | None
    critical: CriticalClass | None
    evidence: tuple[str, ...]
    """Kinds of evidence that may be attached."""
    root_causes: tuple[str, ...]

    @property
    def is_scored(self) -> bool:
        return self.possible > 0

    def allows(self, number: Fraction) -> bool:
        """Whether a number can be the answer."""
        if self.ranges:
            return any(each.low <= number <= each.high for each in self.ranges)
        return (self.least is None or number >= self.least) and (self.most is None or number <= self.most)

    @property
    def only_deducts(self) -> bool:
        """Its best answer takes nothing away."""
        return self.kind is not Kind.MULTI and any((then.points or 0) < 0 for then in self.consequences) and all(
            (then.points or 0) <= 0 for then in self.consequences)

    @property
    def marks_errors(self) -> bool:
        """It says itself which answers are critical errors; else it is one to earn nothing."""
        return any(then.is_error for then in self.consequences)

    @property
    def consequences(self) -> tuple[Consequence, ...]:
        """Of its options, or its ranges."""
        return (*(option.then for option in self.options), *(each.then for each in self.ranges))

    def option(self, id: str) -> Option:
        return next(option for option in self.options if option.id == id)


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: str
    weight: Fraction | None
    """In section_percent and points_times_weight."""
    when: When | None
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """A name for scores from ``start`` (a share of 1) up to the next band's."""

    name: str
    start: Fraction
    color: str


@dataclass(frozen=True, slots=True)
class Scoring:
    mode: Mode
    na: NotApplicable
    form_fail: FormFail
    fail_on_critical: frozenset[CriticalClass]
    """A critical error of these classes fails the outcome."""
    pass_mark: Fraction | None
    """A share of 1."""
    score_max: Fraction
    """Where bonus points end; a share of 1, from 1 up."""
    bands: tuple[Band, ...]
    """Ascending; the first starts at 0."""

    def band(self, score: Fraction) -> str | None:
        return next((band.name for band in reversed(self.bands) if score >= band.start), None)


@dataclass(frozen=True)
class Form:
    id: str
    title: str
    scoring: Scoring
    sections: tuple[Section, ...]

    def __iter__(self) -> Iterator[Question]:
        return (question for section in self.sections for question in section.questions)

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        """By id, in the order of the form."""
        return {question.id: question for question in self}

    @cached_property
    def shown_when(self) -> Mapping[str, tuple[When, ...]]:
        """The conditions of each question: its own and its section's. All of them must hold."""
        return {
            question.id: tuple(condition for condition in (section.when, question.when) if condition is not None)
            for section in self.sections for question in section.questions
        }
