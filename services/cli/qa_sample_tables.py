"""Draws in a terminal."""
from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from opsledger.proto.quality.v1 import sampling_pb2 as pb


def show(draw: pb.SampleDraw) -> None:
    name = f"draw {draw.id}" if draw.id else "preview"
    _show(f"{name}: {draw.drawn} of {draw.frame_size} contacts, seed {draw.seed}", draw.contacts)
    if draw.id:
        Console(soft_wrap=True).print(f"frame {draw.frame_hash}; check it with: opsledger qa sample --replay {draw.id}", style="dim")


def show_replay(found: pb.ReplayDrawResponse) -> None:
    frame = "the frame is unchanged" if found.frame_unchanged else f"the frame has changed: {found.frame_size} contacts now"
    same = "the same sample" if found.same_sample else "another sample"
    _show(f"{frame}; {same}", found.contacts)


def _show(title: str, contacts: Iterable[pb.DrawnContact]) -> None:
    table = Table("contact", "agent", "channel", "category", "at", "risks", "analyst", title=title, title_justify="left", box=None)
    for contact in contacts:
        at = contact.at.ToDatetime().strftime("%Y-%m-%d %H:%M")
        table.add_row(
            _name(contact), contact.agent, contact.channel, contact.category, at, ", ".join(contact.risks), contact.analyst or "open")
    Console(soft_wrap=True).print(table)


def _name(contact: pb.DrawnContact) -> str:
    subject = contact.subject
    if subject.WhichOneof("subject") == "interaction":
        return f"{subject.interaction.source} {subject.interaction.interaction_id}"
    return f"{subject.ticket.source} {subject.ticket.ticket_id}"
