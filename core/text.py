"""What text can be kept: the read models' databases do not take every text that a message or a document can carry."""
from __future__ import annotations


def unkept(text: str) -> str:
    """Why a text cannot be kept, as the rest of a sentence; empty when it can."""
    if "\0" in text:
        return "holds a NUL character"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            return f"holds half of a character, U+{ord(text[error.start]):04X}"
    return ""
