"""Who calls: bearer tokens (JWT, RFC 7519) in the ``authorization`` metadata, and what a token covers.

Claims: ``sub``, ``exp``, ``tenant`` (one) or ``tenants`` (a list; ``"*"`` means every tenant), ``roles`` (a list).
"""
from __future__ import annotations

from collections.abc import AsyncIterator, Container, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import jwt

from opsledger.core.errors import FieldViolation, InvalidSettings, NotAllowed, NotAuthenticated
from opsledger.services.grpc.calls import Call
from opsledger.services.settings import Auth


class Role(StrEnum):
    RECORDER = "recorder"
    """May record ticket events."""
    READER = "reader"
    """May query."""
    MANAGER = "manager"
    """May publish rules and forms."""
    ANALYST = "analyst"
    """May evaluate contacts."""
    SUPERVISOR = "supervisor"
    """May assign evaluations, judge disputes and coach."""
    AGENT = "agent"
    """May see what is about themselves, and answer it."""
    DELEGATE = "delegate"
    """May act in the name of others: a console, an importer."""
    NODE = "node"
    """May hand on what other nodes have let in."""


class Everything(Container[str]):
    """Contains whatever you ask for."""

    def __contains__(self, item: object) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, and what for."""

    subject: str
    tenants: Container[str]
    roles: Container[str]


ANYBODY = Principal("anonymous", Everything(), Everything())
"""Everyone, on a server without authentication."""


def require(principal: Principal, tenant: str | None, role: Role) -> None:
    """Raises NotAllowed unless the principal has the role and, when one is named, the tenant."""
    if role not in principal.roles:
        raise NotAllowed(f"{principal.subject!r} does not have the role {role.value!r}")
    if tenant is not None and tenant not in principal.tenants:
        raise NotAllowed(f"{principal.subject!r} does not have access to the tenant {tenant!r}")


def require_any(principal: Principal, tenant: str | None, *roles: Role) -> None:
    """Raises NotAllowed unless the principal has one of the roles and, when one is named, the tenant."""
    held = next((role for role in roles if role in principal.roles), None)
    if held is None:
        raise NotAllowed(f"{principal.subject!r} has none of the roles {', '.join(repr(role.value) for role in roles)}")
    require(principal, tenant, held)


def acting(principal: Principal, name: str) -> str:
    """Who acts: the principal, or whom it names. Raises NotAllowed when it names somebody else and is no delegate."""
    if name not in ("", principal.subject):
        require(principal, None, Role.DELEGATE)
    return name or principal.subject


class Authenticator(Protocol):
    def principal(self, authorization: str | None) -> Principal:
        """Who sent this ``authorization`` metadata. Raises NotAuthenticated, saying what is wrong with it."""


class NoAuthentication:
    def principal(self, authorization: str | None) -> Principal:
        return ANYBODY


class JwtAuthenticator:
    """Accepts tokens signed with one key. Nothing of a token is trusted before its signature has been checked."""

    def __init__(self, key: str | bytes, algorithms: Sequence[str], *, audience: str | None = None, issuer: str | None = None) -> None:
        self._key, self._algorithms, self._audience, self._issuer = key, list(algorithms), audience, issuer

    def principal(self, authorization: str | None) -> Principal:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotAuthenticated("a token is needed: metadata authorization: Bearer TOKEN")
        try:
            claims = jwt.decode(
                token.strip(), self._key, self._algorithms, audience=self._audience, issuer=self._issuer,
                options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
            )
        except jwt.InvalidTokenError as error:
            raise NotAuthenticated(f"the token is not valid: {error}") from None
        return Principal(claims["sub"], _tenants(claims), _names(claims, "roles"))


def authenticator(auth: Auth | None) -> Authenticator:
    """What the settings ask for. Raises InvalidSettings for a key that the algorithms cannot use."""
    if auth is None:
        return NoAuthentication()
    try:
        key = auth.key_file.read_bytes()
        for name in auth.algorithms:
            jwt.get_algorithm_by_name(name).prepare_key(key)
    except OSError as error:
        raise InvalidSettings(FieldViolation("auth.key_file", "UNREADABLE", f"{auth.key_file}: {error.strerror}")) from None
    except NotImplementedError:
        raise InvalidSettings(FieldViolation("auth.algorithms", "UNKNOWN", f"{name} is not an algorithm of JSON Web Signature")) from None
    except (jwt.InvalidKeyError, ValueError, TypeError) as error:
        raise InvalidSettings(FieldViolation("auth.key_file", "INVALID", f"not a key for {name}: {error}")) from None
    return JwtAuthenticator(key, auth.algorithms, audience=auth.audience, issuer=auth.issuer)


def _tenants(claims: Mapping[str, Any]) -> Container[str]:
    names = _names(claims, "tenants")
    if isinstance(tenant := claims.get("tenant"), str):
        names |= {tenant}
    return Everything() if "*" in names else names


def _names(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    value = claims.get(claim, [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise NotAuthenticated(f"the token is not valid: claim {claim!r} must be a list of strings")
    return frozenset(value)


_principal: ContextVar[Principal] = ContextVar("opsledger_principal")


def current_principal() -> Principal:
    """Who sent the RPC that is being served."""
    return _principal.get()


class Authentication:
    """A step: finds out who calls, before the servicer runs. Health and reflection are open to everyone."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    @asynccontextmanager
    async def __call__(self, call: Call) -> AsyncIterator[None]:
        if call.is_ours:
            principal = self._authenticator.principal(call.metadata("authorization"))
            _principal.set(principal)
            call.notes["principal"] = principal.subject
        yield
