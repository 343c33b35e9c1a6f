"""What to call next so that the screen shows the answer. Pure: values in, a step out.

An answer is shown in parts, each a range of the text in a message of its own. Only the last part is open; when it
outgrows a message it is sealed at a good place and another opens behind it. The parts joined are always the text.

A reply may take the place of older messages: they are edited in their order, and those that are left over are deleted.
An answer of too many messages ends with one that carries all of it as a file instead of the last part.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from bot.domain.platform import Button, Limits
from bot.domain.text import utf16_length
from bot.replies.splitter import Fits, cut, fence_after, wrap

FIRST_LENGTH = 30
FIRST_WAIT = 0.6
TYPING_AFTER = 0.1
TYPING_EVERY = 4.5
"""Seconds; the sign lasts about 5 s on Telegram and 10 s on Discord. An answer that is there at once needs none."""

MAX_GONE = 2
FENCE = 0.25
"""How much of a message the line may take that opens a code fence again."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a message should look, or looks; `file`: it carries the whole text as a file, and `source` is the caption."""

    source: str
    buttons: tuple[Button, ...] = ()
    plain: bool = False
    file: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A range of the text in one message; `end` is None while it is open.

    `shown` is None as long as what the message shows is not known. `lost`: a send may have worked, but its answer
    never came, so that there is no id to edit. `repeated`: the same, where the platform knows a repeated send again
    and answers with the first message, whose text may be older; it is the nonce of that send. `gone` counts how often
    people deleted the message.
    """

    start: int
    end: int | None = None
    opener: str = ""
    message_id: str | None = None
    shown: Look | None = None
    plain: bool = False
    lost: bool = False
    repeated: str = ""
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """The passing preview that is on screen, and since when (seconds on the loop's clock)."""

    look: Look
    at: float


@dataclass(frozen=True, slots=True)
class View:
    """All that the next step depends on.

    `since` is when the first character came; `typing_due` is when the next typing sign is due while there is none.
    `most` is how many messages of text there may be: the part behind them is shown when the text is finished, as a file
    with `caption`. `spare` are messages that show something else and are taken over one by one, the highest first;
    `drops` are to be deleted, except for the `stuck`, which the platform does not delete. `withdrawals` counts how
    often all of the text was withdrawn.
    """

    text: str = ""
    finished: bool = False
    buttons: tuple[Button, ...] = ()
    parts: tuple[Part, ...] = field(default=(Part(0),))
    since: float | None = None
    typing_due: float = 0.0
    preview: Preview | None = None
    previews: bool = False
    most: int | None = None
    caption: str = ""
    spare: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    stuck: frozenset[str] = frozenset()
    withdrawals: int = 0


@dataclass(frozen=True, slots=True)
class Send:
    """`withdrawals` tells, here as in `Edit`, a call of a text that is withdrawn while it is made."""

    kind: Literal["send"] = field(default="send", init=False)
    part: int
    look: Look
    withdrawals: int = 0


@dataclass(frozen=True, slots=True)
class Edit:
    kind: Literal["edit"] = field(default="edit", init=False)
    part: int
    message_id: str
    look: Look
    withdrawals: int = 0


@dataclass(frozen=True, slots=True)
class Drop:
    """Delete a message or, where the platform does not (`stuck`), leave nothing to read in it. Metered as an edit."""

    kind: Literal["edit"] = field(default="edit", init=False)
    message_id: str
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class ShowPreview:
    kind: Literal["preview"] = field(default="preview", init=False)
    look: Look


@dataclass(frozen=True, slots=True)
class Typing:
    kind: Literal["typing"] = field(default="typing", init=False)


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to do before the text changes, or before `until`."""

    kind: Literal["idle"] = field(default="idle", init=False)
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    kind: Literal["done"] = field(default="done", init=False)


Calling = Send | Edit | Drop | ShowPreview | Typing
Step = Calling | Idle | Done


def lay_out(view: View, fits: Fits, limit: int) -> View:
    """The view with every part that outgrew its message sealed, and new ones opened behind it."""
    parts = list(view.parts)
    while True:
        last = parts[-1]
        if len(parts) - 1 == view.most:  # what is behind the last message is shown in the file
            return replace(view, parts=tuple(parts))
        piece = view.text[last.start :]
        if fits(wrap(piece, last.opener).rstrip()):
            return replace(view, parts=tuple(parts))
        end = cut(view.text, last.start, last.opener, fits, limit)
        if end >= len(view.text):  # one character, and beside it a fence that leaves no room for it
            return replace(view, parts=tuple(parts))
        parts[-1] = replace(last, end=end)
        sealed = view.text[last.start : end]
        opener = fence_after(f"{last.opener}\n{sealed}" if last.opener else sealed)
        # Opened again and closed in each message, a long fence would leave no room: the text goes on outside of it.
        parts.append(Part(start=end, opener=opener if utf16_length(opener) <= limit * FENCE else ""))


def next_step(view: View, limits: Limits, now: float) -> Step:
    """The next call, in the order of the parts, and then for the messages that are left over; `view` is laid out."""
    step = _next_for_parts(view, limits, now)
    unwanted = (*view.drops, *view.spare)
    if unwanted and (view.finished or view.withdrawals) and isinstance(step, Typing | Idle | Done):
        return Drop(unwanted[0], unwanted[0] in view.stuck)
    return step


def wanted(view: View, index: int) -> Look:
    """How a part's message should look now. Buttons are on the last message only."""
    part = view.parts[index]
    if index == view.most:
        return Look(view.caption, view.buttons, part.plain, file=True)
    file_to_come = len(view.parts) - 1 == view.most and not view.finished
    last = index == len(view.parts) - (2 if file_to_come else 1)
    source = wrap(view.text[part.start : part.end], part.opener)
    return Look(source.rstrip(), view.buttons if last else (), part.plain)


def forget_unshown_cuts(view: View, index: int) -> View:
    """The view with the part reopened, because its message turned out too long; only while no later one is shown."""
    if any(part.message_id or part.lost for part in view.parts[index + 1 :]):
        return view
    return replace(view, parts=(*view.parts[:index], replace(view.parts[index], end=None)))


def with_message(view: View, index: int, message_id: str, shown: Look | None) -> View:
    """The view after a message was sent for this part. Spare ones stand above it, so they cannot show what follows."""
    view = with_part(view, index, message_id=message_id, shown=shown, lost=False, repeated="")
    return replace(view, preview=None, spare=(), drops=(*view.drops, *view.spare))


def with_part(view: View, index: int, **changes: object) -> View:
    """The view with other values of some fields of a part."""
    part = replace(view.parts[index], **changes)  # type: ignore[arg-type]  # fields of Part, by name
    return replace(view, parts=(*view.parts[:index], part, *view.parts[index + 1 :]))


def without_message(view: View, message_id: str) -> View:
    """The view after a message that was spare or unwanted came to its end."""
    spare = tuple(each for each in view.spare if each != message_id)
    drops = tuple(each for each in view.drops if each != message_id)
    return replace(view, spare=spare, drops=drops)


def without_file(view: View) -> View:
    """The view with the rest of the text in messages, because the platform does not take the file."""
    if view.most is None:
        return view
    rest = replace(view.parts[-1], plain=False)
    return replace(view, most=None, parts=(*view.parts[:-1], rest) if len(view.parts) > view.most else view.parts)


def withdrawn(view: View, text: str) -> View:
    """The view with `text` instead of all that was said; a view that is not finished.

    A message that may have been sent, and is found by sending it again, is the one that shows the new text.
    """
    unsure = next((part.repeated for part in view.parts if part.repeated), "")
    shown = tuple(part.message_id for part in view.parts if part.message_id is not None)
    return replace(
        view,
        text=text,
        parts=(Part(0, repeated=unsure),),
        since=float("-inf"),
        spare=(*shown, *view.spare),
        withdrawals=view.withdrawals + 1,
    )


def sent_too_late(view: View, message_id: str) -> View:
    """The view after a message was sent whose text was withdrawn meanwhile."""
    first = replace(view.parts[0], repeated="")
    return replace(view, parts=(first, *view.parts[1:]), preview=None, spare=(*view.spare, message_id))


def _next_for_parts(view: View, limits: Limits, now: float) -> Step:
    for index, part in enumerate(view.parts):
        step = _step_for(view, index, part, limits, now)
        if step is not None:
            return step
    return Done() if view.finished else Idle()


def _step_for(view: View, index: int, part: Part, limits: Limits, now: float) -> Step | None:
    """What this part needs; None when it needs nothing and the next one may be looked at."""
    look = wanted(view, index)
    if part.gone >= MAX_GONE or (look.file and not view.finished):
        return None
    if not look.source.strip():
        return _before_the_first_word(view, now) if not view.finished and index == 0 else None
    if part.message_id is not None:
        return None if part.shown == look else Edit(index, part.message_id, look, view.withdrawals)
    if view.finished or part.end is not None:
        return Idle() if part.lost and not view.finished else _first_sight(view, index, look)
    if part.lost:
        return Idle()
    if view.previews and limits.previews and not view.spare:
        return _preview(view, look, limits, now)
    if len(look.source) < FIRST_LENGTH and view.since is not None and now < view.since + FIRST_WAIT:
        return Idle(view.since + FIRST_WAIT)
    return _first_sight(view, index, look)


def _first_sight(view: View, index: int, look: Look) -> Send | Edit:
    # Only a new message takes a preview's place, and finds one that may have been sent.
    if view.spare and view.preview is None and not view.parts[index].repeated and not look.file:
        return Edit(index, view.spare[0], look, view.withdrawals)
    return Send(index, look, view.withdrawals)


def _before_the_first_word(view: View, now: float) -> Step:
    return Typing() if now >= view.typing_due else Idle(view.typing_due)


def _preview(view: View, look: Look, limits: Limits, now: float) -> Step:
    plain = Look(look.source, plain=True)
    if view.preview is None or view.preview.look != plain:
        return ShowPreview(plain)
    due = view.preview.at + limits.preview_life
    return ShowPreview(plain) if now >= due else Idle(due)
