"""Tokens of people, signed with a key of the tests."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from opsledger.services.settings import Auth

_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"p" * 32)


def auth(folder: Path) -> Auth:
    """Settings of a server that accepts them."""
    file = folder / "people.pem"
    file.write_bytes(_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return Auth(key_file=file, algorithms=("EdDSA",))


def token(name: str, *roles: str, tenant: str = "acme") -> str:
    claims = {"sub": name, "tenant": tenant, "roles": list(roles), "exp": datetime.now(UTC) + timedelta(hours=1)}
    return jwt.encode(claims, _KEY, "EdDSA")


def metadata(name: str, *roles: str, tenant: str = "acme") -> tuple[tuple[str, str], ...]:
    """Of a call by this person."""
    return (("authorization", f"Bearer {token(name, *roles, tenant=tenant)}"),)
