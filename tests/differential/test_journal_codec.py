"""The journal's kernels against their Python twins, and CRC-32C against published values and another library."""
from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import crc32c as other_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.ports import NewEvent, RecordedEvent
from opsledger.ext import journal as chosen
from opsledger.ext.journal import NO_HASH, BadFrame, Scan, _codec, _index, checksum, codec, index
from opsledger.services.journal.planning import Placed

Checksum = Callable[..., int]
CHECKSUMS = {"kernel": _codec.crc32c, "kernel without the instruction": _codec.crc32c_portable, "twin": checksum.crc32c}
INDEXES = {"kernel": _index.Index, "twin": index.Index}

names = st.binary(min_size=16, max_size=16)
positions = st.integers(1, (1 << 63) - 1)
times_us = st.integers(-(1 << 63), (1 << 63) - 1)
texts = st.text(max_size=20)
events = st.builds(NewEvent, names, texts.filter(bool), texts, times_us, st.binary(max_size=300), st.just(b"") | names)
placed = st.lists(st.builds(Placed, events, st.integers(0, 1 << 62), st.integers(0, 1 << 62)), min_size=1, max_size=6)


def test_the_kernel_is_chosen() -> None:
    assert chosen.scan is _codec.scan
    assert chosen.Index is _index.Index


@pytest.mark.parametrize("checksum", CHECKSUMS.values(), ids=CHECKSUMS)
@pytest.mark.parametrize(("data", "expected"), [
    # RFC 3720, appendix B.4
    (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E), (bytes(range(31, -1, -1)), 0x113FDB5C),
    (bytes.fromhex("01c00000000000000000000000000000 14000000000004000000001400000018 28000000000000000200000000000000"), 0xD9963A56),
    # the check value of CRC-32/ISCSI in the CRC catalogue, https://reveng.sourceforge.io/crc-catalogue/all.htm
    (b"123456789", 0xE3069283), (b"", 0),
])
def test_published_checksums(checksum: Checksum, data: bytes, expected: int) -> None:
    assert checksum(data) == expected


@pytest.mark.parametrize("checksum", CHECKSUMS.values(), ids=CHECKSUMS)
@given(data=st.binary(max_size=200), more=st.binary(max_size=50))
def test_checksums_agree_with_another_library(checksum: Checksum, data: bytes, more: bytes) -> None:
    assert checksum(data) == other_crc32c.crc32c(data)
    assert checksum(more, checksum(data)) == other_crc32c.crc32c(data + more)


def _journal(module: ModuleType, commits: list[list[Placed]], base: int) -> tuple[bytes, bytes]:
    """Bytes and index entries of commits, one after the other."""
    data, entries, digest, position = b"", b"", NO_HASH, 1
    for number, one in enumerate(commits):
        request = bytes([number + 1] * 16) if number % 2 else b""
        commit, digest, more = module.encode_commit(one, position, number * 10 - 5, position - 1, request, digest, base + len(data), number)
        data, entries, position = data + commit, entries + more, position + len(one)
    return data, entries


@given(st.lists(placed, min_size=1, max_size=4), st.integers(0, 1 << 20))
def test_kernel_and_twin_write_the_same_bytes_and_read_them_back(commits: list[list[Placed]], base: int) -> None:
    data, entries = _journal(codec, commits, base)
    assert _journal(_codec, commits, base) == (data, entries)
    scanned: Scan = codec.scan(data, base, 1, NO_HASH)
    assert _codec.scan(data, base, 1, NO_HASH) == scanned
    assert (scanned.entries, scanned.end, scanned.commits, scanned.problem) == (entries, base + len(data), len(commits), None)
    offsets = [int.from_bytes(entries[at + 64:at + 68], "little") for at in range(0, len(entries), 72)]
    read = codec.decode_events(data, base, offsets, RecordedEvent._make)
    assert _codec.decode_events(data, base, offsets, RecordedEvent._make) == read
    written = [one for commit in commits for one in commit]
    for event, (wanted, version, previous), offset in zip(read, written, offsets, strict=True):
        assert (event.stream_id, event.type, event.tenant, event.occurred_at_us, event.payload) == wanted[:5]
        assert (event.version, event.key) == (version, b"" if wanted.key == bytes(16) else wanted.key)
        assert codec.previous_in_stream(data, offset - base) == previous


@given(st.lists(placed, min_size=1, max_size=3), st.data())
def test_kernel_and_twin_find_the_same_in_altered_bytes(commits: list[list[Placed]], draw: st.DataObject) -> None:
    data = bytearray(_journal(codec, commits, 64)[0])
    for at, value in draw.draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=3)):
        data[at] = value
    altered = bytes(data[:draw.draw(st.integers(0, len(data)))])
    assert _codec.scan(altered, 64, 1, NO_HASH) == codec.scan(altered, 64, 1, NO_HASH)
    for start in range(0, len(altered), 37):
        assert _codec.find_commit(altered, start) == codec.find_commit(altered, start)
    for offset in (64, 128, draw.draw(st.integers(0, 200))):
        assert _outcome(_codec, altered, offset) == _outcome(codec, altered, offset)


def _outcome(module: ModuleType, data: bytes, offset: int) -> Any:
    try:
        return module.decode_events(data, 64, [offset], tuple)
    except BadFrame as error:
        return error.args


@pytest.mark.parametrize("module", [_codec, codec], ids=["kernel", "twin"])
def test_every_altered_bit_of_a_commit_is_found(module: ModuleType) -> None:
    event = NewEvent(b"s" * 16, "t", "acme", 5, b"payload", b"k" * 16)
    data, _, _ = codec.encode_commit([Placed(event, 1, 0)], 1, 7, 0, b"r" * 16, NO_HASH, 0)
    for bit in range(len(data) * 8):
        altered = bytearray(data)
        altered[bit // 8] ^= 1 << bit % 8
        assert module.scan(bytes(altered), 0, 1, NO_HASH).problem is not None


@pytest.mark.parametrize("module", [_codec, codec], ids=["kernel", "twin"])
def test_a_commit_does_not_stand_under_another_history(module: ModuleType) -> None:
    data, _, _ = codec.encode_commit([Placed(NewEvent(b"s" * 16, "t", "", 5, b""), 1, 0)], 1, 7, 0, b"", NO_HASH, 0)
    assert module.scan(data, 0, 1, NO_HASH).problem is None
    assert "hash" in module.scan(data, 0, 1, b"\1" * 32).problem.text
    assert "position" in module.scan(data, 0, 2, NO_HASH).problem.text


few_names = st.sampled_from([bytes([n]) * 16 for n in range(8)])
entries_of_few = st.lists(st.builds(
    codec.ENTRY.pack, few_names, few_names, few_names, st.integers(-1, 9), st.integers(0, 9), st.integers(0, (1 << 32) - 1),
    st.integers(0, 3),
), max_size=12).map(b"".join)


@given(st.lists(entries_of_few, max_size=6))
def test_kernel_and_twin_index_the_same(runs: list[bytes]) -> None:
    kernel, twin = _index.Index(), index.Index()
    for run in runs:
        assert kernel.add(run) == twin.add(run)
        assert (kernel.events, kernel.streams, kernel.keys) == (twin.events, twin.streams, twin.keys)
        for n in range(8):
            name = bytes([n]) * 16
            assert kernel.find(name) == twin.find(name)
            assert kernel.end_of(name) == twin.end_of(name)
        assert kernel.offsets(1, kernel.events) == twin.offsets(1, twin.events)
        assert kernel.offsets(2, 3) == twin.offsets(2, 3)


@pytest.mark.parametrize("make", INDEXES.values(), ids=INDEXES)
def test_the_index_grows_and_finds_everything(make: Callable[[], Any]) -> None:
    """Names that differ only in their last byte or only in their first."""
    built, count = make(), 20_000
    for first in range(0, count, 1000):
        built.add(b"".join(
            codec.ENTRY.pack(n.to_bytes(16, "big"), (n + 1).to_bytes(16, "little"), bytes(16), 1, 0, n, 0)
            for n in range(first, first + 1000)
        ))
    assert (built.events, built.streams, built.keys) == (count, count, count)
    assert all(built.end_of(n.to_bytes(16, "big")) == (n + 1, 1) for n in range(count))
    assert all(built.find((n + 1).to_bytes(16, "little")) == (n + 1, 1) for n in range(count))
    assert built.find((count + 1).to_bytes(16, "little")) is None
    assert list(built.offsets(count - 2, count)) == [count - 3, count - 2, count - 1]
