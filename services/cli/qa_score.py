"""``opsledger qa score`` and ``qa rescore``: what answers in a file come to, offline."""
from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli.options import AsJson, Delimiter

if TYPE_CHECKING:
    from opsledger.services.quality.answers_file import Reading

AnswersOption = Annotated[
    str, typer.Option("--answers", metavar="FILE", help="CSV, JSON, JSON lines or YAML; one evaluation in each row or entry.")]
IdColumn = Annotated[str, typer.Option("--id", help="Column that names the evaluation.", show_default=False)]
AgentColumn = Annotated[str, typer.Option("--agent", help="Column that names the agent.", show_default=False)]
Columns = Annotated[
    list[str] | None, typer.Option("--column", metavar="QUESTION=COLUMN", help="Where a column is not called like its question.")]
SkipInvalid = Annotated[bool, typer.Option("--skip-invalid", help="Leave out what does not fit the form, and say how many.")]


def score(
    form: Annotated[Path, typer.Option(help="The form (YAML or JSON); docs/quality.md describes it.")],
    answers: AnswersOption,
    id: IdColumn = "",
    agent: AgentColumn = "",
    column: Columns = None,
    delimiter: Delimiter = ",",
    skip_invalid: SkipInvalid = False,
    summary: Annotated[bool, typer.Option("--summary", help="Leave the single evaluations out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score answers by a form: each evaluation with its parts, and all together with intervals.

    Empty cells are N/A where the form allows that.
    """
    from opsledger.services.cli.form import read_form_file
    from opsledger.services.cli.score_tables import document, show
    from opsledger.services.quality.answers_file import AnswersReader
    from opsledger.services.quality.scored_answers import score_answers

    parsed = read_form_file(form)[1]
    reader = AnswersReader(answers, parsed, _reading(id, agent, column, delimiter, skip_invalid))
    found = score_answers(parsed, reader, keep=not summary)
    if as_json:
        print(json.dumps(document(found, with_evaluations=not summary), ensure_ascii=False, indent=2))
    else:
        show(found)


def rescore(
    form_old: Annotated[Path, typer.Option(help="The form by which the answers were given.")],
    form_new: Annotated[Path, typer.Option(help="The form that judges them now.")],
    answers: AnswersOption,
    id: IdColumn = "",
    agent: AgentColumn = "",
    column: Columns = None,
    delimiter: Delimiter = ",",
    skip_invalid: SkipInvalid = False,
    as_json: AsJson = False,
) -> None:
    """Say what past answers would come to under another version of their form. Nothing is written."""
    from opsledger.core.quality.rescore import rescore
    from opsledger.services.cli.form import read_form_file
    from opsledger.services.cli.rescore_tables import Compared, document, show
    from opsledger.services.quality.answers_file import read_answers_file

    old, new = read_form_file(form_old)[1], read_form_file(form_new)[1]
    file = read_answers_file(answers, old, _reading(id, agent, column, delimiter, skip_invalid))
    found = Compared(file, list(rescore(old, new, [each.answers for each in file.evaluations])))
    if as_json:
        print(json.dumps(document(found), ensure_ascii=False, indent=2))
    else:
        show(found)


def _reading(id: str, agent: str, column: list[str] | None, delimiter: str, skip_invalid: bool) -> Reading:
    from opsledger.services.quality.answers_file import Reading

    columns = dict(entry.partition("=")[::2] for entry in column or ())
    if not all(columns.values()):
        raise InvalidInput(FieldViolation("--column", "INVALID", "must be like QUESTION=COLUMN"))
    return Reading(id, agent, columns, delimiter, skip_invalid=skip_invalid)
