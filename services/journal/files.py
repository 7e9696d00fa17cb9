"""The file system as the journal sees it: one folder, few acts. A port, so that faults can be injected."""
from __future__ import annotations

import errno
import fcntl
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from opsledger.core.errors import JournalLocked, JournalStopped

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_NO_FOLDER_LOCKS = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What file systems say that lock only what can be written: NFS."""
_GONE = "put it back, or restore the folder from a copy, and start again; the replica of a topic is read again by itself"
_log = logging.getLogger(__name__)


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

    def check(self, name: str, file: File) -> None:
        """Whoever opens the folder and this name now finds this file, and finds it locked. Raises JournalStopped: what is written to
        it otherwise is lost, or stands where another process writes."""


class LocalFile:
    """See File."""

    def __init__(self, path: Path | str, flags: int, folder: LocalFile | None = None) -> None:
        """``folder``: that the path is relative to."""
        self._descriptor = os.open(path, flags | os.O_CLOEXEC, 0o644, dir_fd=_at(folder))
        opened = os.fstat(self._descriptor)
        self._identity = opened.st_dev, opened.st_ino

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

    @property
    def descriptor(self) -> int:
        """Of the system, as long as this object is referred to."""
        return self._descriptor

    def is_at(self, path: Path | str, folder: LocalFile | None = None) -> bool:
        """Who opens the path finds this file."""
        try:
            found = os.stat(path, dir_fd=_at(folder))
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def lock(self) -> None:
        """Until it is released. Raises BlockingIOError when another open file, here or elsewhere, has the lock."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def unlock(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)


class LocalFiles:
    """See Files. ``read_only``: nothing is created, locked or written, the folder neither.

    The folder is held open, and every name is looked up in what was opened: a folder that takes its place later is another one. The
    lock is on the folder itself, which cannot be removed from under it unnoticed as a file in it can; the file beside it keeps out
    versions that know no other lock.
    """

    LOCK = "lock"

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self._path, self._read_only = folder, read_only
        self._opened: LocalFile | None = None
        self._lock: LocalFile | None = None
        if not read_only and not folder.is_dir():
            folder.mkdir(parents=True)
            _sync(LocalFile(folder.parent, _FOLDER))

    @property
    def _folder(self) -> LocalFile:
        if self._opened is None:
            self._opened = LocalFile(self._path, _FOLDER)
        return self._opened

    def names(self) -> list[str]:
        return sorted(os.listdir(self._folder.descriptor))

    def open(self, name: str, *, create: bool = False) -> LocalFile:
        mode = os.O_RDONLY if self._read_only else os.O_RDWR
        return LocalFile(name, mode | (os.O_CREAT | os.O_EXCL if create else 0), self._folder)

    def replace(self, old: str, new: str) -> None:
        os.replace(old, new, src_dir_fd=self._folder.descriptor, dst_dir_fd=self._folder.descriptor)

    def remove(self, name: str) -> None:
        os.unlink(name, dir_fd=self._folder.descriptor)

    def sync_names(self) -> None:
        _sync(self._folder)

    def lock(self) -> None:
        try:
            self._lock_folder()
            self._lock_file()
        except BlockingIOError:
            self.unlock()
            raise JournalLocked(
                f"another process writes to the journal in {self._path}; stop it first, or send the events to its server"
            ) from None

    def _lock_folder(self) -> None:
        try:
            self._folder.lock()
        except OSError as error:
            if error.errno not in _NO_FOLDER_LOCKS:
                raise
            _log.warning("%s cannot be locked on its file system (%s): only its file %r keeps others out", self._path, error, self.LOCK)

    def _lock_file(self) -> None:
        held = LocalFile(self.LOCK, os.O_RDWR | os.O_CREAT, self._folder)
        held.lock()
        self._lock = held

    def unlock(self) -> None:
        self._lock = None
        with suppress(OSError):  # where folders cannot be locked
            self._folder.unlock()

    def check(self, name: str, file: File) -> None:
        assert isinstance(file, LocalFile)
        if not self._folder.is_at(self._path):
            raise JournalStopped(f"the journal stopped: its folder {self._path} was removed or replaced while it was open; {_GONE}")
        if not file.is_at(name, self._folder):
            raise JournalStopped(f"the journal stopped: {self._path / name} was removed or replaced while it was open; {_GONE}")
        if self._lock and not self._lock.is_at(self.LOCK, self._folder):
            self._lock_again()

    def _lock_again(self) -> None:
        _log.warning("%s was removed while the journal was open; it is made again", self._path / self.LOCK)
        try:
            self._lock_file()
        except BlockingIOError:
            raise JournalStopped(
                f"the journal stopped: {self._path / self.LOCK} was removed while it was open, and another process writes there now; "
                "stop that one, and look with opsledger journal verify"
            ) from None


def _at(folder: LocalFile | None) -> int | None:
    """What a path is relative to, as the system wants it."""
    return None if folder is None else folder.descriptor


def _sync(folder: LocalFile) -> None:
    os.fsync(folder.descriptor)
