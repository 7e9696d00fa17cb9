"""Draws as messages, and requests as what the core knows."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.sample_draw import SEED_MAX, SampleDraw
from opsledger.core.quality.sampling import Contact, Design, Method
from opsledger.core.tickets.validation import check_name
from opsledger.proto.quality.v1 import sampling_pb2 as pb
from opsledger.services.quality.evaluation_messages import subject_message
from opsledger.services.quality.frames import LONG_US, FrameFilter
from opsledger.services.tickets.codec import timestamp, timestamp_us

METHOD_NUMBERS = {method: pb.SamplingMethod.Value(f"SAMPLING_METHOD_{method.name}") for method in Method}
_METHODS = {number: method for method, number in METHOD_NUMBERS.items()}
_LISTS = ("agents", "groups", "channels", "categories", "excluded_agents")


def design_of(request: pb.DrawSampleRequest, seed: int) -> Design:
    """Raises InvalidInput."""
    wrong = []
    if request.method not in _METHODS:
        wrong.append(FieldViolation("method", "REQUIRED", f"must be one of {', '.join(Method)}"))
    if request.size == 0:
        wrong.append(FieldViolation("size", "OUT_OF_RANGE", "must be more than 0"))
    if seed > SEED_MAX:
        wrong.append(FieldViolation("seed", "OUT_OF_RANGE", f"must be at most {SEED_MAX}"))
    if wrong:
        raise InvalidInput(*wrong)
    return Design(_METHODS[request.method], request.size, seed)


def filter_of(message: pb.FrameFilter) -> FrameFilter:
    """Raises InvalidInput."""
    wrong = [FieldViolation(f"filter.{name}", "REQUIRED", "must be set") for name in ("from", "to") if not message.HasField(name)]
    from_us, to_us = (timestamp_us(getattr(message, name)) for name in ("from", "to"))
    if not wrong and from_us >= to_us:
        wrong.append(FieldViolation("filter.to", "OUT_OF_RANGE", "must be after filter.from"))
    long_us = message.long.seconds * 1_000_000 + message.long.nanos // 1_000 if message.HasField("long") else LONG_US
    if long_us <= 0:
        wrong.append(FieldViolation("filter.long", "OUT_OF_RANGE", "must be more than nothing"))
    if wrong:
        raise InvalidInput(*wrong)
    lists = {name: tuple(sorted(set(getattr(message, name)))) for name in _LISTS}
    return FrameFilter(
        message.kind == pb.CONTACT_KIND_INTERACTIONS, from_us, to_us, long_us=long_us, include_evaluated=message.include_evaluated,
        every_contributor=message.every_contributor, **lists)


def quotas_of(request: pb.DrawSampleRequest) -> dict[str, int]:
    """Raises InvalidInput."""
    wrong: list[FieldViolation] = []
    for index, quota in enumerate(request.quotas):
        wrong += check_name(f"quotas[{index}].analyst", quota.analyst, required=True)
        if quota.analyst in {other.analyst for other in request.quotas[:index]}:
            wrong.append(FieldViolation(f"quotas[{index}].analyst", "DUPLICATE", f"{quota.analyst!r} has a quota already"))
    if wrong:
        raise InvalidInput(*wrong)
    return {quota.analyst: quota.contacts for quota in request.quotas}


def draw_message(draw: SampleDraw, *, preview: bool = False) -> pb.SampleDraw:
    return pb.SampleDraw(
        id="" if preview else str(draw.id), tenant=draw.tenant, program=draw.program, form=draw.form_id,
        form_version=draw.form_version, filter=filter_message(draw.filter),
        method=METHOD_NUMBERS[draw.design.method],  # type: ignore[arg-type]  # a number
        size=draw.design.size, seed=draw.design.seed,
        quotas=[pb.AnalystQuota(analyst=analyst, contacts=most) for analyst, most in draw.quotas.items()],
        conflicts=[pb.ConflictOfInterest(analyst=analyst, agent=agent) for analyst, agent in draw.conflicts],
        frame_hash=draw.frame_hash, frame_size=draw.frame_size, actor=draw.actor_id, drawn_at=timestamp(draw.drawn_at_us),
        drawn=len(draw.contacts), contacts=contact_messages(draw.contacts, draw.analysts),
    )


def contact_messages(contacts: Sequence[Contact], analysts: Sequence[str]) -> list[pb.DrawnContact]:
    return [
        pb.DrawnContact(
            subject=subject_message(contact.subject), agent=contact.agent, group=contact.group, channel=contact.channel,
            category=contact.category, at=timestamp(contact.at_us), risks=contact.risks, analyst=analyst,
        )
        for contact, analyst in zip(contacts, analysts, strict=True)
    ]


def filter_message(plain: dict[str, Any]) -> pb.FrameFilter:
    message = pb.FrameFilter(
        kind=pb.CONTACT_KIND_INTERACTIONS if plain["interactions"] else pb.CONTACT_KIND_TICKETS, to=timestamp(plain["to_us"]),
        include_evaluated=plain["include_evaluated"], every_contributor=plain.get("every_contributor", False),
        **{name: plain[name] for name in _LISTS},
    )
    getattr(message, "from").CopyFrom(timestamp(plain["from_us"]))
    message.long.FromMicroseconds(plain["long_us"])
    return message
