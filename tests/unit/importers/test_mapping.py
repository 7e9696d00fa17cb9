"""Mapping files: what is refused, by the path of its key, and how values and conditions read a row."""
from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from opsledger.core.errors import InvalidInput
from opsledger.services.importers.cells import BadValue, Binder
from opsledger.services.importers.fact_fields import FACTS, FactMaker
from opsledger.services.importers.mapping import FormatSpec, load_mapping
from opsledger.services.importers.mapping_values import Conditions, ConditionSpec, Value, ValueSpec
from opsledger.services.importers.plan import bind
from opsledger.services.importers.times import TimeReader

COLUMNS = ("id", "at", "State", "case:concept:name", "n")
GOOD = """
ticket_id: "{id}"
occurred_at: "{at}"
rules: [{emit: opened}]
"""


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "", "must be a mapping"),
        ("occurred_at: '{at}'\nrules: [{emit: opened}]", "ticket_id", "required"),
        (GOOD + "colour: red", "colour", "not permitted"),
        (GOOD + "format: {delimiter: '::'}", "format", "one character"),
        (GOOD + "format: {encoding: klingon}", "format.encoding", "no text encoding 'klingon'"),
        (GOOD + "format: {delimiter: ';', quote: ';'}", "format", "other than the quote"),
        (GOOD + "format: {skip_lines: many}", "format.skip_lines", "integer"),
        (GOOD + "rows: sometimes", "rows", "'events' or 'tickets'"),
        (GOOD + "sequence: '{n}'\norder: {column: State, values: [a]}", "", "give one"),
        ('ticket_id: {id}\noccurred_at: "{at}"\nrules: [{emit: opened}]', "ticket_id", 'needs quotes: "{id}"'),
        ('ticket_id: "{id}"\nrules: [{emit: opened}]', "", "occurred_at is needed"),
        ('ticket_id: "{id}"\nrows: tickets\nrules: [{emit: opened}]', "", "rules[0] needs `at`"),
        ('ticket_id: "{id}"\noccurred_at: "{at}"', "", "rules or a snapshot"),
        ('ticket_id: "{id}"\noccurred_at: "{at}"\nrules: [{emit: [opened, reopened], event_id: "{n}"}]', "rules[0]", "several"),
        (GOOD.replace("opened", "opened, when: {State: {is: x}}"), "rules[0].when.State.is", "not permitted"),
        (GOOD.replace("opened", "opened, when: [{n: x}, {State: {is: x}}]"), "rules[0].when[1].State.is", "not permitted"),
        (GOOD.replace("opened", "opened, when: [{n: x}, {}]"), "rules[0].when", "an empty set holds always"),
        (GOOD.replace("opened", "opened, when: []"), "rules[0].when", "one set must hold"),
        (GOOD.replace("opened", "opened, ticket: {state: x}"), "rules[0].ticket.state", "not permitted"),
        (GOOD.replace("opened", "opened, once: last, ticket: {agent: x}"), "rules[0]", "cannot stand together"),
        (GOOD.replace("opened", "opened, once: 0"), "rules[0].once", "a number from 1 on"),
        (GOOD.replace("opened", "opened, once: second"), "rules[0].once", "first, last, or a number"),
        (GOOD + "where: {State: {ignore_case: perhaps}}", "where.State.ignore_case", "valid boolean"),
        (GOOD + "actor: {id: {choose: []}}", "actor.id.choose", "at least 1"),
        (GOOD + "actor: {id: {choose: ['{n}'], value: x}}", "actor.id", "give one"),
        (GOOD + "actor: {id: {choose: [{value: x, unit: h}]}}", "actor.id.choose[0]", "unit belongs beside choose"),
        (GOOD + "actor: {id: {value: x, case: Title}}", "actor.id.case", "'lower' or 'upper'"),
        (GOOD + "time: {zone: [{zone: UTC}, {zone: UTC}]}", "time", "every one but the last needs `until`"),
        (GOOD + "time: {zone: [{zone: UTC, until: 2025-07-01}]}", "time", "every one but the last"),
        (GOOD + "time: {zone: [{zone: UTC, until: soon}, {zone: UTC}]}", "time.zone[0].until", "'soon' is not a local date"),
        (GOOD + "time: {calendar: mayan}", "time.calendar", "'gregorian' or 'persian'"),
        (
            'ticket_id: "{id}"\nrows: tickets\nrules: [{emit: opened, at: "{at}", ticket: {agent: x}}]', "",
            "rules[0].ticket needs rows before",
        ),
    ],
)
def test_a_wrong_mapping_names_its_key(text: str, place: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidInput) as error:
        load_mapping(file)

    found = error.value.violations[0]
    assert found.field == (f"{file}: {place}" if place else str(file))
    assert words in found.description


@pytest.mark.parametrize(
    ("rule", "place", "words"),
    [
        ("{emit: born}", "rules[0].emit[0]", "there is no fact 'born'"),
        ("{emit: {assigned: {agnt: x}}}", "rules[0].emit[0].assigned.agnt", "its fields are: group, agent"),
        ("{emit: status_changed}", "rules[0].emit[0].status_changed.status", "needs it"),
        ('{emit: {assigned: {agent: "{Agent}"}}}', "rules[0].emit[0].assigned.agent", "the columns are: id, at, State"),
        ("{emit: opened, when: {Sate: x}}", "rules[0].when.Sate", "there is no column 'Sate'"),
        ("{emit: opened, when: {State: {matches: '('}}}", "rules[0].when.State.matches", "not a regular expression"),
        ('{emit: {opened: {status: {value: "{State}", map: words}}}}', "rules[0].emit[0].opened.status.map", "in words"),
        ("{emit: {opened: {priority: {valeu: x}}}}", "rules[0].emit[0].opened.priority.value", "required"),
        ("{emit: opened, when: [{n: x}, {Sate: x}]}", "rules[0].when[1].Sate", "there is no column 'Sate'"),
        (
            "{emit: {opened: {priority: {choose: [{when: {Sate: x}, value: y}]}}}}", "rules[0].emit[0].opened.priority.choose[0].when.Sate",
            "there is no column",
        ),
        (
            "{emit: {opened: {priority: {choose: [{when: {n: {changed: true}}, value: y}]}}}}",
            "rules[0].emit[0].opened.priority.choose[0].when.n", "belong into a rule's when",
        ),
        ("{emit: opened, ticket: {agent: {changed: true}}}", "rules[0].ticket.agent", "belong into a rule's when"),
        ("{emit: opened, ticket: {agent: {matches: '('}}}", "rules[0].ticket.agent.matches", "not a regular expression"),
    ],
)
def test_a_mapping_that_does_not_fit_its_table_names_the_key(rule: str, place: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(f'ticket_id: "{{id}}"\noccurred_at: "{{at}}"\nrules: [{rule}]', encoding="utf-8")

    with pytest.raises(InvalidInput) as error:
        bind(load_mapping(file), str(file), COLUMNS)

    assert error.value.violations[0].field == f"{file}: {place}"
    assert words in error.value.violations[0].description


def test_every_fault_of_a_mapping_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text('''
ticket_id: "{Number}"
occurred_at: "{at}"
actor: {id: "{Who}", kind: {value: "{n}", map: kinds}}
time: {zone: Europe/Atlantis}
where: {Sate: x}
rules:
  - when: {State: {matches: "("}}
    emit: {opened: {prioritee: x, priority: {choose: [{when: {No: x}, value: y}]}, category: {choose: [{valeu: y}]}}}
  - emit: born
  - emit: {status_changed: {source_status: "{Word}"}}
''', encoding="utf-8")

    with pytest.raises(InvalidInput) as error:
        bind(load_mapping(file), str(file), COLUMNS)

    opened = "rules[0].emit[0].opened"
    assert {violation.field.removeprefix(f"{file}: ") for violation in error.value.violations} == {
        "ticket_id", "actor.id", "actor.kind.map", "time.zone", "where.Sate", "rules[0].when.State.matches", f"{opened}.prioritee",
        f"{opened}.priority.choose[0].when.No", f"{opened}.category.choose[0].value", f"{opened}.category.choose[0].valeu",
        "rules[1].emit[0]", "rules[2].emit[0].status_changed.status", "rules[2].emit[0].status_changed.source_status",
    }


def test_an_unknown_time_zone_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(GOOD + "time: {zone: Europe/Atlantis}", encoding="utf-8")

    with pytest.raises(InvalidInput, match=r"time\.zone: 'Europe/Atlantis' is not an IANA time zone"):
        bind(load_mapping(file), str(file), COLUMNS)


VALUE = TypeAdapter[ValueSpec](Value)
CHOSEN = VALUE.validate_python({"choose": [{"when": {"n": "2"}, "value": "{id}"}, "{State}", "never"]})
BINDER = Binder("m.yaml", COLUMNS, FormatSpec(missing=["NULL"]), {"status": {"Done": "resolved", "No": "closed"}})
ROW = ("7", "2024-01-01", " Done ", "NULL", "1")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (ValueSpec(value="fixed"), "fixed"),
        (ValueSpec(value="{State}"), "Done"),
        (ValueSpec(value="{case:concept:name}"), ""),
        (ValueSpec(value="T-{id}/{n}"), "T-7/1"),
        (ValueSpec(value="{case:concept:name}-x"), ""),
        (ValueSpec(value="{case:concept:name}", default="none"), "none"),
        (ValueSpec(value="{State}", map="status"), "resolved"),
        (ValueSpec(value="{State}", map={"DONE": "x"}), "x"),
        (ValueSpec(value="{State}", map={"Other": "x"}, default="y"), "y"),
        (ValueSpec(value="{at}", match=r"^(\d+)-"), "2024"),
        (ValueSpec(value="{at}", match="x"), ""),
        (ValueSpec(value="{State}", case="upper"), "DONE"),
        (ValueSpec(value="{State}", case="lower", map={"done": "x"}), "x"),
        (CHOSEN, "Done"),
        (CHOSEN.model_copy(update={"map": "status"}), "resolved"),
        (VALUE.validate_python({"choose": [{"when": {"State": "Other"}, "value": "x"}], "default": "y"}), "y"),
        (VALUE.validate_python({"choose": [{"when": {"State": "Other"}, "value": "x"}]}), ""),
        (VALUE.validate_python({"choose": [{"when": [{"State": "Other"}, {"n": "1"}], "value": "{id}"}]}), "7"),
    ],
)
def test_a_value_is_text_with_columns_in_it(spec: ValueSpec, text: str) -> None:
    assert BINDER.text("value", spec)(ROW) == text


def test_a_word_that_its_map_does_not_know_is_named() -> None:
    with pytest.raises(BadValue) as error:
        BINDER.text("snapshot.status", ValueSpec(value="{State}", map={"New": "new"}))(ROW)
    assert error.value.violation.field == "snapshot.status"
    assert "'Done' ({State}) is not in its map" in error.value.violation.description


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({"State": ConditionSpec(**{"in": ["Done"]})}, True),
        ({"State": ConditionSpec(**{"not": ["Done"]})}, False),
        ({"State": ConditionSpec(matches="^D"), "n": ConditionSpec(empty=False)}, True),
        ({"case:concept:name": ConditionSpec(empty=True)}, True),
        ({"State": ConditionSpec(changed=True)}, True),
        ({"id": ConditionSpec(changed=True)}, False),
        ({"n": ConditionSpec(increased=True)}, True),
        ({"n": ConditionSpec(increased=False)}, False),
        ({"State": ConditionSpec(**{"in": ["DONE"]}, ignore_case=True)}, True),
        ({"State": ConditionSpec(**{"not": ["DONE"]}, ignore_case=True)}, False),
        ({"State": ConditionSpec(**{"in": ["DONE"]})}, False),
        ({"State": ConditionSpec(matches="^d", ignore_case=True)}, True),
        ({"State": ConditionSpec(matches="^d")}, False),
    ],
)
def test_conditions_hold_of_a_row_and_the_one_before_it(conditions: Conditions, holds: bool) -> None:
    before = ("7", "2023-12-31", "New", "NULL", "0")

    assert BINDER.test("when", [conditions])(ROW, before) is holds


def test_one_of_several_sets_of_conditions_must_hold() -> None:
    done, other = {"State": ConditionSpec(**{"in": ["Done"]})}, {"State": ConditionSpec(**{"in": ["Other"]})}

    assert BINDER.test("when", [other, done])(ROW, None)
    assert not BINDER.test("when", [other, done | {"n": ConditionSpec(empty=True)}])(ROW, None)


ALIKE = [("caf\u00e9", "cafe\u0301"), ("\u06a9\u06cc\u0641", "\u0643\u064a\u0641"), ("نیم\u200cروز", "نيمروز"), ("a b", "A\u00a0b")]


@pytest.mark.parametrize(("listed", "written"), ALIKE)
def test_words_and_columns_are_found_however_they_are_written(listed: str, written: str) -> None:
    binder = Binder("m.yaml", [listed], FormatSpec(), {})

    assert binder.text("value", ValueSpec(value="{x}".replace("x", written), map={listed: "found"}))((written,)) == "found"
    assert binder.test("when", [{written: ConditionSpec(**{"in": [listed]}, ignore_case=True)}])((written,), None)
    binder.close()


def test_one_letter_in_two_unicode_forms_is_one_letter() -> None:
    [(composed, apart), *_] = ALIKE
    assert BINDER.test("when", [{"State": ConditionSpec(**{"in": [composed]})}])(("", "", apart, "", ""), None)
    assert not BINDER.test("when", [{"State": ConditionSpec(changed=True)}])(("", "", apart, "", ""), ("", "", composed, "", ""))


def test_a_word_that_two_listed_ones_look_like_is_not_guessed() -> None:
    spec = ValueSpec(value="{State}", map={"done": "x", "DONE": "y"})

    assert [BINDER.text("value", spec)(("", "", text, "", "")) for text in ("done", "DONE")] == ["x", "y"]
    with pytest.raises(BadValue, match=r"'Done' .* is not in its map"):
        BINDER.text("value", spec)(ROW)


def test_a_change_of_case_alone_is_none_where_case_is_ignored() -> None:
    before = ("7", "2023-12-31", "DONE", "", "0")

    assert BINDER.test("when", [{"State": ConditionSpec(changed=True)}])(ROW, before)
    assert not BINDER.test("when", [{"State": ConditionSpec(changed=True, ignore_case=True)}])(ROW, before)


@pytest.mark.parametrize(
    ("decimal", "text", "number"), [(".", "1,234.5", 1234.5), (",", "1.234,5", 1234.5), (",", "0,5", 0.5), (".", "12", 12), (".", "-1", -1)]
)
def test_numbers_have_the_mark_that_the_format_says(decimal: str, text: str, number: float) -> None:
    binder = Binder("m.yaml", COLUMNS, FormatSpec(decimal=decimal), {})  # type: ignore[arg-type]  # one of the two
    assert float(binder.number(text)) == number


@pytest.mark.parametrize("text", ["1,5", "ten", "", "NaN", "1e999999999999999999"])
def test_what_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        BINDER.number(text)


@pytest.mark.parametrize(
    ("text", "unit", "us"),
    [
        ("90", "s", 90_000_000), ("1.5", "min", 90_000_000), ("2:05", "s", 125_000_000), ("1:00:00", "s", 3_600_000_000),
        ("0.5", "d", 43_200_000_000),
    ],
)
def test_durations(text: str, unit: str, us: int) -> None:
    maker = FactMaker(BINDER, TimeReader())
    assert maker.reading("talk", "int", {"value": text, "unit": unit})(ROW) == us


@pytest.mark.parametrize(
    ("formats", "zone", "text", "us"),
    [
        (("iso",), "UTC", "1970-01-01T00:00:01Z", 1_000_000),
        (("iso",), "Europe/Berlin", "1970-01-01 01:00:00.000001", 1),
        (("%d.%m.%Y %H:%M",), "UTC", "02.01.1970 00:00", 86_400_000_000),
        (("%m/%d/%Y %I:%M %p",), "America/New_York", "1/1/1970 7:00 PM", 86_400_000_000),
        (("iso", "epoch_s"), "UTC", "1398760000.123", 1_398_760_000_123_000),
        (("epoch_ms",), "UTC", "86400000", 86_400_000_000),
    ],
)
def test_times(formats: tuple[str, ...], zone: str, text: str, us: int) -> None:
    assert TimeReader(formats, zone).instant_us(text) == us


def test_every_kind_of_fact_can_be_emitted() -> None:
    assert set(FACTS) == {
        "opened", "assigned", "status_changed", "priority_changed", "classified", "replied", "interaction_ended", "feedback_received",
        "due_set", "merged", "reopened",
    }
