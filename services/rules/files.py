"""Rules documents in files. A calendar may be the name of a calendar file, relative to the document's folder."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from opsledger.core.documents import CHARACTERS_MAX
from opsledger.core.errors import FieldViolation, InvalidRules
from opsledger.services.documents import place, read_document


def read_rules_document(path: Path) -> dict[str, Any]:
    """The document with its calendar files read in, ready for ``parse_rules``. Raises InvalidInput, naming file and line or field."""
    document = read_document(path)
    if not isinstance(document, dict):
        raise InvalidRules(FieldViolation(place(path), "NOT_A_MAPPING", "must have the keys time_zone, calendars, policies"))
    calendars = document.get("calendars")
    if isinstance(calendars, dict):
        files = [path.parent / calendar for calendar in calendars.values() if isinstance(calendar, str)]
        if sum(file.stat().st_size for file in files if file.is_file()) > CHARACTERS_MAX:
            text = f"holds more than {CHARACTERS_MAX:,} characters, all its files together"
            raise InvalidRules(FieldViolation(f"{place(path)}: calendars", "TOO_LONG", text))
        document["calendars"] = {
            name: read_document(path.parent / calendar) if isinstance(calendar, str) else calendar for name, calendar in calendars.items()
        }
    return document
