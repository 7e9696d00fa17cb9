"""What the records of a partition come to. Every reader folds the same records in the same order, so all have the same commits at the
same positions: correctness rests on this fold and on the partition's order alone.

A claim counts when its epoch is higher than the one before; it fences the owner before it. A commit counts when its epoch is that of
the last claim that counts, and when it follows by position and hash from the commit before it that counts. All else is passed over:
the commits that a fenced owner still sends, and those that follow one of its own which Kafka did not take.
"""
from __future__ import annotations

import logging
from dataclasses import dataclass

from opsledger.core.errors import JournalDamaged
from opsledger.ext.journal import NO_HASH, Scan, decode_commit_header, scan
from opsledger.services.journal.kafka.records import CLAIM_KEY, Claim, Record, decode_claim

_log = logging.getLogger(__name__)
NOBODY = Claim(0, "", "", "")


@dataclass(slots=True)
class LogState:
    """After all records before ``offset``."""

    offset: int = 0
    position: int = 0
    recorded_at_us: int = 0
    hash: bytes = NO_HASH
    claim: Claim = NOBODY
    """The last one that counts."""

    def take(self, record: Record, base: int) -> Scan | None:
        """The next record. For a commit that counts, what its index needs when it stands at ``base`` of a segment.

        Raises JournalDamaged when the record proves that an earlier one is not what it was: the topic has lost something.
        """
        if record.key == CLAIM_KEY:
            self.offset = record.offset + 1
            claim = decode_claim(record.value)
            if claim and claim.epoch > self.claim.epoch:
                self.claim = claim
            return None
        header = decode_commit_header(record.value)
        if header is None or header.epoch != self.claim.epoch:
            self._pass_over(record, "it is of another epoch")
            return None
        if header.durable > self.position:
            raise self._lost(record, f"its writer knew events up to position {header.durable}")
        if header.first_position != self.position + 1:
            self._pass_over(record, "it does not follow")
            return None
        found = scan(record.value, base, self.position + 1, self.hash)
        if found.problem or found.commits != 1:
            raise self._lost(record, found.problem.text if found.problem else "it is more than one commit")
        self.offset = record.offset + 1
        self.position, self.hash, self.recorded_at_us = found.next_position - 1, found.hash, found.recorded_at_us
        return found

    def _lost(self, record: Record, text: str) -> JournalDamaged:
        """What the owner wrote rests on something that this reader has not seen, or on something else than it has seen."""
        return JournalDamaged(f"the record does not follow from what the topic held before: {text}",
                              position=self.position + 1, segment="topic", offset=record.offset)

    def _pass_over(self, record: Record, reason: str) -> None:
        self.offset = record.offset + 1
        _log.debug("the record at offset %d is passed over: %s (epoch %d, position %d)",
                   record.offset, reason, self.claim.epoch, self.position)
