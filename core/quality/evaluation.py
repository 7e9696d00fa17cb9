"""Evaluations: what an analyst found in one piece of an agent's work, how it was scored, and what became of that score.

    open ──claim──▶ claimed ──submit──▶ submitted ──acknowledge──▶ acknowledged
                                         │    ▲   ◀──── edit ────────┘
                                      dispute │ uphold, rescore
                                         ▼    │
                                        disputed            void: from everywhere, for good

Every scoring is a version that stays; ``counting`` says which one counts. Times are microseconds since 1970 UTC and come in as arguments.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality import errors
from opsledger.core.quality.evaluation_parts import NO_REASONS, RESCORED, UPHELD, Cause, Dispute, Origin, Status, Version, Voiding
from opsledger.core.quality.revision import carried, changed, judged_by, lowers, unexplained
from opsledger.core.quality.sheet import EMPTY, Plain, Sheet
from opsledger.core.quality.subject import read_subject


class Evaluation(Aggregate):
    """Of one subject, by one form version."""

    # Events

    class Started(Aggregate.Created):
        TOPIC = "quality.evaluation.started"
        tenant: str
        program: str
        subject: dict[str, str]
        agent_id: str
        group: str
        form_id: str
        form_version: int
        analyst_id: str
        actor_id: str
        draw_id: str
        contact_at_us: int
        due_at_us: int | None
        dispute_within_us: int
        calendar: str
        started_at_us: int

    class Imported(Aggregate.Event):
        TOPIC = "quality.evaluation.imported"
        name: str
        importer_id: str
        imported_at_us: int

    class Claimed(Aggregate.Event):
        TOPIC = "quality.evaluation.claimed"
        analyst_id: str
        claimed_at_us: int

    class DraftSaved(Aggregate.Event):
        TOPIC = "quality.evaluation.draft_saved"
        sheet: Plain
        saved_at_us: int

    class Submitted(Aggregate.Event):
        TOPIC = "quality.evaluation.submitted"
        sheet: Plain
        result: Plain
        dispute_until_us: int
        submitted_at_us: int

    class Acknowledged(Aggregate.Event):
        TOPIC = "quality.evaluation.acknowledged"
        version: int
        acknowledged_at_us: int

    class Disputed(Aggregate.Event):
        TOPIC = "quality.evaluation.disputed"
        reasons: dict[str, str]
        disputed_at_us: int

    class DisputeUpheld(Aggregate.Event):
        TOPIC = "quality.evaluation.dispute_upheld"
        questions: list[str]
        reviewer_id: str
        reason: str
        reviewed_at_us: int

    class Rescored(Aggregate.Event):
        TOPIC = "quality.evaluation.rescored"
        questions: list[str]
        sheet: Plain
        result: Plain
        reviewer_id: str
        reason: str
        reviewed_at_us: int
        other_reasons: dict[str, str]

    class Edited(Aggregate.Event):
        TOPIC = "quality.evaluation.edited"
        sheet: Plain
        result: Plain
        actor_id: str
        reason: str
        edited_at_us: int

    class RecourseReopened(Aggregate.Event):
        TOPIC = "quality.evaluation.recourse_reopened"
        questions: list[str]
        dispute_until_us: int
        reopened_at_us: int

    class Voided(Aggregate.Event):
        TOPIC = "quality.evaluation.voided"
        actor_id: str
        reason: str
        voided_at_us: int

    # Commands: check, then record. One that would change nothing records nothing.

    @classmethod
    def start(cls, actor_id: str, agent_id: str, analyst_id: str, **fields: Any) -> Evaluation:
        """``analyst_id`` is empty for one that any analyst may claim. Raises OwnWork."""
        if analyst_id == agent_id:
            raise errors.OwnWork(analyst_id)
        return cls(actor_id=actor_id, agent_id=agent_id, analyst_id=analyst_id, **fields)

    @classmethod
    def imported(
        cls, id: UUID, name: str, importer_id: str, agent_id: str, analyst_id: str, sheet: Sheet, result: Plain, judged_at_us: int,
        dispute_until_us: int, now_us: int, **fields: Any,
    ) -> Evaluation:
        """One that was made elsewhere, where it is called ``name``, and was submitted at ``judged_at_us``. Raises OwnWork."""
        if analyst_id == agent_id:
            raise errors.OwnWork(analyst_id)
        found = cls._create(
            cls.Started, id=id, actor_id=importer_id, agent_id=agent_id, analyst_id=analyst_id, draw_id="", due_at_us=None,
            started_at_us=judged_at_us, **fields)
        found._imported(name=name, importer_id=importer_id, imported_at_us=now_us)
        found.submit(analyst_id, sheet, result, dispute_until_us, judged_at_us)
        return found

    @event(Started)
    def __init__(
        self, tenant: str, program: str, subject: dict[str, str], agent_id: str, group: str, form_id: str, form_version: int,
        analyst_id: str, actor_id: str, draw_id: str, contact_at_us: int, due_at_us: int | None, dispute_within_us: int,
        calendar: str, started_at_us: int,
    ) -> None:
        self.tenant, self.program, self.subject = tenant, program, read_subject(subject)
        self.agent_id, self.group, self.analyst_id, self.draw_id = agent_id, group, analyst_id, draw_id
        self.form_id, self.form_version = form_id, form_version
        self.contact_at_us, self.due_at_us, self.started_at_us = contact_at_us, due_at_us, started_at_us
        self.dispute_within_us, self.calendar = dispute_within_us, calendar
        self.draft = EMPTY
        self.versions: tuple[Version, ...] = ()
        self.disputes: dict[str, Dispute] = {}
        """The last one of each question."""
        self.settled: tuple[Dispute, ...] = ()
        """Decided ones of questions that were judged anew since, and may be disputed again."""
        self.dispute_until_us: int | None = None
        self.acknowledged_at_us: int | None = None
        self.voided: Voiding | None = None
        self.origin: Origin | None = None
        self.changed_at_us = started_at_us

    def claim(self, actor_id: str, now_us: int) -> None:
        """Raises OwnWork, AlreadyClaimed, AlreadyVoided."""
        self._check_living()
        self._check_not_own(actor_id)
        if self.analyst_id not in ("", actor_id):
            raise errors.AlreadyClaimed(self.id, self.analyst_id)
        if not self.analyst_id:
            self._claimed(analyst_id=actor_id, claimed_at_us=now_us)

    def save_draft(self, actor_id: str, sheet: Sheet, now_us: int) -> None:
        """The last draft is the one that stands. Raises NotTheAnalyst, AlreadySubmitted, AlreadyVoided."""
        self._check_living()
        self._check_analyst(actor_id)
        if self.versions:
            raise errors.AlreadySubmitted(self.id)
        if sheet != self.draft:
            self._draft_saved(sheet=sheet.plain(), saved_at_us=now_us)

    def submit(self, actor_id: str, sheet: Sheet, result: Plain, dispute_until_us: int, now_us: int) -> None:
        """``result`` is the sheet's by the pinned form. Raises NotTheAnalyst, AlreadySubmitted, AlreadyVoided."""
        self._check_living()
        self._check_analyst(actor_id)
        if self.versions and self.versions[0].sheet != sheet:
            raise errors.AlreadySubmitted(self.id)
        if not self.versions:
            self._submitted(sheet=sheet.plain(), result=result, dispute_until_us=dispute_until_us, submitted_at_us=now_us)

    def acknowledge(self, actor_id: str, now_us: int) -> None:
        """Raises NotTheAgent, NotSubmitted, DisputeOpen, AlreadyVoided."""
        self._check_agent(actor_id)
        self._check_undisputed()
        if self.acknowledged_at_us is None:
            self._acknowledged(version=self.counting, acknowledged_at_us=now_us)

    def dispute(self, actor_id: str, reasons: Mapping[str, str], now_us: int) -> None:
        """``reasons`` by question. Raises NotTheAgent, NotSubmitted, AlreadyVoided, AlreadyAcknowledged, DisputeTooLate, AlreadyDisputed;
        InvalidInput for no question, one that the form does not have, or one without a reason."""
        self._check_agent(actor_id)
        self._check_reasons(reasons)
        disputed = {id: self.disputes[id].reason for id in reasons if id in self.disputes}
        if disputed == dict(reasons):
            return
        if disputed:
            raise errors.AlreadyDisputed(self.id, next(iter(disputed)))
        if self.acknowledged_at_us is not None:
            raise errors.AlreadyAcknowledged(self.id)
        if self.dispute_until_us is not None and now_us > self.dispute_until_us:
            raise errors.DisputeTooLate(self.id, self.dispute_until_us)
        self._disputed(reasons=dict(reasons), disputed_at_us=now_us)

    def uphold(self, actor_id: str, questions: Collection[str], reason: str, now_us: int) -> None:
        """The score stands. No questions: all that are disputed. Raises OwnWork, OwnEvaluation, NotSubmitted, NothingDisputed,
        AlreadyVoided, InvalidInput."""
        self._check_judge(actor_id, reason)
        if questions and all(self._decided(id, UPHELD) for id in questions):
            return
        self._dispute_upheld(questions=self._reviewed(actor_id, questions), reviewer_id=actor_id, reason=reason, reviewed_at_us=now_us)

    def rescore(
        self, actor_id: str, questions: Collection[str], sheet: Sheet, result: Plain, reason: str, now_us: int, *,
        other_reasons: Mapping[str, str] = NO_REASONS, dispute_until_us: int | None = None,
    ) -> None:
        """What the review says instead. No questions: all that are disputed; those that keep their answer are upheld, and if nothing
        changes there is no new version. Others change with a reason of their own. ``dispute_until_us``: as for ``edit``.

        Raises as ``uphold``; InvalidInput for a change without a reason."""
        self._check_judge(actor_id, reason)
        before, sheet = self.current, carried(self.current.sheet, sheet)
        if questions and sheet == before.sheet and all(self._decided(id, UPHELD, RESCORED) for id in questions):
            return
        reviewed, different = self._reviewed(actor_id, questions), changed(before.sheet, sheet)
        if wrong := list(unexplained(before, sheet, result, reviewed, other_reasons)):
            raise InvalidInput(*wrong)
        if upheld := [id for id in reviewed if id not in different]:
            self._dispute_upheld(questions=upheld, reviewer_id=actor_id, reason=reason, reviewed_at_us=now_us)
        if sheet != before.sheet:
            self._rescored(
                questions=[id for id in reviewed if id in different], sheet=sheet.plain(), result=result, reviewer_id=actor_id,
                reason=reason, reviewed_at_us=now_us, other_reasons=dict(other_reasons))
            self._reopen_recourse(before, dispute_until_us, now_us)

    def edit(
        self, actor_id: str, sheet: Sheet, result: Plain, reason: str, now_us: int, *, dispute_until_us: int | None = None
    ) -> None:
        """A new version counts; one that was acknowledged asks to be acknowledged anew, and one that lowers the score can be disputed
        until ``dispute_until_us``. Raises OwnWork, NotSubmitted, DisputeOpen, AlreadyVoided, InvalidInput."""
        self._check_judge(actor_id, reason)
        self._check_undisputed()
        before = self.current
        if sheet != before.sheet:
            self._edited(sheet=sheet.plain(), result=result, actor_id=actor_id, reason=reason, edited_at_us=now_us)
            self._reopen_recourse(before, dispute_until_us, now_us)

    def void(self, actor_id: str, reason: str, now_us: int) -> None:
        """It counts no more, as if it had never been made. Raises OwnWork, InvalidInput."""
        self._check_not_own(actor_id)
        _check_reason(reason)
        if self.voided is None:
            self._voided(actor_id=actor_id, reason=reason, voided_at_us=now_us)

    # Fold

    @event(Imported)
    def _imported(self, name: str, importer_id: str, imported_at_us: int) -> None:
        self.origin = Origin(name, importer_id, imported_at_us)

    @event(Claimed)
    def _claimed(self, analyst_id: str, claimed_at_us: int) -> None:
        self.analyst_id = analyst_id
        self.changed_at_us = claimed_at_us

    @event(DraftSaved)
    def _draft_saved(self, sheet: Plain, saved_at_us: int) -> None:
        self.draft = Sheet(**sheet)
        self.changed_at_us = saved_at_us

    @event(Submitted)
    def _submitted(self, sheet: Plain, result: Plain, dispute_until_us: int, submitted_at_us: int) -> None:
        self.draft = EMPTY
        self.dispute_until_us = dispute_until_us
        self._add(Cause.SUBMITTED, self.analyst_id, submitted_at_us, "", sheet, result)

    @event(Acknowledged)
    def _acknowledged(self, version: int, acknowledged_at_us: int) -> None:
        self.acknowledged_at_us = self.changed_at_us = acknowledged_at_us

    @event(Disputed)
    def _disputed(self, reasons: dict[str, str], disputed_at_us: int) -> None:
        for question, reason in reasons.items():
            self.disputes[question] = Dispute(question, reason, self.counting, disputed_at_us)
        self.changed_at_us = disputed_at_us

    @event(DisputeUpheld)
    def _dispute_upheld(self, questions: list[str], reviewer_id: str, reason: str, reviewed_at_us: int) -> None:
        self._review(questions, UPHELD, reviewer_id, reason, reviewed_at_us)

    @event(Rescored)
    def _rescored(
        self, questions: list[str], sheet: Plain, result: Plain, reviewer_id: str, reason: str, reviewed_at_us: int,
        other_reasons: dict[str, str] | None = None,
    ) -> None:
        self._review(questions, RESCORED, reviewer_id, reason, reviewed_at_us)
        self._add(Cause.RESCORED, reviewer_id, reviewed_at_us, reason, sheet, result, other_reasons or NO_REASONS)

    @event(Edited)
    def _edited(self, sheet: Plain, result: Plain, actor_id: str, reason: str, edited_at_us: int) -> None:
        self._add(Cause.EDITED, actor_id, edited_at_us, reason, sheet, result)

    @event(RecourseReopened)
    def _recourse_reopened(self, questions: list[str], dispute_until_us: int, reopened_at_us: int) -> None:
        anew = [id for id in questions if id in self.disputes and self.disputes[id].decision]
        self.settled += tuple(self.disputes.pop(id) for id in anew)
        self.dispute_until_us = dispute_until_us

    @event(Voided)
    def _voided(self, actor_id: str, reason: str, voided_at_us: int) -> None:
        self.voided = Voiding(actor_id, reason, voided_at_us)
        self.changed_at_us = voided_at_us

    def _add(
        self, cause: Cause, actor_id: str, at_us: int, reason: str, sheet: Plain, result: Plain,
        other_reasons: Mapping[str, str] = NO_REASONS,
    ) -> None:
        self.versions += (Version(len(self.versions) + 1, cause, actor_id, at_us, reason, Sheet(**sheet), result, other_reasons),)
        self.acknowledged_at_us = None
        self.changed_at_us = at_us

    def _review(self, questions: Collection[str], decision: str, reviewer_id: str, reason: str, at_us: int) -> None:
        for question in questions:
            if question in self.disputes:
                self.disputes[question] = self.disputes[question]._replace(
                    decision=decision, reviewer_id=reviewer_id, review_reason=reason, reviewed_at_us=at_us)
        self.changed_at_us = at_us

    # Queries

    @property
    def status(self) -> Status:
        if self.voided is not None:
            return Status.VOIDED
        if not self.versions:
            return Status.CLAIMED if self.analyst_id else Status.OPEN
        if self.open_disputes:
            return Status.DISPUTED
        return Status.SUBMITTED if self.acknowledged_at_us is None else Status.ACKNOWLEDGED

    @property
    def counting(self) -> int:
        """Number of the version that counts; 0 when none does."""
        return 0 if self.voided is not None else len(self.versions)

    @property
    def current(self) -> Version:
        """The last version. There must be one."""
        return self.versions[-1]

    @property
    def all_disputes(self) -> tuple[Dispute, ...]:
        """The settled ones first."""
        return (*self.settled, *self.disputes.values())

    @property
    def open_disputes(self) -> list[str]:
        return [question for question, dispute in self.disputes.items() if not dispute.decision]

    # Checks

    def _check_living(self) -> None:
        if self.voided is not None:
            raise errors.AlreadyVoided(self.id)

    def _check_not_own(self, actor_id: str) -> None:
        if actor_id == self.agent_id:
            raise errors.OwnWork(actor_id)

    def _check_analyst(self, actor_id: str) -> None:
        if not actor_id or actor_id != self.analyst_id:
            raise errors.NotTheAnalyst(self.id, actor_id, self.analyst_id)

    def _check_submitted(self) -> None:
        self._check_living()
        if not self.versions:
            raise errors.NotSubmitted(self.id)

    def _check_agent(self, actor_id: str) -> None:
        if actor_id != self.agent_id:
            raise errors.NotTheAgent(self.id, actor_id)
        self._check_submitted()

    def _check_judge(self, actor_id: str, reason: str) -> None:
        self._check_submitted()
        self._check_not_own(actor_id)
        _check_reason(reason)

    def _check_undisputed(self) -> None:
        if self.open_disputes:
            raise errors.DisputeOpen(self.id, self.open_disputes)

    def _check_reasons(self, reasons: Mapping[str, str]) -> None:
        known = {entry["question"] for entry in self.current.result["questions"]}
        wrong = [FieldViolation(f"reasons.{id}", "UNKNOWN", "the form has no such question") for id in reasons if id not in known]
        wrong += [FieldViolation(f"reasons.{id}", "REQUIRED", "must say why") for id, reason in reasons.items() if not reason.strip()]
        if not reasons:
            wrong.append(FieldViolation("reasons", "REQUIRED", "must name a question"))
        if wrong:
            raise InvalidInput(*wrong)

    def _decided(self, question: str, *decisions: str) -> bool:
        return question in self.disputes and self.disputes[question].decision in decisions

    def _reviewed(self, actor_id: str, questions: Collection[str]) -> list[str]:
        """What this person is about to review."""
        still_open = self.open_disputes
        if not still_open or not set(questions) <= set(still_open):
            raise errors.NothingDisputed(self.id, sorted(set(questions) - set(still_open)))
        reviewed = sorted(questions) or still_open
        if actor_id in {self.analyst_id, *(judged_by(self.versions, self.disputes[id]) for id in reviewed)}:
            raise errors.OwnEvaluation(self.id, actor_id)
        return reviewed

    def _reopen_recourse(self, before: Version, dispute_until_us: int | None, now_us: int) -> None:
        """If the version that has just been made is worse than the one before it."""
        if dispute_until_us is not None and lowers(before.result, self.current.result):
            self._recourse_reopened(
                questions=sorted(changed(before.sheet, self.current.sheet)),
                dispute_until_us=max(dispute_until_us, self.dispute_until_us or 0), reopened_at_us=now_us)


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput(FieldViolation("reason", "REQUIRED", "must say why"))
