"""A partition as every node has it: read here, written where its owner is."""
from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from opsledger.core.errors import InvalidInput, JournalMoved, JournalStopped, JournalUnreachable, OpsledgerError, VersionConflict
from opsledger.core.partitions import begin_of
from opsledger.core.ports import Commit, Receipt
from opsledger.services.cluster.lane import Answered, Lane, Owner
from opsledger.services.cluster.peers import Peers
from opsledger.services.cluster.recording import record_all
from opsledger.services.journal.bounds import check
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.partitions import Numbered


class SharedPartition(Numbered):
    """See opsledger.services.journal.partitions.Partition. Every node takes every commit: the owner records it, any other node
    has it recorded by the owner."""

    journal: KafkaJournal

    def __init__(self, journal: KafkaJournal, number: int, node: str, peers: Peers, patience_s: float) -> None:
        """``patience_s``: how long a forwarded ``append`` waits until what the owner recorded is here."""
        super().__init__(journal, number)
        self._node, self._peers, self._patience_s = node, peers, patience_s
        self._lane = Lane(self._owner, self._send)
        journal.on_claim = self._lane.go_on

    def _owner(self) -> Owner:
        claim = self.journal.owner
        takes = self.journal.is_owner or self.journal.is_claimed_elsewhere
        return Owner(claim.node, claim.address, 2 * claim.epoch + takes)

    @property
    def is_owner(self) -> bool:
        return self.journal.is_owner

    def wait_owner(self, owner: bool, timeout_s: float) -> bool:
        return self.journal.wait_owner(owner, timeout_s)

    def _send(self, owner: Owner, commits: Sequence[Commit]) -> Future[Answered]:
        if owner.node == self._node:
            return record_all(self.journal, commits)
        return self._peers.send(owner.address, self.number, commits)

    def submit(self, commit: Commit) -> Future[Receipt]:
        return self._receipt(self._submit(commit))

    def freshen(self) -> None:
        if not self.is_owner:
            self._await(self._submit(Commit([])).result().position)

    def append(self, commit: Commit) -> Receipt:
        answered = self._submit(commit).result()
        [outcome] = answered.outcomes
        if isinstance(outcome, Receipt):
            self._await(max(outcome.positions, default=0))
        elif isinstance(outcome, VersionConflict):
            self._await(answered.position)
        return self._receipt_of(outcome)

    def close(self) -> None:
        self._lane.finish(self._patience_s)
        super().close()

    def _submit(self, commit: Commit) -> Future[Answered]:
        """Here when this node is the owner; to its owner when it is not, or not any more."""
        answer: Future[Answered] = Future()
        answer.set_running_or_notify_cancel()

        def from_owner(done: Future[Answered]) -> None:
            if error := done.exception():
                answer.set_exception(error)
            else:
                answer.set_result(done.result())

        def from_here(done: Future[Receipt]) -> None:
            error = done.exception()
            if error is None:
                answer.set_result(Answered([done.result()], 0))
            elif not isinstance(error, JournalMoved):
                answer.set_exception(error)
            else:
                try:
                    self._lane.submit(commit, check(commit)).add_done_callback(from_owner)
                except OpsledgerError as refused:
                    answer.set_exception(refused)

        if self.is_owner:
            self.journal.submit(commit).add_done_callback(from_here)
            return answer
        try:
            size = check(commit)
        except InvalidInput as error:
            answer.set_exception(error)
            return answer
        if self.journal.is_closed:
            answer.set_exception(JournalStopped("the journal is closed"))
            return answer
        self._lane.submit(commit, size).add_done_callback(from_owner)
        return answer

    def _receipt(self, answered: Future[Answered]) -> Future[Receipt]:
        receipt: Future[Receipt] = Future()
        receipt.set_running_or_notify_cancel()

        def finish(done: Future[Answered]) -> None:
            try:
                [outcome] = done.result().outcomes
                receipt.set_result(self._receipt_of(outcome))
            except Exception as error:
                receipt.set_exception(error)

        answered.add_done_callback(finish)
        return receipt

    def _receipt_of(self, outcome: Receipt | OpsledgerError) -> Receipt:
        if not isinstance(outcome, Receipt):
            raise outcome
        begin = begin_of(self.number)
        return outcome._replace(positions=tuple(begin + position for position in outcome.positions)) if begin else outcome

    def _await(self, position: int) -> None:
        """Until this node has read up to a position: who records through it finds here what was recorded."""
        if not self.journal.wait_beyond(position - 1, self._patience_s):
            raise JournalUnreachable("what was recorded has not come here yet; send the same request again")
