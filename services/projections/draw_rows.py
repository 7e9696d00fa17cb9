"""A draw as a row. Its contacts are the evaluations that name it."""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Table

from opsledger.core.quality.sample_draw import SampleDraw
from opsledger.services.projections.tables_quality import draws


def draw_rows(draw: SampleDraw) -> Iterator[tuple[Table, Mapping[str, Any]]]:
    yield draws, {
        "tenant": draw.tenant, "program": draw.program, "form": draw.form_id, "form_version": draw.form_version,
        "method": draw.design.method.value, "size": draw.design.size, "seed": draw.design.seed,
        "filter": json.dumps(draw.filter, sort_keys=True), "frame_hash": draw.frame_hash, "frame_size": draw.frame_size,
        "drawn": len(draw.contacts), "actor": draw.actor_id, "drawn_at_us": draw.drawn_at_us,
    }
