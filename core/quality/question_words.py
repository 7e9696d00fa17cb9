"""Words in which forms and answers name things."""
from __future__ import annotations

from opsledger.core.reading import Reading
from opsledger.core.tickets.validation import NAME_BYTES_MAX

NA = "na"
"""The answer of a question that does not apply, in any case of letters; no option can be called so."""


def word(value: object) -> str:
    """A value as text, as ids are written: true is ``yes``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip()


def read_id(reading: Reading, value: object, field: str) -> str:
    """An id; YAML's true and false are the words yes and no."""
    text = word(value) if isinstance(value, bool) else reading.name(value, field)
    if len(text.encode()) > NAME_BYTES_MAX:
        reading.wrong(field, "TOO_LONG", f"must not have more than {NAME_BYTES_MAX} bytes")
    if text != text.strip():
        reading.wrong(field, "MALFORMED", "must not begin or end with a blank")
    return text
