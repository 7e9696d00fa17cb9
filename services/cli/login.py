"""``opsledger login`` and ``opsledger logout``: profiles of servers."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli.profiles import NAMES, profiles_file, read_profiles, write_profiles

Profile = Annotated[str, typer.Option("--profile", envvar="OPSLEDGER_PROFILE", help="Its name.")]
File = Path | None


def login(
    address: Annotated[str, typer.Argument(metavar="HOST:PORT[,…]", help="The server, or several nodes.")],
    profile: Profile = "default",
    tenant: Annotated[str, typer.Option(help="Whose data, unless a command says otherwise.", show_default=False)] = "",
    program: Annotated[str, typer.Option(help="Which program, unless a command says otherwise.", show_default=False)] = "",
    token_file: Annotated[File, typer.Option(help="File with the bearer token; read anew by each command.", exists=True)] = None,
    ca_file: Annotated[File, typer.Option(help="Authority (PEM) that the server's certificate is checked with.", exists=True)] = None,
    cert_file: Annotated[File, typer.Option(help="Certificate (PEM) that the server asks for.", exists=True)] = None,
    key_file: Annotated[File, typer.Option(help="Its key (PEM).", exists=True)] = None,
) -> None:
    """Write down where a server is, for commands that do not say it. Nothing is sent.

    opsledger login ops.example.com:50051 --tenant acme --token-file ~/acme.jwt --ca-file ca.pem
    """
    files = {"token_file": token_file, "ca_file": ca_file, "cert_file": cert_file, "key_file": key_file}
    given = {"server": address, "tenant": tenant, "program": program, **{
        name: str(file.resolve()) for name, file in files.items() if file is not None
    }}
    entry = {name: given[name] for name in NAMES if given.get(name)}
    print(f"profile {profile!r} stands in {write_profiles({**read_profiles(), profile: entry})}")


def logout(profile: Profile = "default") -> None:
    """Remove a profile. Token and key files stay where they are.

    opsledger logout --profile staging
    """
    profiles = read_profiles()
    if profile not in profiles:
        text = f"there is no profile {profile!r} in {profiles_file()}; there are: {', '.join(profiles) or 'none'}"
        raise InvalidInput(FieldViolation("--profile", "UNKNOWN", text))
    del profiles[profile]
    write_profiles(profiles)
    print(f"profile {profile!r} is gone")
