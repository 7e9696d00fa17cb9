"""Reading YAML that people write."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from opsledger.core.errors import FieldViolation, InvalidCalendar, InvalidInput
from opsledger.core.sla.calendar import parse_calendar
from opsledger.services.documents import as_json, naming, read_document


def test_a_calendar_says_the_same_as_json(tmp_path: Path) -> None:
    path = tmp_path / "calendar.yaml"
    path.write_text("""
        time_zone: UTC
        hours: always
        holidays: {dates: [2026-12-24, "05-01"]}
        special_days: {2026-12-31: ["08:00-12:00"]}
    """)
    document = read_document(path)
    assert parse_calendar(json.loads(as_json(document))) == parse_calendar(document)


@pytest.mark.parametrize(("content", "field", "text"), [
    (b"a: 1\nb: {c: 1, c: 2}\n", "line 2", "'c' is there twice"),
    (b"a: [1\n", "line 2", "expected"),
    (b"a: 2026-02-30\n", "line 1", "2026-02-30: day is out of range"),
    (b"a: \xff\n", "", "not a YAML file"),
    (b"a: !!python/object:os.system {}\n", "line 1", "could not determine a constructor"),
])
def test_what_is_no_document(tmp_path: Path, content: bytes, field: str, text: str) -> None:
    path = tmp_path / "document.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=text) as caught:
        read_document(path)
    assert caught.value.violations[0].field == (f"{path}, {field}" if field else str(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        read_document(tmp_path / "nowhere.yaml")


def test_a_merged_key_is_not_a_repeated_one(tmp_path: Path) -> None:
    path = tmp_path / "document.yaml"
    path.write_text("base: &base {a: 1}\nmore: {<<: *base, a: 2}\n")
    assert read_document(path) == {"base": {"a": 1}, "more": {"a": 2}}


def test_naming_keeps_the_class_of_an_error() -> None:
    with pytest.raises(InvalidCalendar) as caught, naming("desk.yaml"):
        raise InvalidCalendar(FieldViolation("hours", "REQUIRED", "must be set"))
    assert caught.value.violations == (FieldViolation("desk.yaml: hours", "REQUIRED", "must be set"),)
