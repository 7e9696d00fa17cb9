"""The errors of quality assurance; part of the tree in core/errors.py.

    NotAllowed
    ├── NotTheAnalyst        another analyst has it
    ├── NotTheAgent          it is about somebody else
    ├── OwnWork              nobody judges what they did themselves
    ├── OwnEvaluation        nobody reviews a dispute against what they judged themselves
    └── NotARater            of this calibration
    Precluded
    ├── AlreadyClaimed
    ├── AlreadySubmitted
    ├── NotSubmitted
    ├── AlreadyAcknowledged
    ├── AlreadyDisputed
    ├── DisputeTooLate
    ├── DisputeOpen          review it first
    ├── NothingDisputed
    ├── AlreadyVoided
    ├── CalibrationOver      closed or cancelled
    ├── AlreadyRated         what was submitted to a calibration stands
    ├── NotInSession         the calibration is about other contacts
    ├── RaterLeft            withdrawn raters do not come back
    ├── ReferenceNeeded      the reference rater cannot withdraw
    ├── StillBlind           submit all contacts first, or wait until it is closed
    └── CalibrationOpen      a colleague's evaluation of a contact that one rates oneself: wait until it is closed
"""
from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from opsledger.core.errors import NotAllowed, Precluded
from opsledger.core.quality.subject import Subject


class NotTheAnalyst(NotAllowed):
    reason = "NOT_THE_ANALYST"

    def __init__(self, evaluation: UUID, actor: str, analyst: str) -> None:
        whose = f"{analyst}'s" if analyst else "claimed by nobody"
        super().__init__(f"evaluation {evaluation} is {whose}, not {actor}'s to fill in")


class NotTheAgent(NotAllowed):
    reason = "NOT_THE_AGENT"

    def __init__(self, evaluation: UUID, actor: str) -> None:
        super().__init__(f"evaluation {evaluation} is not about {actor}")


class OwnWork(NotAllowed):
    reason = "OWN_WORK"

    def __init__(self, actor: str) -> None:
        super().__init__(f"{actor} cannot judge the work of {actor}")


class OwnEvaluation(NotAllowed):
    reason = "OWN_EVALUATION"

    def __init__(self, evaluation: UUID, actor: str) -> None:
        super().__init__(f"{actor} gave the score of evaluation {evaluation} that is disputed; somebody else reviews it")


class AlreadyClaimed(Precluded):
    reason = "ALREADY_CLAIMED"

    def __init__(self, evaluation: UUID, analyst: str) -> None:
        super().__init__(f"evaluation {evaluation} has been claimed by {analyst}")


class AlreadySubmitted(Precluded):
    reason = "ALREADY_SUBMITTED"

    def __init__(self, evaluation: UUID) -> None:
        super().__init__(f"evaluation {evaluation} was submitted; it can be edited with a reason")


class NotSubmitted(Precluded):
    reason = "NOT_SUBMITTED"

    def __init__(self, evaluation: UUID) -> None:
        super().__init__(f"evaluation {evaluation} has not been submitted")


class AlreadyAcknowledged(Precluded):
    reason = "ALREADY_ACKNOWLEDGED"

    def __init__(self, evaluation: UUID) -> None:
        super().__init__(f"evaluation {evaluation} was acknowledged as it stands")


class AlreadyDisputed(Precluded):
    reason = "ALREADY_DISPUTED"

    def __init__(self, evaluation: UUID, question: str) -> None:
        super().__init__(f"question {question} of evaluation {evaluation} has been disputed; a question can be disputed once")


class DisputeTooLate(Precluded):
    reason = "DISPUTE_TOO_LATE"

    def __init__(self, evaluation: UUID, until_us: int) -> None:
        until = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=until_us)
        super().__init__(f"evaluation {evaluation} could be disputed until {until.isoformat(timespec='seconds')}")


class DisputeOpen(Precluded):
    reason = "DISPUTE_OPEN"

    def __init__(self, evaluation: UUID, questions: Iterable[str]) -> None:
        super().__init__(f"evaluation {evaluation} is disputed; review {', '.join(questions)} first")


class NothingDisputed(Precluded):
    reason = "NOTHING_DISPUTED"

    def __init__(self, evaluation: UUID, questions: Iterable[str]) -> None:
        named = ", ".join(questions)
        super().__init__(f"evaluation {evaluation} has no open dispute{f' of {named}' if named else ''}")


class AlreadyVoided(Precluded):
    reason = "ALREADY_VOIDED"

    def __init__(self, evaluation: UUID) -> None:
        super().__init__(f"evaluation {evaluation} was voided")


class NotARater(NotAllowed):
    reason = "NOT_A_RATER"

    def __init__(self, calibration: UUID, actor: str) -> None:
        super().__init__(f"{actor} is no rater of calibration {calibration}")


class CalibrationOver(Precluded):
    reason = "CALIBRATION_OVER"

    def __init__(self, calibration: UUID, status: str) -> None:
        super().__init__(f"calibration {calibration} is {status}")


class AlreadyRated(Precluded):
    reason = "ALREADY_RATED"

    def __init__(self, calibration: UUID, rater: str, contact: Subject) -> None:
        super().__init__(f"{rater} has rated {contact} otherwise in calibration {calibration}; what was submitted stands")


class NotInSession(Precluded):
    reason = "NOT_IN_SESSION"

    def __init__(self, calibration: UUID, contact: Subject) -> None:
        super().__init__(f"calibration {calibration} is not about {contact}")


class RaterLeft(Precluded):
    reason = "RATER_LEFT"

    def __init__(self, calibration: UUID, rater: str) -> None:
        super().__init__(f"{rater} has withdrawn from calibration {calibration}")


class ReferenceNeeded(Precluded):
    reason = "REFERENCE_NEEDED"

    def __init__(self, calibration: UUID, rater: str) -> None:
        super().__init__(f"{rater} is the reference of calibration {calibration}; cancel it instead")


class StillBlind(Precluded):
    reason = "STILL_BLIND"

    def __init__(self, calibration: UUID, viewer: str) -> None:
        super().__init__(
            f"calibration {calibration} does not show {viewer} what others said: submit all contacts first, or wait until it is closed")


class CalibrationOpen(Precluded):
    reason = "CALIBRATION_OPEN"

    def __init__(self, evaluation: UUID, viewer: str) -> None:
        super().__init__(
            f"evaluation {evaluation} is of a contact that {viewer} rates in an open calibration: it is shown when that is closed")
