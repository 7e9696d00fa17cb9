"""Settings: where they come from, in which order, and what is refused."""
from __future__ import annotations

from pathlib import Path

import pytest

from opsledger.core.errors import InvalidSettings
from opsledger.services.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("OPSLEDGER_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "opsledger.yaml"


def wrong(config: Path | None = None, **flags: object) -> list[tuple[str, str]]:
    """Field and reason of everything that is refused."""
    with pytest.raises(InvalidSettings) as caught:
        load_settings(config, **flags)
    return [(violation.field, violation.reason) for violation in caught.value.violations]


def test_without_anything_it_is_the_defaults() -> None:
    assert load_settings().model_dump() == Settings().model_dump()


def test_flags_go_before_variables_before_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("journal: file\ndatabase: sqlite:///file\nlimits: {window: 3, batch_events_max: 7}\ndrain_s: 5")
    monkeypatch.setenv("OPSLEDGER_DATABASE", "sqlite:///variable")
    monkeypatch.setenv("OPSLEDGER_LIMITS__WINDOW", "4")
    monkeypatch.setenv("OPSLEDGER_JOURNAL", "variable")
    settings = load_settings(config, journal=Path("flag"), database=None)
    assert (settings.journal, settings.database, settings.drain_s) == (Path("flag"), "sqlite:///variable", 5.0)
    assert (settings.limits.window, settings.limits.batch_events_max) == (4, 7)


def test_several_addresses_are_separated_by_commas() -> None:
    assert load_settings(listen="127.0.0.1:1, unix:/run/o.sock,[::1]:0").listen == ("127.0.0.1:1", "unix:/run/o.sock", "[::1]:0")


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_one(config: Path) -> None:
    config.write_text("journal: j\nlimits:\n  windo: 3\nlissten: x\n")
    with pytest.raises(InvalidSettings, match=r"opsledger.yaml line 3: limits.windo: .*did you mean window\?.*line 4: lissten: .*listen\?"):
        load_settings(config)


def test_an_unknown_variable_is_named_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSLEDGER_JURNAL", "x")
    with pytest.raises(InvalidSettings, match=r"OPSLEDGER_JURNAL: .*did you mean OPSLEDGER_JOURNAL\?"):
        load_settings()


def test_a_wrong_value_is_named_where_it_stands(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("drain_s: 5\nlimits:\n  window: many\n")
    assert wrong(config) == [(f"{config} line 3: limits.window", "INT_PARSING")]
    monkeypatch.setenv("OPSLEDGER_LIMITS__WINDOW", "0")
    assert wrong(config) == [("OPSLEDGER_LIMITS__WINDOW", "GREATER_THAN")]
    monkeypatch.delenv("OPSLEDGER_LIMITS__WINDOW")
    assert wrong(listen="nowhere") == [("--listen", "VALUE_ERROR")]
    assert wrong(log={"level": "loud"}) == [("--log-level", "LITERAL_ERROR")]


@pytest.mark.parametrize(("text", "said"), [
    ("listen: 5", "listen: must be text, or a list of texts"), ("listen: [5]", "listen.0: must be text"),
    ("journal: 5", "journal: must be a path"),
    ("limits: {window: many}", "limits.window: must be a whole number"), ("limits: {window: 0}", "limits.window: must be greater than 0"),
    ("tls: {cert_file: c.pem}", "tls.key_file: must be set"),
])
def test_what_is_wrong_is_said_in_words_of_the_file(config: Path, text: str, said: str) -> None:
    config.write_text(text)
    with pytest.raises(InvalidSettings, match=f"line 1: {said}$"):
        load_settings(config)


@pytest.mark.parametrize(("text", "place"), [("a: [", " line 1"), ("- a\n- b", ""), ("x: 1\n\ty: 2", " line 2")])
def test_a_file_that_is_no_mapping_is_refused(config: Path, text: str, place: str) -> None:
    config.write_text(text)
    assert wrong(config) == [(f"{config}{place}", "MALFORMED")]


def test_a_file_that_is_not_there_is_named(config: Path) -> None:
    assert wrong(config) == [(str(config), "UNREADABLE")]


@pytest.mark.parametrize("listen", ["0.0.0.0:1", "[::]:1", "example.org:1", "127.0.0.1:1,10.0.0.1:1"])
def test_nobody_listens_to_the_world_by_accident(listen: str) -> None:
    assert wrong(listen=listen) == [("listen", "NOT_GUARDED")]
    assert load_settings(listen=listen, insecure=True).insecure


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "localhost:1", "unix:/run/o.sock"])
def test_this_machine_needs_no_authentication(listen: str) -> None:
    assert load_settings(listen=listen).auth is None


def test_authentication_opens_the_server_to_others(tmp_path: Path) -> None:
    assert load_settings(listen="0.0.0.0:1", auth={"key_file": tmp_path}).listen == ("0.0.0.0:1",)
    assert load_settings(listen="0.0.0.0:1", tls={"cert_file": "c", "key_file": "k", "client_ca_file": "ca"}).tls is not None
    assert wrong(listen="0.0.0.0:1", tls={"cert_file": "c", "key_file": "k"}) == [("listen", "NOT_GUARDED")]


@pytest.mark.parametrize("reached", [{"listen": "0.0.0.0:1"}, {"listen": "[::]:1"}, {"advertise": "0.0.0.0:1"}])
def test_a_node_says_where_the_others_reach_it(reached: dict[str, str]) -> None:
    node = {"kafka": {"bootstrap_servers": "k:9092"}, "node_id": "n1", "insecure": True}
    assert wrong(**node | reached) == [("advertise", "REQUIRED")]
    assert load_settings(**node | reached | {"advertise": "n1:1"}).advertise == "n1:1"


def test_the_exchange_goes_through_the_journals_kafka_unless_it_names_another(config: Path) -> None:
    config.write_text("kafka: {bootstrap_servers: 'k1:9092,k2:9092'}\nnode_id: n7\nexchange: {ingress: true}")
    exchange = load_settings(config).exchange
    assert exchange is not None
    assert (exchange.kafka.bootstrap_servers, exchange.instance, exchange.ingress) == (("k1:9092", "k2:9092"), "n7", True)
    config.write_text("exchange: {publish: true, instance: x, kafka: {bootstrap_servers: 'far:9092'}}")
    exchange = load_settings(config).exchange
    assert exchange is not None
    assert (exchange.kafka.bootstrap_servers, exchange.instance, exchange.ingress) == (("far:9092",), "x", False)


def test_an_exchange_without_a_kafka_is_refused(config: Path) -> None:
    config.write_text("exchange: {ingress: true}")
    assert wrong(config) == [(f"{config} line 1: exchange.kafka", "MISSING")]


@pytest.mark.parametrize(("text", "field"), [
    ("kafka: {bootstrap_servers: 'k:9092'}", "node_id"),
    ("kafka: {bootstrap_servers: 'k:9092'}\nnode_id: a/b", "node_id"),
    ("kafka: {bootstrap_servers: 'k:9092'}\nnode_id: ..", "node_id"),
    ("kafka: {bootstrap_servers: 'k:9092'}\nnode_id: n1\nlisten: 0.0.0.0:50051\ninsecure: true", "advertise"),
    ("kafka: {bootstrap_servers: 'k:9092'}\nnode_id: n1\nauth: {key_file: key.pem}", "peers.token_file"),
])
def test_a_node_that_the_others_could_not_reach_or_tell_apart_is_refused(config: Path, text: str, field: str) -> None:
    config.write_text(text)
    [(place, _)] = wrong(config)
    assert field in place
