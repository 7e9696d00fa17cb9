"""Documents that come over RPC and would stop a server, or its views: refused with the place in them."""
from __future__ import annotations

import json

import grpc
import pytest

from opsledger.proto.quality.v1 import forms_pb2 as forms
from opsledger.proto.quality.v1.forms_pb2_grpc import FormServiceStub
from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest
from opsledger.proto.sla.v1.rules_pb2_grpc import RuleServiceStub
from opsledger.services.journal.memory import MemoryJournal
from tests.kit.forms import choice, form_of
from tests.kit.read_models import RULES
from tests.kit.servers import running


def policies(entries: str) -> str:
    return f'{{"policies": [{entries}]}}'


BOMBS = {
    "depth": (policies("[" * 5_000 + "]" * 5_000), "nested deeper"),
    "little depth": (policies("[" * 60 + "]" * 60), "nested deeper"),
    "surrogate": (r'{"title": "\ud800", "form": "call"}', "document_json.title"),
    "digits": (f'{{"time_zone": {"1" * 5_000}, "title": 1}}', ""),
    "values": (policies(",".join(["1"] * 200_000)), "100,000 values"),
    "size": (f'{{"title": "{"x" * 1_000_001}"}}', "characters"),
    "many mistakes": (f'{{"form": "call", "policies": [{",".join("1" * 40_000)}], "sections": [{",".join("1" * 40_000)}]}}', ""),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_document_is_refused_and_the_server_goes_on(name: str) -> None:
    text, place = BOMBS[name]
    with running(MemoryJournal()) as server:
        rules, form = RuleServiceStub(server.channel), FormServiceStub(server.channel)
        calls = [
            lambda: rules.PublishRules(PublishRulesRequest(request_id="1", tenant="acme", program="desk", document_json=text)),
            lambda: form.PublishForm(forms.PublishFormRequest(request_id="2", tenant="acme", form="call", document_json=text)),
            lambda: form.ScoreAnswers(forms.ScoreAnswersRequest(tenant="acme", form=forms.FormRef(document_json=text))),
        ]
        for call in calls:
            with pytest.raises(grpc.RpcError) as caught:
                call()
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, caught.value
            assert place in caught.value.details()
        good = PublishRulesRequest(request_id="4", tenant="acme", program="desk", document_json=json.dumps(RULES))
        assert rules.PublishRules(good).rules.version == 1
        form.PublishForm(forms.PublishFormRequest(request_id="5", tenant="acme", document_json=json.dumps(form_of([choice("a", 0, 1)]))))
