"""A view of a reply as it is written down, and back. Pure."""

from __future__ import annotations

from dataclasses import asdict, replace

from bot.domain.outbox import KeptPart, KeptReply
from bot.replies.planner import Part, View, wanted


def kept_parts(view: View) -> tuple[KeptPart, ...]:
    """The parts of a view that is laid out."""
    return tuple(
        KeptPart(
            start=part.start,
            end=part.end,
            opener=part.opener,
            message_id=part.message_id,
            current=part.shown is not None and part.shown == wanted(view, index),
            plain=part.plain,
            lost=part.lost,
            repeated=part.repeated,
            gone=part.gone,
        )
        for index, part in enumerate(view.parts)
    )


def revived(view: View, kept: KeptReply) -> View:
    """A new view, of the same channel, with all that was written down."""
    parts = tuple(_part_of(part) for part in kept.parts)
    view = replace(
        view,
        text=kept.text,
        finished=kept.finished,
        parts=parts,
        previews=False,
        caption=kept.caption,
        spare=kept.spare,
        drops=kept.drops,
        withdrawals=kept.withdrawals,
    )
    shown = (
        replace(part, shown=wanted(view, index) if before.current else None)
        for index, (part, before) in enumerate(zip(parts, kept.parts, strict=True))
    )
    return replace(view, parts=tuple(shown))


def _part_of(kept: KeptPart) -> Part:
    return Part(**{name: value for name, value in asdict(kept).items() if name != "current"})
