"""What every command with ``--server`` takes besides: files for TLS and the token; and what it does not say, from environment and profile.

The option wins over the environment, the environment over the profile. A command that names a journal or a database is about these.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli.profiles import chosen_profile, said
from opsledger.services.cli.remote import Files, using

_FILES = {
    "token_file": "File with the bearer token.", "ca_file": "Authority (PEM) that the server's certificate is checked with.",
    "cert_file": "Certificate (PEM) that the server asks for.", "key_file": "Its key (PEM).",
}
_FILLED = ("server", "tenant", "program")


def connect_commands(app: typer.Typer) -> None:
    """Every command of an app, and of its groups, that has ``--server``."""
    for command in app.registered_commands:
        if command.callback is not None and "server" in inspect.signature(command.callback).parameters:
            command.callback = _connected(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            connect_commands(group.typer_instance)


def _connected(command: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(command, eval_str=True)
    required = [name for name in _FILLED if name in signature.parameters and signature.parameters[name].default is inspect.Parameter.empty]

    @wraps(command)
    def run(context: typer.Context, **given: Any) -> Any:
        profile = chosen_profile()
        is_local = any(_is_given(context, name) for name in ("journal", "database")) and not _is_given(context, "server")
        for name in _FILLED:
            if name in given and not _is_given(context, name):
                given[name] = "" if name == "server" and is_local else said(name, profile) or given[name]
        files = {name: given.pop(name) or _path(said(name, profile)) for name in _FILES}
        if missing := [name for name in required if not given[name]]:
            raise InvalidInput(*(
                FieldViolation(f"--{name}", "REQUIRED", f"must be given, or OPSLEDGER_{name.upper()}, or a profile: see `opsledger login`")
                for name in missing
            ))
        with using(Files(**files)):
            return command(**given)

    parameters = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY, default="" if each.name in required else each.default)
        for each in signature.parameters.values()
    ]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[
            Path | None, typer.Option(f"--{name.replace('_', '-')}", help=f"{meaning} For --server.", show_default=False)])
        for name, meaning in _FILES.items()
    ]
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    run.__signature__ = signature.replace(parameters=[context, *parameters, *added])  # type: ignore[attr-defined]  # functions have one
    return run


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _path(text: str) -> Path | None:
    return Path(text) if text else None
