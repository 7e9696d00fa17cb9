"""Commits and what became of them, as nodes send them to each other."""
from __future__ import annotations

from google.rpc.status_pb2 import Status

from opsledger.core.errors import InvalidInput, JournalMoved, JournalUnreachable, OpsledgerError, Overloaded, VersionConflict
from opsledger.core.ports import Commit, NewEvent, Receipt
from opsledger.proto.cluster.v1 import node_pb2 as pb
from opsledger.services.client.errors import from_status
from opsledger.services.grpc.status import message_of

_PASSED_ON = (InvalidInput, JournalMoved, JournalUnreachable, Overloaded, VersionConflict)


def commit_message(commit: Commit) -> pb.Commit:
    return pb.Commit(request_key=commit.request_key, events=[
        pb.NewEvent(
            stream_id=event.stream_id, type=event.type, tenant=event.tenant, occurred_at_us=event.occurred_at_us,
            payload=event.payload, key=event.key, version=event.version,
        ) for event in commit.events
    ])


def commit_of(message: pb.Commit) -> Commit:
    return Commit(
        [
            NewEvent(
                event.stream_id, event.type, event.tenant, event.occurred_at_us, event.payload, event.key,
                event.version if event.HasField("version") else None,
            ) for event in message.events
        ],
        message.request_key,
    )


def result_message(outcome: Receipt | OpsledgerError) -> pb.Result:
    if isinstance(outcome, Receipt):
        return pb.Result(receipt=pb.Receipt(positions=outcome.positions, duplicates=outcome.duplicates))
    return pb.Result(error=message_of(outcome).SerializeToString())


def outcome_of(result: pb.Result) -> Receipt | OpsledgerError:
    """Raised here, an error of the other node must say what this one's caller is to do: that the other node is damaged is not that."""
    if result.HasField("receipt"):
        return Receipt(tuple(result.receipt.positions), tuple(result.receipt.duplicates))
    error = from_status(Status.FromString(result.error))
    return error if isinstance(error, _PASSED_ON) else JournalUnreachable(f"the owner of the partition has failed: {error}")
