"""What stands in the topic: a commit's bytes, as docs/journal-format.md describes them, without a key; or a claim."""
from __future__ import annotations

import json
from typing import NamedTuple

CLAIM_KEY = b"claim"


class Record(NamedTuple):
    """As it was read from the partition."""

    offset: int
    key: bytes | None
    value: bytes


class Claim(NamedTuple):
    """A node says that it writes from here on."""

    epoch: int
    """From 1; a claim counts when its epoch is higher than that of every claim before it."""
    node: str
    address: str
    """Where its clients find it; empty when it does not say."""
    token: str
    """Tells this claim from another one with the same epoch, which does not count."""
    partitions: int = 1
    """How many the topic had: which one an event belongs to depends on it."""


def encode_claim(claim: Claim) -> bytes:
    return json.dumps(claim._asdict(), separators=(",", ":")).encode()


def decode_claim(value: bytes) -> Claim | None:
    """None when it is no claim: something foreign in the topic."""
    try:
        fields = json.loads(value)
        claim = Claim(fields["epoch"], fields["node"], fields["address"], fields["token"], fields.get("partitions", 1))
    except (ValueError, KeyError, TypeError):
        return None
    numbers, texts = (claim.epoch, claim.partitions), (claim.node, claim.address, claim.token)
    is_claim = all(type(number) is int for number in numbers) and all(isinstance(text, str) for text in texts)
    return claim if is_claim else None
