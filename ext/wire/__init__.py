"""Protobuf messages taken apart without decoding them: what came over the wire is what is stored."""
from __future__ import annotations

from opsledger.ext.wire.split_py import MalformedWire

try:
    from opsledger.ext.wire._split import split
except ImportError:  # built without a C compiler: the twin does the same, slower
    from opsledger.ext.wire.split_py import split

__all__ = ["MalformedWire", "split"]
