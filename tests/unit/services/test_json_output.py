"""Messages as JSON for machines: every key that the .proto names is there."""
from __future__ import annotations

from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from opsledger.proto.coaching.v1 import coaching_pb2 as coaching
from opsledger.proto.quality.v1 import evaluations_pb2 as evaluations
from opsledger.proto.scorecards.v1 import scorecards_pb2 as scorecards
from opsledger.services.cli.json_output import as_document


def test_an_optional_value_that_is_not_there_is_null_at_every_depth() -> None:
    card = scorecards.Scorecard(
        figures=[scorecards.Figure(kpi="csat", value=0.5, trend=scorecards.Trend(low=0.0)), scorecards.Figure(kpi="nps")])

    first, second = as_document(scorecards.ListScorecardsResponse(scorecards=[card]))["scorecards"][0]["figures"]

    assert (first["value"], first["low"], first["trend"]["low"], first["trend"]["change"]) == (0.5, None, 0.0, None)
    assert (second["value"], "trend" in second) == (None, False), "a message that is not there has no values to be null"


def test_a_choice_of_several_says_only_what_was_chosen() -> None:
    found = as_document(coaching.Evidence(evaluation="E1"))
    assert found == {"evaluation": "E1"}


def test_times_and_free_values_stay_as_they_are() -> None:
    answers = Struct()
    answers.update({"greeting": "yes", "tone": None})
    found = as_document(evaluations.Evaluation(draft=evaluations.Sheet(answers=answers), due_at=Timestamp(seconds=60)))
    assert found["draft"]["answers"] == {"greeting": "yes", "tone": None}
    assert found["due_at"] == "1970-01-01T00:01:00Z"
