"""The file system as the journal sees it: one folder, few acts. A port, so that faults can be injected."""
from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Protocol

from opsledger.core.errors import JournalLocked


class File(Protocol):
    """An open file. It is released when nobody refers to it any more, so that a reader never reads from a closed one."""

    def read(self, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes; fewer only at the end of the file."""

    def write(self, data: bytes, offset: int) -> None:
        """All of ``data``; durable after the next ``sync``."""

    def sync(self) -> None:
        """Return when all that was written is durable. After an error nothing is known of what was written."""

    def truncate(self, size: int) -> None: ...

    def size(self) -> int: ...


class Files(Protocol):
    """The files of one folder."""

    def names(self) -> list[str]: ...

    def open(self, name: str, *, create: bool = False) -> File:
        """``create``: it must not exist yet; its name is durable after ``sync_names``."""

    def replace(self, old: str, new: str) -> None: ...

    def remove(self, name: str) -> None: ...

    def sync_names(self) -> None:
        """Return when created, replaced and removed names are durable."""

    def lock(self) -> None:
        """Keep other writers out until ``unlock`` or the end of the process. Raises JournalLocked."""

    def unlock(self) -> None: ...


class LocalFile:
    """See File."""

    def __init__(self, path: Path, flags: int) -> None:
        self._descriptor = os.open(path, flags | os.O_CLOEXEC, 0o644)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)

    def read(self, size: int, offset: int) -> bytes:
        data = os.pread(self._descriptor, size, offset)
        if len(data) == size or not data:
            return data
        parts = [data]  # the kernel gives at most 2 GiB at a time, and less when interrupted
        while data:
            done = sum(map(len, parts))
            data = os.pread(self._descriptor, size - done, offset + done)
            parts.append(data)
        return b"".join(parts)

    def write(self, data: bytes, offset: int) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, offset)
            view, offset = view[written:], offset + written

    def sync(self) -> None:
        os.fdatasync(self._descriptor)

    def truncate(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def lock(self) -> None:
        """Until it is released. Raises BlockingIOError when another open file, here or elsewhere, has the lock."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class LocalFiles:
    """See Files. ``read_only``: nothing is created, locked or written, the folder neither."""

    LOCK = "lock"

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self._folder, self._read_only = folder, read_only
        self._lock: LocalFile | None = None
        if not read_only and not folder.is_dir():
            folder.mkdir(parents=True)
            _sync_folder(folder.parent)

    def names(self) -> list[str]:
        return sorted(os.listdir(self._folder))

    def open(self, name: str, *, create: bool = False) -> LocalFile:
        mode = os.O_RDONLY if self._read_only else os.O_RDWR
        return LocalFile(self._folder / name, mode | (os.O_CREAT | os.O_EXCL if create else 0))

    def replace(self, old: str, new: str) -> None:
        os.replace(self._folder / old, self._folder / new)

    def remove(self, name: str) -> None:
        (self._folder / name).unlink()

    def sync_names(self) -> None:
        _sync_folder(self._folder)

    def lock(self) -> None:
        held = LocalFile(self._folder / self.LOCK, os.O_RDWR | os.O_CREAT)
        try:
            held.lock()
        except BlockingIOError:
            raise JournalLocked(
                f"another process writes to the journal in {self._folder}; stop it first, or send the events to its server"
            ) from None
        self._lock = held

    def unlock(self) -> None:
        self._lock = None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
