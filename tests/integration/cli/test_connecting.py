"""Commands reach a server with TLS and tokens, set up as docs/serving.md says: by options, environment and profile."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from opsledger.services.cli.main import cli
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.settings import Settings, Tls
from tests.kit.certificates import certificate
from tests.kit.command import Ran, run
from tests.kit.servers import Running, running
from tests.kit.tokens import auth, token

AUTHORITY = certificate("authority")
SERVER, CLIENT = certificate("server", AUTHORITY), certificate("client", AUTHORITY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    for name, content in {
        "ca.pem": AUTHORITY.pem, "server.pem": SERVER.pem, "server.key": SERVER.key_pem,
        "client.pem": CLIENT.pem, "client.key": CLIENT.key_pem,
    }.items():
        (folder / name).write_bytes(content)
    (folder / "acme.jwt").write_text(token("ann", "reader") + "\n")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    tls = Tls(cert_file=folder / "server.pem", key_file=folder / "server.key", client_ca_file=folder / "ca.pem")
    with running(MemoryJournal(), Settings(listen="127.0.0.1:0", tls=tls, auth=auth(folder))) as server:
        yield server


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def options(folder: Path) -> dict[str, str]:
    return {"--token-file": f"{folder}/acme.jwt", "--ca-file": f"{folder}/ca.pem", "--cert-file": f"{folder}/client.pem",
            "--key-file": f"{folder}/client.key"}


def flat(given: dict[str, str]) -> list[str]:
    return [part for pair in given.items() for part in pair]


def answered(ran: Ran) -> bool:
    return ran.code == 0 and ran.document["timers"] == []


def test_options_are_enough(server: Running, folder: Path) -> None:
    assert answered(run("timers", "--server", server.address, "--tenant", "acme", "--json", *flat(options(folder))))


def test_the_environment_says_what_options_do_not(server: Running, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**options(folder), "--server": server.address, "--tenant": "acme"}.items():
        monkeypatch.setenv("OPSLEDGER_" + name.removeprefix("--").replace("-", "_").upper(), value)
    assert answered(run("timers", "--json"))
    other = run("timers", "--tenant", "globex", "--json")
    assert (other.code, "globex" in other.err) == (1, True)  # the option won, and the token is for acme alone


def test_a_profile_says_what_neither_does(server: Running, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("login", server.address, "--tenant", "acme", *flat(options(folder))).code == 0
    file = tmp_path / "config" / "opsledger" / "profiles.yaml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert answered(run("timers", "--json"))
    assert run("login", "127.0.0.1:1", "--profile", "gone").code == 0
    monkeypatch.setenv("OPSLEDGER_PROFILE", "gone")
    monkeypatch.setenv("OPSLEDGER_SERVER", server.address)
    monkeypatch.setenv("OPSLEDGER_TENANT", "acme")
    assert answered(run("timers", "--json", *flat(options(folder))))  # the environment won
    assert run("logout", "--profile", "gone").code == 0
    unknown = run("timers", "--json")
    assert (unknown.code, "there is no profile 'gone'" in unknown.err) == (2, True)


def test_a_database_that_is_named_is_asked_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSLEDGER_SERVER", "127.0.0.1:1")
    ran = run("timers", "--database", f"sqlite:///{tmp_path}/none.db")
    assert "none.db" in ran.err


def test_a_server_that_nobody_names_is_asked_for(tmp_path: Path) -> None:
    ran = run("coaching", "open", "1")
    assert (ran.code, "OPSLEDGER_SERVER" in ran.err) == (2, True)


@pytest.mark.parametrize(("given", "said"), [
    ({"--cert-file": "x"}, "--key-file"), ({"--ca-file": "/none/ca.pem"}, "--ca-file: /none/ca.pem: No such file"),
    ({"--token-file": "/none/jwt"}, "--token-file: /none/jwt: No such file"),
])
def test_files_that_cannot_be_used_are_named(given: dict[str, str], said: str) -> None:
    ran = run("timers", "--server", "127.0.0.1:1", "--tenant", "acme", *flat(given))
    assert (ran.code, said in ran.err) == (2, True)


def commands(app: typer.Typer, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for command in app.registered_commands:
        yield (*above, command.name or command.callback.__name__.replace("_", "-"))  # type: ignore[union-attr]
    for group in app.registered_groups:
        yield from commands(group.typer_instance, (*above, group.name))  # type: ignore[arg-type]


@pytest.mark.parametrize("command", [each for each in commands(cli) if each != ("login",)], ids=" ".join)
def test_every_command_that_has_a_server_has_its_files(command: tuple[str, ...]) -> None:
    shown = run(*command, "--help").out
    assert ("--server " in shown) == ("--ca-file" in shown)
