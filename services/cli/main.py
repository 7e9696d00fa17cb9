"""The ``opsledger`` command. Each group or command is a module of this folder.

Exit codes: 0 done; 1 something is wrong with the data or the system; 2 the input or the command line is wrong.
"""
from __future__ import annotations

import sys
from typing import Annotated

import typer

from opsledger.core.errors import InvalidInput, OpsledgerError
from opsledger.services.cli import (
    cluster,
    coaching,
    demo,
    dlq,
    explain_ticket,
    form,
    imports,
    journal,
    login,
    project,
    qa,
    rules,
    scorecard,
    serve,
    sla,
    timers,
    topics,
)
from opsledger.services.cli.connecting import connect_commands

EXIT_WRONG, EXIT_INPUT = 1, 2

cli = typer.Typer(
    name="opsledger", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
)
cli.add_typer(cluster.group, name="cluster")
cli.add_typer(dlq.group, name="dlq")
cli.add_typer(form.group, name="form")
cli.add_typer(imports.group, name="import")
cli.add_typer(coaching.group, name="coaching")
cli.add_typer(journal.group, name="journal")
cli.add_typer(qa.group, name="qa")
cli.add_typer(rules.group, name="rules")
cli.add_typer(sla.group, name="sla")
cli.add_typer(topics.group, name="topics")
cli.command()(timers.timers)
cli.command()(explain_ticket.explain)
cli.command("scorecard")(scorecard.scorecard)
cli.command()(serve.serve)
cli.command()(demo.demo)
cli.command("catch-up")(project.catch_up)
cli.command()(project.rebuild)
cli.command()(login.login)
cli.command()(login.logout)


connect_commands(cli)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("opsledger"))
        raise typer.Exit


@cli.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    """The operations ledger: ticket facts in; SLA clocks and agent scorecards out."""


def app() -> None:
    """Entry point of the console script: errors meant for people are printed as such, without a traceback."""
    try:
        cli()
    except InvalidInput as error:
        for violation in error.violations:
            print(f"error: {violation.field}: {violation.description}", file=sys.stderr)
        sys.exit(EXIT_INPUT)
    except OpsledgerError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_WRONG)


if __name__ == "__main__":
    app()
