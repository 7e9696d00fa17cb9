"""Drawing samples: requests in, responses out. How is in core/quality/sampling.py; from what, in frames.py."""
from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select, tuple_

from opsledger.core.errors import InvalidInput, NotFound
from opsledger.core.quality.assignment import assign
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.sample_draw import SEED_MAX, SampleDraw
from opsledger.core.quality.sampling import draw, frame_hash
from opsledger.core.tickets.validation import check_name
from opsledger.proto.quality.v1 import evaluations_pb2
from opsledger.proto.quality.v1 import sampling_pb2 as pb
from opsledger.services.decisions.decisions import Decisions
from opsledger.services.decisions.requests import Request
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.masks import masked
from opsledger.services.paging import last_of, page_size, page_token
from opsledger.services.projections.database import reader
from opsledger.services.projections.tables_quality import draws
from opsledger.services.quality.caller import Caller
from opsledger.services.quality.evaluation_messages import subject_message
from opsledger.services.quality.evaluations import Evaluations
from opsledger.services.quality.form_registry import FormRegistry
from opsledger.services.quality.frames import frame, read_filter
from opsledger.services.quality.sampling_messages import (
    METHOD_NUMBERS,
    contact_messages,
    design_of,
    draw_message,
    filter_message,
    filter_of,
    quotas_of,
)
from opsledger.services.tickets.codec import timestamp


class Samples:
    """Methods as those of the generated stub, with the caller. They raise InvalidInput, NotFound and InvalidPageToken."""

    def __init__(
        self, decisions: Decisions, engine: Engine, forms: FormRegistry, evaluations: Evaluations, now_us: Callable[[], int] = wall_clock_us
    ) -> None:
        self._decisions, self._engine, self._forms, self._evaluations = decisions, reader(engine), forms, evaluations
        self._now_us = now_us

    def DrawSample(self, request: pb.DrawSampleRequest, caller: Caller) -> pb.DrawSampleResponse:
        if request.preview:
            return pb.DrawSampleResponse(draw=draw_message(self._drawn(request, caller.name), preview=True))

        def start(drawn: SampleDraw) -> Iterable[Evaluation]:
            return self._started(request, drawn)

        decided = self._decisions.create(
            SampleDraw, Request.of(request, caller.name), make=lambda: self._drawn(request, caller.name), beside=start)
        return pb.DrawSampleResponse(draw=draw_message(decided.aggregate), position=decided.position)

    def GetDraw(self, request: pb.GetDrawRequest, _: Caller) -> pb.GetDrawResponse:
        return pb.GetDrawResponse(draw=masked(draw_message(self._get(request.tenant, request.id)), request.read_mask))

    def ListDraws(self, request: pb.ListDrawsRequest, _: Caller) -> pb.ListDrawsResponse:
        query, size = (request.tenant, request.program), page_size(request.page_size, 100, 1000)
        last = last_of(request.page_token, query, 2)
        place = (draws.c.drawn_at_us, draws.c.aggregate_id)
        found = select(draws).where(draws.c.tenant == request.tenant).order_by(*(column.desc() for column in place)).limit(size + 1)
        if request.program:
            found = found.where(draws.c.program == request.program)
        if last is not None:
            found = found.where(tuple_(*place) < tuple_(*last))
        with self._engine.connect() as connection:
            rows = connection.execute(found).all()
        page = rows[:size]
        return pb.ListDrawsResponse(
            draws=[masked(_row_message(row), request.read_mask) for row in page],
            next_page_token=page_token(query, [page[-1].drawn_at_us, page[-1].aggregate_id]) if len(rows) > size else "",
        )

    def ReplayDraw(self, request: pb.ReplayDrawRequest, _: Caller) -> pb.ReplayDrawResponse:
        then = self._get(request.tenant, request.id)
        with self._engine.connect() as connection:
            found = frame(connection, then.tenant, then.program, read_filter(then.filter), str(then.id), then.drawn_at_us)
        hashed, sample = frame_hash(found), draw(found, then.design)
        analysts = assign(sample, then.quotas, [(analyst, agent) for analyst, agent in then.conflicts])
        return pb.ReplayDrawResponse(
            frame_unchanged=hashed == then.frame_hash, same_sample=(sample, analysts) == (then.contacts, then.analysts), frame_hash=hashed,
            frame_size=len(found), contacts=contact_messages(sample, analysts),
        )

    def _drawn(self, request: pb.DrawSampleRequest, actor: str) -> SampleDraw:
        """Not yet recorded."""
        names = [*check_name("tenant", request.tenant, required=True), *check_name("program", request.program, required=True),
                 *check_name("form", request.form, required=True)]
        if names:
            raise InvalidInput(*names)
        chosen, quotas = filter_of(request.filter), quotas_of(request)
        design = design_of(request, request.seed if request.HasField("seed") else secrets.randbelow(SEED_MAX + 1))
        version, _ = self._forms.form(request.tenant, request.form, request.form_version)
        conflicts = sorted({(conflict.analyst, conflict.agent) for conflict in request.conflicts})
        with self._engine.connect() as connection:
            found = frame(connection, request.tenant, request.program, chosen)
        sample = draw(found, design)
        return SampleDraw.of(
            design, sample, tenant=request.tenant, program=request.program, form_id=request.form, form_version=version,
            filter=chosen.plain(), quotas=quotas, conflicts=[list(pair) for pair in conflicts], frame_hash=frame_hash(found),
            frame_size=len(found), analysts=assign(sample, quotas, conflicts), actor_id=actor, drawn_at_us=self._now_us(),
        )

    def _started(self, request: pb.DrawSampleRequest, drawn: SampleDraw) -> list[Evaluation]:
        started = []
        for contact, analyst in zip(drawn.contacts, drawn.analysts, strict=True):
            start = evaluations_pb2.StartEvaluationRequest(
                tenant=drawn.tenant, program=drawn.program, subject=subject_message(contact.subject), agent=contact.agent,
                group=contact.group, form=drawn.form_id, form_version=drawn.form_version, analyst=analyst,
                contact_at=timestamp(contact.at_us), due=request.due if request.HasField("due") else None,
                dispute=request.dispute if request.HasField("dispute") else None,
            )
            started.append(self._evaluations.begin(start, drawn.actor_id, drawn.form_version, str(drawn.id)))
        return started

    def _get(self, tenant: str, id: str) -> SampleDraw:
        try:
            return self._decisions.get(SampleDraw, UUID(id), tenant=tenant)
        except ValueError:
            raise NotFound("sample draw", id) from None


def _row_message(row: Any) -> pb.SampleDraw:
    return pb.SampleDraw(
        id=row.aggregate_id, tenant=row.tenant, program=row.program, form=row.form, form_version=row.form_version,
        filter=filter_message(json.loads(row.filter)), size=row.size, seed=row.seed,
        method=METHOD_NUMBERS[row.method],  # type: ignore[arg-type]  # a number
        frame_hash=row.frame_hash, frame_size=row.frame_size, actor=row.actor, drawn_at=timestamp(row.drawn_at_us), drawn=row.drawn,
    )
