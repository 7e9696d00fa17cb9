"""A disk in memory behind the journal's file port. It forgets what was not synced, tears writes and fails when it is told to."""
from __future__ import annotations

import errno
from collections.abc import Callable
from copy import deepcopy
from random import Random

from opsledger.core.errors import JournalLocked

SECTOR_BYTES = 512
"""What a disk writes whole or not at all."""


class PowerCut(OSError):
    """The machine is gone: nothing works any more until the disk is put into another one."""


class Inode:
    """A file's bytes as programs see them, and as the disk holds them."""

    def __init__(self, data: bytes = b"") -> None:
        self.seen = bytearray(data)
        self.held = bytearray(data)
        self.unsynced: list[tuple[int, bytes | None]] = []
        """Writes (offset, data) and truncations (size, None)."""

    def sync(self) -> None:
        for offset, data in self.unsynced:
            _apply(self.held, offset, data)
        self.unsynced = []

    def after_power_cut(self, random: Random) -> Inode:
        """Any of the unsynced sectors may have reached the disk."""
        held = bytearray(self.held)
        for offset, data in self.unsynced:
            if data is None:
                if random.random() < 0.5:
                    _apply(held, offset, None)
                continue
            at = offset
            while at < offset + len(data):
                end = min(at - at % SECTOR_BYTES + SECTOR_BYTES, offset + len(data))
                if random.random() < 0.5:
                    _apply(held, at, data[at - offset:end - offset])
                at = end
        return Inode(bytes(held))


def _apply(held: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del held[offset:]
    else:
        held.extend(bytes(max(offset - len(held), 0)))
        held[offset:offset + len(data)] = data


class Disk:
    """See opsledger.services.journal.files.Files. ``before`` is called with every act that changes something, and may raise."""

    def __init__(self, contents: dict[str, bytes] | None = None, before: Callable[[str, str], None] = lambda act, name: None) -> None:
        self._names = {name: Inode(data) for name, data in (contents or {}).items()}
        self._durable_names = dict(self._names)
        self._name_acts: list[dict[str, Inode]] = []
        self._locked = False
        self.before = before

    def contents(self) -> dict[str, bytes]:
        return {name: bytes(inode.seen) for name, inode in self._names.items()}

    def after_power_cut(self, random: Random) -> Disk:
        """What another machine finds on it. Changes of names reach the disk in their order, as with a journalling file system."""
        names = random.choice([self._durable_names, *self._name_acts])
        disk = Disk()
        disk._names = {name: inode.after_power_cut(random) for name, inode in names.items()}
        disk._durable_names = dict(disk._names)
        return disk

    def after_process_end(self) -> Disk:
        """What a process that starts now finds: the system has every write, synced or not. What is done to this disk later is not on it."""
        disk = Disk()
        disk._names, disk._durable_names, disk._name_acts = deepcopy((self._names, self._durable_names, self._name_acts))
        return disk

    def names(self) -> list[str]:
        return sorted(self._names)

    def open(self, name: str, *, create: bool = False) -> OpenFile:
        if create:
            self.before("create", name)
            if name in self._names:
                raise FileExistsError(errno.EEXIST, name)
            self._change_names({**self._names, name: Inode()})
        if name not in self._names:
            raise FileNotFoundError(errno.ENOENT, name)
        return OpenFile(self, name, self._names[name])

    def replace(self, old: str, new: str) -> None:
        self.before("replace", new)
        self._change_names({**{name: inode for name, inode in self._names.items() if name != old}, new: self._names[old]})

    def remove(self, name: str) -> None:
        self.before("remove", name)
        self._change_names({other: inode for other, inode in self._names.items() if other != name})

    def _change_names(self, names: dict[str, Inode]) -> None:
        self._names = names
        self._name_acts.append(names)

    def sync_names(self) -> None:
        self.before("sync names", "")
        self._durable_names, self._name_acts = dict(self._names), []

    def check(self, name: str, file: object) -> None:
        """Nobody takes anything away from it."""

    def lock(self) -> None:
        if self._locked:
            raise JournalLocked("this disk is in use")
        self._locked = True

    def unlock(self) -> None:
        self._locked = False


class OpenFile:
    """See opsledger.services.journal.files.File."""

    def __init__(self, disk: Disk, name: str, inode: Inode) -> None:
        self._disk, self._name, self._inode = disk, name, inode

    def read(self, size: int, offset: int) -> bytes:
        return bytes(self._inode.seen[offset:offset + size])

    def write(self, data: bytes, offset: int) -> None:
        _apply(self._inode.seen, offset, data)
        self._inode.unsynced.append((offset, data))
        self._disk.before("write", self._name)  # a cut in the middle of a write leaves any part of it

    def sync(self) -> None:
        try:
            self._disk.before("sync", self._name)
        except OSError as error:
            if not isinstance(error, PowerCut):  # the system takes the bytes for written now: they never reach the disk
                self._inode.unsynced = []
            raise
        self._inode.sync()

    def truncate(self, size: int) -> None:
        self._disk.before("truncate", self._name)
        _apply(self._inode.seen, size, None)
        self._inode.unsynced.append((size, None))

    def size(self) -> int:
        return len(self._inode.seen)
