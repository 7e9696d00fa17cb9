"""Files that nothing waits for: what is written goes to the system's memory, and the disk follows when it likes. Of a replica, which can be
read again from the topic."""
from __future__ import annotations

from opsledger.services.journal.files import File, Files


class CachedFile:
    """See File."""

    def __init__(self, file: File) -> None:
        self.file = file

    def read(self, size: int, offset: int) -> bytes:
        return self.file.read(size, offset)

    def write(self, data: bytes, offset: int) -> None:
        self.file.write(data, offset)

    def sync(self) -> None:
        """Returns at once."""

    def settle(self) -> None:
        """Return when all that was written is durable."""
        self.file.sync()

    def truncate(self, size: int) -> None:
        self.file.truncate(size)

    def size(self) -> int:
        return self.file.size()


class CachedFiles:
    """See Files."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def names(self) -> list[str]:
        return self._files.names()

    def open(self, name: str, *, create: bool = False) -> CachedFile:
        return CachedFile(self._files.open(name, create=create))

    def replace(self, old: str, new: str) -> None:
        self._files.replace(old, new)

    def remove(self, name: str) -> None:
        self._files.remove(name)

    def sync_names(self) -> None:
        """Returns at once."""

    def settle_names(self) -> None:
        """Return when created, replaced and removed names are durable."""
        self._files.sync_names()

    def check(self, name: str, file: File) -> None:
        assert isinstance(file, CachedFile)
        self._files.check(name, file.file)

    def lock(self) -> None:
        self._files.lock()

    def unlock(self) -> None:
        self._files.unlock()
