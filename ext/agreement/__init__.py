"""Counts behind agreement coefficients. The kernel where it was built, its twin where it was not."""
from __future__ import annotations

from opsledger.ext.agreement import coincidence as twin

try:
    from opsledger.ext.agreement._coincidence import coincidences, counts

    COMPILED = True
except ImportError:
    from opsledger.ext.agreement.coincidence import coincidences, counts

    COMPILED = False

__all__ = ["COMPILED", "coincidences", "counts", "twin"]
