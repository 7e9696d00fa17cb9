"""Disagreements behind agreement coefficients. The kernel where it was built, its twin where it was not."""
from __future__ import annotations

from opsledger.ext.agreement import disagreement as twin

try:
    from opsledger.ext.agreement._disagreement import spread, widest, within

    COMPILED = True
except ImportError:
    from opsledger.ext.agreement.disagreement import spread, widest, within

    COMPILED = False

__all__ = ["COMPILED", "spread", "twin", "widest", "within"]
