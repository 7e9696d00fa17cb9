"""The client makes a decoder for a kind of answer when the first one comes, and changes what all its threads share while it does. Two
threads that do so at once can leave a decoder that fails for good (kafka-python 3.0.12, StructField.compiled_decode_from): every request of
that kind then runs into its timeout, until the process ends. A node opens several connections at once, so here one makes them at a time."""
from __future__ import annotations

from threading import Lock
from typing import Any

from kafka.protocol.schemas.fields.struct import StructField

_making = Lock()
_compiled_decode_from = StructField.compiled_decode_from


def make_one_at_a_time() -> None:
    """For every client of this process."""
    StructField.compiled_decode_from = _alone


def _alone(struct: StructField, *key: Any, **more: Any) -> Any:
    with _making:
        return _compiled_decode_from(struct, *key, **more)
