"""The ``opsledger`` command as its entry point runs it, in this process."""
from __future__ import annotations

import io
import json
import sys
from typing import Any, NamedTuple

import pytest

from opsledger.services.cli.main import app


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What --json printed; a server in the same process may have written its log before."""
        return json.loads(self.out[self.out.index("{\n"):])


def run(*arguments: object, stdin: str = "") -> Ran:
    """Exit code and what was printed."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["opsledger", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin.encode())), encoding="utf-8"))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            app()
        except SystemExit as done:
            return Ran(done.code if isinstance(done.code, int) else int(done.code is not None), out.getvalue(), err.getvalue())
        return Ran(0, out.getvalue(), err.getvalue())
