"""A folder on a disk of its own that can be filled. Only root can mount one."""
from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path

BLOCK_BYTES = 1 << 16


class CannotMount(Exception):
    """This process may not mount a disk."""


class SmallDisk:
    def __init__(self, folder: Path, mebibytes: int) -> None:
        """Raises CannotMount."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMount(done.stderr.strip())
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Nothing more can be written to it."""
        with self._ballast.open("ab", buffering=0) as file:
            for block in (BLOCK_BYTES, 1):
                with suppress(OSError):  # there is no room for another one
                    while True:
                        file.write(bytes(block))

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
