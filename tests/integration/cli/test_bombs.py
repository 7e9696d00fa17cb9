"""Small files that stand for more than a machine holds: each is refused in bounded memory, naming its place."""
from __future__ import annotations

import binascii
import bz2
import gzip
import io
import lzma
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from opsledger.services.importers.containers import unpacked
from opsledger.services.importers.unpacking import Unreadable

MEMORY_BYTES_MAX = 512 << 20
"""Of a command's address space: one that imports and refuses a small file takes 250 MB of it."""
EXAMPLES = Path("docs/examples").resolve()
PATIENCE_S = 120
LETTERS = b"x" * (1 << 20)
LINE_MB = 1_500
MAPPING = 'ticket_id: "{id}"\noccurred_at: "{at}"\nrules: [{emit: opened}]\n'
LAUGHS = "".join(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True))
YAML_BOMBS = {
    "aliases": ("a: &a [ha, ha]\n" + LAUGHS, "more than 100,000 values"),
    "merges": ("a: &a {x: 1}\n" + LAUGHS.replace("[", "{<<: [").replace("]", "]}"), "more than 100,000 values"),
    "long texts": (f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 50)}]\n", "more than 1,000,000 characters"),
    "depth": ("a: " + "[" * 100_000, "nested deeper than 50"),
    "depth in blocks": ("- " * 50_000 + "x", "nested deeper than 50"),
    "recursion": ("a: &a [*a]\n", "within what it stands for"),
    "size": ("a: [" + "1," * 600_000 + "]", "more than 1,000,000 characters"),
    "bytes": ("a: !!binary aGE=\n", "could not determine a constructor"),
    "surrogate": ('a: "\\ud800"\n', "half a surrogate pair"),
}
NUMBERS = {
    "decimal": "1" * 5_000, "hexadecimal": "0x" + "f" * 5_000, "sexagesimal": "1" + ":10" * 2_000, "float": "1" * 5_000 + ".0",
    "tag": "!!int x",
}


def run(*arguments: object, memory_bytes_max: int = MEMORY_BYTES_MAX, feed: Iterable[bytes] = ()) -> tuple[int, str]:
    """A command in a process of bounded memory: its exit code, and what it said is wrong. ``feed``: its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({memory_bytes_max},) * 2); "
         "from opsledger.services.cli.main import app; app()", *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    try:
        for data in feed:
            process.stdin.write(data)
    except BrokenPipeError:
        pass  # it has read enough
    _, said = process.communicate(timeout=PATIENCE_S)
    return process.returncode, said.decode()


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("log.csv", data)
    return file.getvalue()


def packed_line(kind: str) -> bytes:
    """One line of 1.5 GB, as a few kilobytes: the same stream again and again, which all three kinds allow."""
    compress: Callable[[bytes], bytes] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[kind]
    return compress(b"id,at\n") + compress(LETTERS) * LINE_MB


@pytest.mark.parametrize("kind", ["xz", "gz", "bz2"])
def test_a_packed_line_is_refused_where_it_becomes_too_long(kind: str, tmp_path: Path) -> None:
    file, mapping = tmp_path / f"log.csv.{kind}", tmp_path / "mapping.yaml"
    file.write_bytes(packed_line(kind))
    mapping.write_text(MAPPING)
    code, said = run("import", "csv", file, "--mapping", mapping, "--dry-run")
    assert (code, said) == (2, f"error: {file}: line 2: is longer than 4,000,000 characters, with the lines that its row began on: "
                               "is it text, and in lines?\n")


@pytest.mark.parametrize("command", [
    ["import", "events", "-", "--dry-run"], ["import", "csv", "-", "--dry-run", "--mapping", "{mapping}"],
    ["import", "servicenow", "-", "--dry-run"], ["qa", "agreement", "-"], ["qa", "drift", "-"],
    ["qa", "score", "--answers", "-", "--form", "{form}"],
    ["sla", "elapsed", "--calendar", "{calendar}", "--input", "-"], ["sla", "explain", "--rules", "{rules}", "--events", "-"],
    ["rules", "check", "-"], ["form", "validate", "-"],
], ids=" ".join)
def test_a_line_without_an_end_is_refused(command: list[str], tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(MAPPING)
    files = {"mapping": mapping, "form": EXAMPLES / "support-call.form.yaml", "calendar": EXAMPLES / "calendar.yaml",
             "rules": EXAMPLES / "rules.yaml"}
    endless = (LETTERS for _ in range(10_000))
    code, said = run(*(part.format(**files) for part in command), feed=endless)
    assert code == 2
    assert "error: standard input" in said
    assert "000,000 characters" in said
    assert sum(1 for _ in endless) > 9_000  # it did not read on


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zipped])
def test_an_absurd_ratio_is_refused(pack: Callable[[bytes], bytes]) -> None:
    """No line is too long, and 4 GB of them would take hours; one layer within another counts as both together."""
    packed = io.BufferedReader(io.BytesIO(pack(bz2.compress(b"\n" * (64 << 20)) * 64)))
    lines = unpacked(packed).stream
    with pytest.raises(Unreadable, match=r"^unpacks to more than 1,000 times its size"):
        deque(iter(partial(lines.read, 1 << 20), b""), maxlen=0)


def test_a_dictionary_beyond_memory_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl.xz"
    data = bytearray(lzma.compress(b"{}\n", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]))
    assert data[16] == 8  # the dictionary of 64 kB, as the xz format codes it
    data[16] = 40  # 4 GB
    data[20:24] = binascii.crc32(data[12:20]).to_bytes(4, "little")
    file.write_bytes(data)
    code, said = run("import", "events", file, "--dry-run")
    assert code == 2
    assert "Memory usage limit" in said


@pytest.mark.parametrize("name", YAML_BOMBS)
def test_a_document_that_explodes_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    text, why = YAML_BOMBS[name]
    file = tmp_path / "form.yaml"
    file.write_text(text)
    code, said = run("form", "validate", file)
    assert code == 2
    assert said.startswith(f"error: {file}")
    assert why in said
    assert "line" in said or name == "size"
    assert len(said) < 1_000


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_is_none_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(f"time_zone: UTC\npolicies: {NUMBERS[name]}\n")
    code, said = run("rules", "check", file)
    assert (code, said.partition(", line 2: ")[0]) == (2, f"error: {file}")
    assert len(said) < 1_000 or name != "tag"


@pytest.mark.parametrize("command", [
    ["rules", "check"], ["rules", "publish"], ["form", "publish"], ["form", "diff", "{form}"], ["sla", "explain"],
    ["sla", "elapsed", "--from", "2026-01-01", "--to", "2026-01-02", "--calendar"], ["import", "csv", "/dev/null", "--mapping"],
    ["import", "events", "/dev/null", "--rules"], ["qa", "score", "--form", "{form}", "--answers"],
    ["scorecard", "--composite"], ["serve", "--config"],
], ids=" ".join)
def test_every_reader_of_documents_is_bounded(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text(YAML_BOMBS["aliases"][0])
    code, said = run(*(part.format(form=EXAMPLES / "support-call.form.yaml") for part in command), file)
    assert code == 2, said
    assert "more than 100,000 values" in said
    assert "line 6" in said


def test_calendars_of_one_file_count_each_time(tmp_path: Path) -> None:
    (tmp_path / "calendar.yaml").write_text("time_zone: UTC\nhours: always\n" + "# to become long\n" * 1_000)
    file = tmp_path / "rules.yaml"
    file.write_text("time_zone: UTC\ncalendars:\n" + "".join(f"  c{number}: calendar.yaml\n" for number in range(1_000)))
    code, said = run("rules", "check", file)
    assert (code, said) == (2, f"error: {file}: calendars: holds more than 1,000,000 characters, all its files together\n")
