"""A partition as every node has it: read here, written where its owner is."""
from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from opsledger.core.errors import InvalidInput, JournalMoved, JournalStopped, JournalUnreachable, VersionConflict
from opsledger.core.ports import Commit, NewEvent, Receipt
from opsledger.services.cluster.lane import Answered, Lane, Owner
from opsledger.services.cluster.peers import Peers
from opsledger.services.cluster.recording import record_all
from opsledger.services.futures import instead, refused, then
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

    @property
    def is_shared(self) -> bool:
        return True

    def wait_owner(self, owner: bool, timeout_s: float) -> bool:
        return self.journal.wait_owner(owner, timeout_s)

    def _send(self, owner: Owner, commits: Sequence[Commit]) -> Future[Answered]:
        if owner.node == self._node:
            return record_all(self.journal, commits)
        return self._peers.send(owner.address, self.number, commits)

    def submit(self, commit: Commit) -> Future[Receipt]:
        return then(self._submit(commit), self._receipt_of)

    def fits(self, events: Sequence[NewEvent]) -> bool:
        return self.journal.fits(events)

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
        return self._receipt_of(answered)

    def close(self) -> None:
        self._lane.finish(self._patience_s)
        super().close()

    def _submit(self, commit: Commit) -> Future[Answered]:
        """Here when this node is the owner; to its owner when it is not, or not any more."""
        if not self.is_owner or self._lane.is_busy:  # what has waited for the owner is not overtaken
            return self._hand_on(commit)
        here = then(self.journal.submit(commit), lambda receipt: Answered([receipt], 0))
        return instead(here, JournalMoved, lambda: self._hand_on(commit))

    def _hand_on(self, commit: Commit) -> Future[Answered]:
        try:
            size = check(commit)
        except InvalidInput as error:
            return refused(error)
        if self.journal.is_closed:
            return refused(JournalStopped("the journal is closed"))
        return self._lane.submit(commit, size)

    def _receipt_of(self, answered: Answered) -> Receipt:
        [outcome] = answered.outcomes
        if isinstance(outcome, Receipt):
            return self._numbered(outcome)
        raise outcome

    def _await(self, position: int) -> None:
        """Until this node has read up to a position: who records through it finds here what was recorded."""
        if not self.journal.wait_beyond(position - 1, self._patience_s):
            raise JournalUnreachable("what was recorded has not come here yet; send the same request again")
