"""Whatever the order of a table's rows, and whichever of them come twice: the same facts, to the byte."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.services.importers.csv_table import CsvReader
from opsledger.services.importers.mapping import MappingSpec
from opsledger.services.journal.memory import MemoryJournal
from tests.kit.imports import imported, payloads, states_of, table

MAPPINGS = [
    {
        "rules": [
            {"once": "first", "emit": {"opened": {"priority": "{prio}", "attributes": {"text": "{text}", "act": "{act}"}}}},
            {"when": {"act": "assign"}, "emit": {"assigned": {"agent": "{who}"}}},
            {"when": {"prio": {"changed": "true"}}, "emit": {"priority_changed": {"priority": "{prio}"}}},
            {"when": {"act": ["done", "wait"]}, "emit": {"status_changed": {"status": {"value": "{act}", "map": "status"}}}},
            {"once": "last", "when": {"who": {"empty": "false"}}, "emit": {"classified": {"category": "{who}"}}},
            {"when": {"act": "say"}, "emit": [{"replied": {"public": "true"}}, {"replied": {"public": "false"}}]},
        ]
    },
    {
        "snapshot": {"status": {"value": "{act}", "map": "status", "default": "open"}, "priority": "{prio}", "agent": "{who}"},
        "sequence": "{no}",
    },
    {
        "rules": [{"emit": {"classified": {"attributes": {"last": "{text}"}}}}, {"once": "first", "emit": "opened"}],
        "event_id": "{no}", "order": {"column": "act", "values": ["assign", "say", "done"]},
    },
]
WORDS = {"status": {"done": "resolved", "wait": "pending"}}
ROWS = st.lists(
    st.tuples(
        st.sampled_from("12"), st.integers(1, 4), st.sampled_from(("assign", "done", "wait", "say")), st.sampled_from(("", "ann", "bob")),
        st.sampled_from(("P1", "P2")), st.integers(0, 3), st.sampled_from(("", "a, \"b\"\nc")),
    ),
    min_size=1, max_size=12,
)


def lines(rows: list[tuple[object, ...]]) -> Iterator[str]:
    for row in rows:
        yield ",".join('"' + str(cell).replace('"', '""') + '"' for cell in row)


def journal_of(rows: list[tuple[object, ...]], spec: MappingSpec, folder: Path) -> list[bytes]:
    file = folder / "log.csv"
    file.write_text(table("ticket,at,act,who,prio,no,text", list(lines(rows))), encoding="utf-8")
    journal = MemoryJournal()
    imported(file, CsvReader(spec, "mapping"), journal)
    return payloads(journal)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MAPPINGS), ROWS, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(mapping: dict[str, object], rows: list[tuple[object, ...]], chance) -> None:  # type: ignore[no-untyped-def]  # hypothesis' Random
    common = {"ticket_id": "{ticket}", "occurred_at": "{at}", "time": {"formats": "epoch_s"}, "words": WORDS, "actor": "{who}"}
    spec = MappingSpec.model_validate({**common, **mapping})
    mixed = rows + [chance.choice(rows) for _ in range(3)]
    chance.shuffle(mixed)

    with TemporaryDirectory() as folder:
        assert journal_of(mixed, spec, Path(folder)) == journal_of(rows, spec, Path(folder))


def test_identical_rows_count_each_where_a_mapping_keeps_them(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [("1", 1, "say", "ann", "P1", 0, "")] * 3
    mapping = {
        "ticket_id": "{ticket}", "occurred_at": "{at}", "time": {"formats": "epoch_s"}, "actor": "{who}",
        "rules": [{"emit": {"replied": {"public": "true"}}}],
    }

    once = journal_of(rows, MappingSpec.model_validate(mapping), tmp_path)
    kept = journal_of(rows, MappingSpec.model_validate(mapping | {"identical_rows": "keep"}), tmp_path)

    assert (len(once), len(kept)) == (1, 3)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_a_ticket_ends_as_its_last_snapshot_shows_it(rows: list[tuple[object, ...]]) -> None:
    spec = MappingSpec.model_validate({
        "ticket_id": "{ticket}", "occurred_at": "{at}", "time": {"formats": "epoch_s"},
        "snapshot": {
            "priority": "{prio}", "agent": "{who}", "source_status": "{act}",
            "status": {"value": "{act}", "map": "status", "default": "open"},
        },
        "words": WORDS,
    })
    last = {row[0]: row for row in sorted(rows, key=lambda row: (row[1], *map(str, row)))}

    with TemporaryDirectory() as folder:
        file = Path(folder) / "log.csv"
        file.write_text(table("ticket,at,act,who,prio,no,text", list(lines(rows))), encoding="utf-8")
        journal = MemoryJournal()
        imported(file, CsvReader(spec, "mapping"), journal)

    assert {ticket: (state.source_status, state.agent, state.priority) for ticket, state in states_of(journal).items()} == {
        ticket: (row[2], row[3], row[4]) for ticket, row in last.items()}
