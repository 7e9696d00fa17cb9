"""Who may call, over real gRPC with real keys."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from opsledger.core.errors import InvalidSettings, NotAllowed
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from opsledger.services.grpc.auth import ANYBODY, Principal, Role, acting, authenticator, require, require_any
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.settings import Auth, Settings
from tests.kit.events import event
from tests.kit.servers import Running, running

KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"o" * 32)
PUBLIC_PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
RECORDER: dict[str, Any] = {"sub": "zendesk-bridge", "tenant": "acme", "roles": ["recorder"], "aud": "opsledger"}


def token(key: Any = KEY, algorithm: str = "EdDSA", lives_s: int = 3600, **claims: Any) -> str:
    body = {**RECORDER, "exp": datetime.now(UTC) + timedelta(seconds=lives_s), **claims}
    return jwt.encode({name: value for name, value in body.items() if value is not None}, key, algorithm)


@pytest.fixture(scope="module")
def auth(tmp_path_factory: pytest.TempPathFactory) -> Auth:
    path = tmp_path_factory.mktemp("auth") / "public.pem"
    path.write_bytes(PUBLIC_PEM)
    return Auth(key_file=path, algorithms=("EdDSA",), audience="opsledger")


@pytest.fixture(scope="module")
def server(auth: Auth) -> Iterator[Running]:
    with running(MemoryJournal(), Settings(listen="127.0.0.1:0", auth=auth)) as server:
        yield server


def call(server: Running, authorization: str | None, *tenants: str) -> list[pb.RecordingResult]:
    events = [event(f"e{n}", tenant=tenant) for n, tenant in enumerate(tenants or ("acme",))]
    metadata = () if authorization is None else (("authorization", authorization),)
    return list(TicketRecorderServiceStub(server.channel).RecordTicketEvents(
        pb.RecordTicketEventsRequest(events=events), metadata=metadata, timeout=10
    ).results)


@pytest.mark.parametrize(("authorization", "says"), [
    (None, "Bearer TOKEN"),
    ("Basic abc", "Bearer TOKEN"),
    ("Bearer", "Bearer TOKEN"),
    ("Bearer not.a.token", "not valid"),
    (f"Bearer {token(OTHER_KEY)}", "Signature verification failed"),
    (f"Bearer {token('s' * 32, 'HS256')}", "alg value is not allowed"),
    (f"Bearer {jwt.encode(RECORDER | {'exp': 9999999999}, '', 'none')}", "alg value is not allowed"),
    (f"Bearer {token(lives_s=-60)}", "expired"),
    (f"Bearer {token(aud='elsewhere')}", "Audience"),
    (f"Bearer {token(sub=None)}", "sub"),
    (f"Bearer {token(exp=None)}", "exp"),
    (f"Bearer {token(roles='recorder')}", "'roles' must be a list"),
], ids=["none", "basic", "empty", "garbage", "other key", "other algorithm", "no algorithm", "expired", "audience", "sub", "exp", "roles"])
def test_a_token_that_does_not_hold_is_refused_and_says_why(server: Running, authorization: str | None, says: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(server, authorization)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert says in caught.value.details()


def test_a_token_without_the_role_is_refused(server: Running) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(server, f"Bearer {token(roles=['reader'])}")
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "'zendesk-bridge' does not have the role 'recorder'" in caught.value.details()


def test_an_event_of_another_tenant_is_rejected_by_index(server: Running) -> None:
    results = call(server, f"Bearer {token()}", "acme", "globex", "acme")
    assert [bool(result.position) for result in results] == [True, False, True]
    assert [(v.field, v.reason) for v in results[1].violations] == [("tenant", "NOT_ALLOWED")]


@pytest.mark.parametrize("claims", [{"tenants": ["acme", "globex"]}, {"tenant": "globex", "tenants": ["acme"]}, {"tenants": ["*"]}])
def test_a_token_may_cover_several_tenants(server: Running, claims: dict[str, Any]) -> None:
    assert all(result.position for result in call(server, f"bearer {token(**claims)}", "acme", "globex"))


def test_the_stream_asks_for_a_token_too(server: Running) -> None:
    answers = TicketRecorderServiceStub(server.channel).StreamTicketEvents(iter([pb.StreamTicketEventsRequest(batch_id=1)]), timeout=10)
    with pytest.raises(grpc.RpcError) as caught:
        next(answers)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(("algorithm", "field"), [("RS256", "auth.key_file"), ("XX1", "auth.algorithms"), ("HS256", "auth.key_file")])
def test_a_key_that_does_not_fit_its_algorithm_is_refused_at_the_start(auth: Auth, algorithm: str, field: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        authenticator(auth.model_copy(update={"algorithms": (algorithm,)}))
    assert [violation.field for violation in caught.value.violations] == [field]


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"auth\.key_file: .*none\.pem"):
        authenticator(Auth(key_file=tmp_path / "none.pem"))


def test_a_principal_needs_both_role_and_tenant() -> None:
    reader = Principal("ann", frozenset({"acme"}), frozenset({"reader"}))
    require(reader, "acme", Role.READER)
    require(ANYBODY, "any", Role.MANAGER)
    with pytest.raises(NotAllowed, match="role 'manager'"):
        require(reader, "acme", Role.MANAGER)
    with pytest.raises(NotAllowed, match="tenant 'globex'"):
        require(reader, "globex", Role.READER)


def test_one_of_several_roles_is_enough_with_the_tenant() -> None:
    analyst = Principal("ann", frozenset({"acme"}), frozenset({"analyst"}))
    require_any(analyst, "acme", Role.SUPERVISOR, Role.ANALYST)
    with pytest.raises(NotAllowed, match="none of the roles 'supervisor', 'agent'"):
        require_any(analyst, "acme", Role.SUPERVISOR, Role.AGENT)
    with pytest.raises(NotAllowed, match="tenant 'globex'"):
        require_any(analyst, "globex", Role.ANALYST)


def test_only_a_delegate_acts_in_the_name_of_others() -> None:
    ann, importer = Principal("ann", (), ("analyst",)), Principal("importer", (), ("delegate",))
    assert (acting(ann, ""), acting(ann, "ann"), acting(importer, "bob"), acting(ANYBODY, "bob")) == ("ann", "ann", "bob", "bob")
    with pytest.raises(NotAllowed, match="'delegate'"):
        acting(ann, "bob")


def refusal(ask: Callable[[], object]) -> grpc.StatusCode | None:
    """None when it is answered."""
    try:
        ask()
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return None


@pytest.mark.parametrize(("roles", "tenant", "code"), [
    (["recorder"], "acme", None), (["reader"], "acme", None), (["agent"], "acme", grpc.StatusCode.PERMISSION_DENIED),
    (["reader"], "globex", grpc.StatusCode.PERMISSION_DENIED),
])
def test_who_may_see_what_came_again_with_other_content(
    server: Running, roles: list[str], tenant: str, code: grpc.StatusCode | None
) -> None:
    def ask() -> object:
        return TicketRecorderServiceStub(server.channel).ListDifferingEvents(
            pb.ListDifferingEventsRequest(tenant=tenant), metadata=(("authorization", f"Bearer {token(roles=roles)}"),), timeout=10)

    assert refusal(ask) is code


@pytest.mark.parametrize(("roles", "tenants", "code"), [
    (["recorder"], ["acme"], None), (["reader"], ["acme"], grpc.StatusCode.PERMISSION_DENIED),
    (["reader"], [], grpc.StatusCode.PERMISSION_DENIED), (["recorder"], ["acme", "globex"], grpc.StatusCode.PERMISSION_DENIED),
])
def test_who_may_compare_with_what_is_recorded(server: Running, roles: list[str], tenants: list[str], code: grpc.StatusCode | None) -> None:
    names = [pb.TicketName(tenant=tenant, source="desk", ticket_id="1") for tenant in tenants]

    def ask() -> object:
        return TicketRecorderServiceStub(server.channel).ListTicketEvents(
            pb.ListTicketEventsRequest(tickets=names), metadata=(("authorization", f"Bearer {token(roles=roles)}"),), timeout=10)

    assert refusal(ask) is code
