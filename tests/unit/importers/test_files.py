"""What a file is, and in which encoding: read as it is, or refused with what to do."""
from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import Workbook

from opsledger.core.errors import InvalidInput
from opsledger.services.importers.csv_table import CsvReader
from opsledger.services.importers.files import Layout, Row, open_source
from opsledger.services.importers.mapping import MappingSpec
from opsledger.services.importers.summary import Summary
from opsledger.services.importers.tables import open_table
from opsledger.services.journal.memory import MemoryJournal
from tests.kit.imports import facts_of, imported, table

MAPPING = {"ticket_id": "{id}", "occurred_at": "{at}", "rules": [{"emit": {"opened": {"priority": "{prio}"}}}]}


def read(content: bytes | Workbook, folder: Path, **layout: object) -> tuple[tuple[str, ...], list[Row]]:
    file = folder / "file"
    if isinstance(content, Workbook):
        content.save(file)
    else:
        file.write_bytes(content)
    with open_source(str(file)) as source:
        found = open_table(source, Layout(**layout), Summary())  # type: ignore[arg-type]  # of any kind
        return found.columns, list(found)


def refusal(content: bytes | Workbook, folder: Path, **layout: object) -> str:
    with pytest.raises(InvalidInput) as error:
        read(content, folder, **layout)
    return str(error.value)


def sheet(*rows: Sequence[object]) -> Workbook:
    book = Workbook()
    for row in rows:
        book.active.append([*row])  # type: ignore[union-attr]  # a new workbook has a sheet
    return book


@pytest.mark.parametrize("said", ["utf-8", "utf8", "U8", "utf-8-sig", "UTF-8"])
def test_a_byte_order_mark_is_no_letter_of_the_first_column(said: str, tmp_path: Path) -> None:
    for content in ("id,at\n1,2\n", '"id",at\n1,2\n'):
        for encoding in ("utf-8", "utf-8-sig"):
            assert read(content.encode(encoding), tmp_path, encoding=said)[0] == ("id", "at")


@pytest.mark.parametrize(
    ("written", "said"),
    [("utf-16", "utf-16"), ("utf-32", "utf-32"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("utf-16", "utf-16-le")],
)
def test_utf_16_and_32(written: str, said: str, tmp_path: Path) -> None:
    assert read("id,ä\n1,€\n".encode(written), tmp_path, encoding=said) == (("id", "ä"), [Row(2, ("1", "€"))])


def test_every_mark_of_a_byte_order_is_taken_away(tmp_path: Path) -> None:
    for said in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "gb18030"):
        for text in ("id,名\n", '"id",名\n'):
            assert read(f"\ufeff{text}".encode(said), tmp_path, encoding=said)[0] == ("id", "名")


@pytest.mark.parametrize(
    ("content", "said", "words"),
    [
        ("id,at\n".encode("utf-16"), "utf-8", "byte order mark of utf-16, so it is not utf-8"),
        ("id,at\n".encode("utf-16"), "cp1252", "byte order mark of utf-16, so it is not cp1252"),
        ("id,at\n".encode("utf-32"), "utf-16", "byte order mark of utf-32"),
        ("id,at\n".encode("utf-8-sig"), "latin-1", "byte order mark of utf-8"),
        (b"\xfe\xff\0i\0d", "utf-16-le", "byte order mark of utf-16"),
        ("id,at\n".encode("utf-16-le"), "utf-16", "say utf-16-le or utf-16-be"),
        ("id,at\n".encode("utf-16-le"), "utf-8", "{encoding: utf-16-le}"),
        ("id,at\n".encode("utf-16-be"), "cp1252", "{encoding: utf-16-be}"),
        ("id,naïve\n1,Grüße\n".encode(), "cp1252", "is UTF-8, not cp1252"),
        (("id,name\n" + "1,a\n" * 50_000 + "2,é\n").encode(), "latin-1", "is UTF-8, not latin-1"),
        ("id,工单状态\n1,处理\n".encode(), "gb18030", "is UTF-8, not gb18030"),
        ("id,naïve\n".encode("cp1252"), "utf-8", "'id,naïve' in cp1252 (western Windows)"),
        ("id,Größe\n".encode("cp1252"), "utf-8-sig", "byte 0xf6"),
        ("id,Имя\n".encode("cp1251"), "utf-8", "'id,Имя' in cp1251 (Cyrillic Windows)"),
        ("id,名字\n".encode("gb18030"), "utf-8", "'id,名字' in gb18030 (Chinese)"),
    ],
)
def test_a_wrong_encoding_says_what_the_file_seems_to_be(content: bytes, said: str, words: str, tmp_path: Path) -> None:
    assert words in refusal(content, tmp_path, encoding=said)


@pytest.mark.parametrize("encoding", ["cp1252", "cp1256", "gb18030", "shift_jis", "latin-1"])
def test_other_encodings_are_read_as_they_are_said_to_be(encoding: str, tmp_path: Path) -> None:
    text = {"cp1252": "Größe", "cp1256": "الاسم", "gb18030": "名字", "shift_jis": "名前", "latin-1": "naïve"}[encoding]
    assert read(f"id,{text}\n".encode(encoding), tmp_path, encoding=encoding)[0] == ("id", text)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'[{"id": 1}]', "is JSON, no table"),
        (b'[\n  {"id": 1}\n]', "is JSON, no table"),
        (b'{"id": 1}\n', "is JSON, no table"),
        (b"<html><table>", "is HTML or XML, no table"),
        (b"sep=;\nid;at\n", "say format: {skip_lines: 1}"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx without a password"),
        (b"%PDF-1.7", "is a PDF"),
        (b"\x28\xb5\x2f\xfd\x04", "zstd -d"),
        (b"PAR1xxxx", "is a Parquet file"),
    ],
)
def test_what_is_no_table_says_what_it_is(content: bytes, words: str, tmp_path: Path) -> None:
    assert words in refusal(content, tmp_path)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (["a.csv", "b.csv"], "is a zip of 2 files (a.csv, b.csv): unpack it"),
        ([], "is an empty zip"),
        (["[Content_Types].xml", "word/document.xml"], "is a document of an office program"),
        (["mimetype", "content.xml"], "is an OpenDocument file"),
    ],
)
def test_a_zip_holds_one_file(members: list[str], words: str, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        for name in members:
            archive.writestr(name, "id,at\n")
    assert words in refusal(packed.getvalue(), tmp_path)


def test_a_tar_is_no_table(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"), io.BytesIO())
    assert "is a tar archive: unpack it first" in refusal(packed.getvalue(), tmp_path)


@pytest.mark.parametrize(("written", "say"), [(";", '";"'), ("\t", "tab"), ("|", '"|"')])
def test_another_delimiter_is_named(written: str, say: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(table(written.join(("id", "at", "prio")), [written.join("123")]), encoding="utf-8")

    with pytest.raises(InvalidInput) as error:
        imported(file, CsvReader(MappingSpec.model_validate(MAPPING), "m.yaml"), MemoryJournal())

    columns = f"there is no column 'id'; the columns are: id{written}at{written}prio"
    assert f"{columns}. The header seems to be separated by {say}: say format: {{delimiter: {say}}}" in str(error.value)


def test_a_workbook_has_dates_and_numbers_not_pictures_of_them(tmp_path: Path) -> None:
    day = datetime(2026, 1, 5)
    book = sheet(
        ["text", "date", "time", "moment", "length", "whole", "part", "true", "nothing", "end"],
        ["a", day, time(15, 4, 11), datetime(2026, 1, 5, 9, 30), timedelta(hours=26, minutes=3, seconds=4), 109, 1.5, True, None, "x"],
        [],
        ["b", date(2026, 1, 6)],
    )

    columns, rows = read(book, tmp_path, decimal=",")

    assert columns == ("text", "date", "time", "moment", "length", "whole", "part", "true", "nothing", "end")
    assert rows == [
        Row(2, ("a", "2026-01-05", "15:04:11", "2026-01-05T09:30:00", "26:03:04", "109", "1,5", "TRUE", "", "x")),
        Row(4, ("b", "2026-01-06", *[""] * 8)),
    ]


@pytest.mark.parametrize("calendar", ["gregorian", "persian"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_dates_of_a_workbook_need_no_format(calendar: str, packed: bool, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"  # whatever its name says
    sheet(["id", "day", "hour", "prio"], [1, datetime(2026, 1, 5), time(9, 5), 2.0]).save(file)
    if packed:
        content = file.read_bytes()
        with ZipFile(file, "w") as archive:
            archive.writestr("export.xlsx", content)
    mapping = MAPPING | {"occurred_at": "{day} {hour}", "time": {"formats": "%Y-%d-%m %H:%M", "zone": "Asia/Tehran", "calendar": calendar}}
    journal = MemoryJournal()

    imported(file, CsvReader(MappingSpec.model_validate(mapping), "m.yaml"), journal)

    [[fact]] = facts_of(journal).values()
    assert datetime.utcfromtimestamp(fact.occurred_at_us / 1e6) == datetime(2026, 1, 5, 5, 35)
    assert (fact.ticket_id, fact.fact.priority) == ("1", "2")  # type: ignore[union-attr]  # an opening


def test_a_sheet_can_be_named_and_others_are_remarked(tmp_path: Path) -> None:
    book = sheet(["id"], ["first"])
    book.create_sheet("Tickets").append(["id", "at"])
    book["Tickets"].append([7, None])
    book.create_sheet("hidden").sheet_state = "hidden"
    file = tmp_path / "book"
    book.save(file)

    for name, remarks in (("", ["sheet 'Sheet' was read; the workbook has others: 'Tickets' (format.sheet)"]), ("Tickets", [])):
        summary = Summary()
        with open_source(str(file)) as source:
            found = open_table(source, Layout(sheet=name), summary)
            assert found.columns == (("id", "at") if name else ("id",))
        assert summary.remarks == remarks
    assert "there is no 'Other'; there are: Sheet, Tickets" in refusal(book, tmp_path, sheet="Other")


def test_a_formula_that_was_never_computed_is_not_an_empty_cell(tmp_path: Path) -> None:
    book = sheet(["id", "at"], ["1", "2026-01-05"], ["2", "=A2"])  # as a program writes it that is no spreadsheet

    assert "holds a formula in row 3 that was never computed" in refusal(book, tmp_path)


def test_a_formula_has_the_value_that_was_computed_last(tmp_path: Path) -> None:
    sheet(["id", "at"], ["1", "=1+1"]).save(tmp_path / "plain")
    with ZipFile(tmp_path / "plain") as plain, ZipFile(tmp_path / "computed", "w") as computed:
        for name in plain.namelist():
            computed.writestr(name, plain.read(name).replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>").replace(
                b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>"))

    assert read((tmp_path / "computed").read_bytes(), tmp_path)[1] == [Row(2, ("1", "2"))]


@pytest.mark.parametrize(
    ("header", "words"),
    [("Time,Time,Time (2)", "would both be called 'Time (2)'"), ("e\u0301,\u00e9", "would both be called '\u00e9'"), ("", "must name")],
)
def test_columns_whose_names_collide_are_refused(header: str, words: str, tmp_path: Path) -> None:
    assert words in refusal(f"{header}\n1,2,3\n".encode(), tmp_path)


def test_columns_of_one_name_are_remarked(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("id,at,prio,prio,at\n1,2026-01-05,P1,P2,2026-01-06\n", encoding="utf-8")
    journal = MemoryJournal()

    summary = imported(file, CsvReader(MappingSpec.model_validate(MAPPING), "m.yaml"), journal)

    assert summary.remarks == [
        "the header has 2 columns 'at'; in a mapping they are {at}, then {at (2)}",
        "the header has 2 columns 'prio'; in a mapping they are {prio}, then {prio (2)}",
    ]


def test_a_column_is_found_however_its_letters_are_composed(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("id,at,priorite\u0301\n1,2026-01-05,P1\n", encoding="utf-8")
    spec = MAPPING | {"rules": [{"emit": {"opened": {"priority": "{priorit\u00e9}"}}}]}

    assert imported(file, CsvReader(MappingSpec.model_validate(spec), "m.yaml"), MemoryJournal()).recorded == 1


HEADER = "id,at,cat,prio"
GOOD = ["1,2026-01-05,a,P1", "2,2026-01-05,b,P1", "3,2026-01-05,c,"]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("bad", ["4,2026-01-05,Printer, colour,", "4,2026-01-05,Printer, colour, big,", "4,2026-01-05,,,,,"])
def test_a_delimiter_without_quotes_is_refused_wherever_it_stands(bad: str, place: int, tmp_path: Path) -> None:
    file = tmp_path / "file"
    rows = [*GOOD[:place], bad, *GOOD[place:]]
    file.write_text(table(HEADER, rows), encoding="utf-8")
    reader = CsvReader(MappingSpec.model_validate(MAPPING), "m.yaml")

    with pytest.raises(InvalidInput) as error:
        imported(file, reader, MemoryJournal())
    journal = MemoryJournal()
    summary = imported(file, reader, journal, skip_invalid=True)

    assert f"line {place + 2}: has {bad.count(',') + 1} cells where there are 4 columns" in str(error.value)
    assert sorted(key.ticket_id for key in facts_of(journal)) == ["1", "2", "3"]
    assert (summary.rows, summary.invalid) == (3, 1)


def test_the_only_row_with_a_cell_too_many_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(table(HEADER, ["4,2026-01-05,Printer, colour,"]), encoding="utf-8")

    with pytest.raises(InvalidInput, match="has 5 cells where there are 4 columns"):
        imported(file, CsvReader(MappingSpec.model_validate(MAPPING), "m.yaml"), MemoryJournal())


def test_several_rows_with_a_cell_too_many_are_refused_where_others_have_none(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(table(HEADER, ["4,2026-01-05,Printer, colour,", "5,2026-01-05,Printer, grey,", *GOOD]), encoding="utf-8")

    with pytest.raises(InvalidInput) as error:
        imported(file, CsvReader(MappingSpec.model_validate(MAPPING), "m.yaml"), MemoryJournal())

    assert [violation.field.rpartition(": ")[2] for violation in error.value.violations] == ["line 2"]
    assert error.value.violations[0].description.endswith("(and so in 1 other row)")
