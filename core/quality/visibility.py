"""Who sees which evaluation, and when: the table in docs/evaluations.md. A query says the same in SQL (services/quality/sight.py).

What has not been submitted is a draft: it is seen by whoever fills it in and by supervisors, never by the one whose work it is about.
While a calibration is open, its raters do not see what colleagues say of its contacts in evaluations either.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.subject import Subject, SubjectKind


class Viewer(Protocol):
    """Who looks."""

    @property
    def name(self) -> str: ...

    @property
    def evaluates(self) -> bool:
        """May fill in evaluations."""

    @property
    def supervises(self) -> bool: ...

    @property
    def sees_all(self) -> bool:
        """Else only what is about themselves."""


class Rated(NamedTuple):
    """Contacts that somebody rates in open calibrations."""

    tickets: frozenset[tuple[str, str]] = frozenset()
    """Source and id: everything that is said of such a ticket is said of the contact."""
    interactions: frozenset[tuple[str, str]] = frozenset()
    around: frozenset[tuple[str, str]] = frozenset()
    """Tickets of these interactions: what is said of the whole ticket is said of them too."""
    evaluations: frozenset[str] = frozenset()

    def covers(self, subject: Subject) -> bool:
        """Whether it is one of the contacts, or a part or the whole of one."""
        ticket = subject.source, subject.ticket_id
        return (
            ticket in self.tickets or (subject.source, subject.interaction_id) in self.interactions
            or (subject.kind is SubjectKind.TICKET and ticket in self.around) or subject.evaluation_id in self.evaluations
        )


def rated(contacts: Iterable[Subject]) -> Rated:
    of_kind: dict[SubjectKind, list[Subject]] = {kind: [] for kind in SubjectKind}
    for contact in contacts:
        of_kind[contact.kind].append(contact)
    interactions = of_kind[SubjectKind.INTERACTION]
    return Rated(
        frozenset((each.source, each.ticket_id) for each in of_kind[SubjectKind.TICKET]),
        frozenset((each.source, each.interaction_id) for each in interactions),
        frozenset((each.source, each.ticket_id) for each in interactions if each.ticket_id),
        frozenset(each.evaluation_id for each in of_kind[SubjectKind.EVALUATION]),
    )


def may_see(evaluation: Evaluation, viewer: Viewer) -> bool:
    """Calibrations aside."""
    submitted, analyst = bool(evaluation.versions), evaluation.analyst_id
    if viewer.name == evaluation.agent_id:
        return submitted
    if submitted:
        return viewer.sees_all
    return viewer.supervises or (viewer.evaluates and analyst in ("", viewer.name))


def sees_draft(evaluation: Evaluation, viewer: Viewer) -> bool:
    """What has been filled in so far."""
    return viewer.name != evaluation.agent_id and (viewer.supervises or viewer.name == evaluation.analyst_id)


def is_of_colleague(evaluation: Evaluation, viewer: Viewer) -> bool:
    """It says what somebody else thinks, and is about neither of them: a rater of the same contact must not see it. (Whose work it is
    about goes on seeing it, because the time to dispute runs.)"""
    return viewer.name not in (evaluation.analyst_id, evaluation.agent_id) and evaluation.analyst_id != ""
