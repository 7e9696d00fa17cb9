"""What is said of one contact is said of its parts and of the ticket around it."""
from __future__ import annotations

import pytest

from opsledger.core.quality.subject import Subject, SubjectKind
from opsledger.core.quality.visibility import Rated, rated

TICKET = Subject(SubjectKind.TICKET, "zendesk", "T1")
CALL, CHAT = (Subject(SubjectKind.INTERACTION, "zendesk", "T1", id) for id in ("call", "chat"))
LOOSE = Subject(SubjectKind.INTERACTION, "phone", "", "9")
JUDGED = Subject(SubjectKind.EVALUATION, evaluation_id="11111111-1111-1111-1111-111111111111")


@pytest.mark.parametrize(("contact", "covered"), [
    (TICKET, {TICKET, CALL, CHAT}), (CALL, {TICKET, CALL}), (LOOSE, {LOOSE}), (JUDGED, {JUDGED}),
])
def test_a_contact_covers(contact: Subject, covered: set[Subject]) -> None:
    found = rated([contact])
    assert {subject for subject in (TICKET, CALL, CHAT, LOOSE, JUDGED) if found.covers(subject)} == covered
    assert not found.covers(TICKET._replace(ticket_id="T2"))
    assert not found.covers(TICKET._replace(source="jira"))


def test_nothing_covers_nothing() -> None:
    assert rated([]) == Rated()
    assert not any(Rated().covers(subject) for subject in (TICKET, CALL, LOOSE, JUDGED))
