"""Sheets as people send them, checked against their form and put into the one way in which they are recorded."""
from __future__ import annotations

from opsledger.core.errors import FieldViolation, InvalidAnswers
from opsledger.core.quality.answers import Answers, read_answers
from opsledger.core.quality.form import Form
from opsledger.core.quality.notes import COMMENT_BYTES_MAX, Note, read_notes
from opsledger.core.quality.result import plain_result
from opsledger.core.quality.scoring import score
from opsledger.core.quality.sheet import Plain, Sheet


def read_sheet(form: Form, said: Sheet, *, complete: bool = True) -> tuple[Sheet, Answers]:
    """The sheet in canonical form, with its answers. Not ``complete``: a draft, from which answers may be missing.

    Raises InvalidAnswers, naming every answer and note that does not fit the form.
    """
    answers = read_answers(form, said.answers, field="answers", complete=complete)
    notes = read_notes(form, said.notes, field="notes")
    if len(said.comment.encode()) > COMMENT_BYTES_MAX:
        raise InvalidAnswers(FieldViolation("comment", "TOO_LONG", f"must not have more than {COMMENT_BYTES_MAX} bytes"))
    return Sheet(answers.plain(), {id: _plain(note) for id, note in notes.items()}, said.comment), answers


def scored_sheet(form: Form, said: Sheet) -> tuple[Sheet, Plain]:
    """A whole sheet, and its result as it is recorded. Raises InvalidAnswers."""
    sheet, answers = read_sheet(form, said)
    return sheet, plain_result(score(form, answers))


def _plain(note: Note) -> Plain:
    return {
        "comment": note.comment, "evidence": [each._asdict() for each in note.evidence], "root_causes": list(note.root_causes)}
