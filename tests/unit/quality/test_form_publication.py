"""Given what happened to a form, when a command comes, then these events, or this error."""
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from opsledger.core.errors import InvalidForm, NotFound
from opsledger.core.quality.form_publication import EvaluationForm
from tests.kit.forms import choice, form_of

NOW_US = 1_767_949_200_000_000
ONE, TWO = (json.dumps(form_of([choice("a", 0, points)])) for points in (1, 2))
Command = Callable[[EvaluationForm], None]


def begun(*then: Command) -> EvaluationForm:
    form = EvaluationForm(tenant="acme", form_id="f")
    for command in then:
        command(form)
    form.collect_events()
    return form


def recorded(form: EvaluationForm) -> list[tuple[str, dict[str, Any]]]:
    common = {"originator_id", "originator_version", "timestamp"}
    return [(type(e).__name__, {k: v for k, v in vars(e).items() if k not in common}) for e in form.collect_events()]


def published(document: str) -> Command:
    return lambda form: form.publish(document, "mia", NOW_US)


def drafted(document: str) -> Command:
    return lambda form: form.draft(document, "ann", NOW_US)


def test_a_document_becomes_the_next_version_and_versions_stay() -> None:
    form = begun(published(ONE))
    published(TWO)(form)
    assert recorded(form) == [("Published", {"document_json": TWO, "published_by": "mia", "published_at_us": NOW_US})]
    assert [(each.version, each.document_json) for each in form.versions] == [(1, ONE), (2, TWO)]
    assert (form.numbered(1).document_json, form.numbered(0).version) == (ONE, 2)


def test_the_same_document_again_is_no_new_version() -> None:
    form = begun(published(ONE))
    published(json.dumps(json.loads(ONE), indent=2, sort_keys=True))(form)
    assert recorded(form) == [("Confirmed", {})]
    assert len(form.versions) == 1


def test_a_draft_is_kept_published_or_discarded() -> None:
    form = begun(drafted(TWO))
    drafted(TWO)(form)
    assert recorded(form) == []
    published("")(form)
    assert (form.draft_json, form.numbered(0).document_json) == ("", TWO)
    other = begun(drafted(ONE))
    other.discard_draft()
    other.discard_draft()
    assert recorded(other) == [("DraftDiscarded", {})]


@pytest.mark.parametrize(("given", "when", "field"), [
    ([], published(""), "document_json"), ([], published("{"), "document_json"), ([], published("{}"), "scoring"),
    ([], drafted("[]"), "document_json"), ([], drafted('{"form": "g"}'), "form"), ([drafted('{"form": "f"}')], published(""), "sections"),
    ([], published(json.dumps({**json.loads(ONE), "form": "g"})), "form"),
])
def test_it_is_refused(given: list[Command], when: Command, field: str) -> None:
    form = begun(*given)
    with pytest.raises(InvalidForm) as caught:
        when(form)
    assert field in {violation.field for violation in caught.value.violations}
    assert recorded(form) == []


@pytest.mark.parametrize("version", [0, 1, -1])
def test_a_version_that_there_is_not_is_not_found(version: int) -> None:
    with pytest.raises(NotFound):
        begun().numbered(version)


def test_the_past_is_readable_under_its_topics() -> None:
    form = EvaluationForm
    assert [kind.TOPIC for kind in (form.Begun, form.Drafted, form.DraftDiscarded, form.Published, form.Confirmed)] == [
        f"quality.form.{name}" for name in ("begun", "drafted", "draft_discarded", "published", "confirmed")]
    assert begun().id == EvaluationForm.create_id("acme", "f")
