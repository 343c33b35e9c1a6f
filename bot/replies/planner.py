"""What to call next so that the screen shows the answer. Pure: values in, a step out.

An answer is shown in parts, each a range of the text in a message of its own. Only the last part is open; when it
outgrows a message it is sealed at a good place and another opens behind it. The parts joined are always the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from bot.domain.platform import Button, Limits
from bot.replies.splitter import Fits, cut, fence_after, wrap

FIRST_LENGTH = 30
FIRST_WAIT = 0.6
TYPING_AFTER = 0.1
TYPING_EVERY = 4.5
"""Seconds; the sign lasts about 5 s on Telegram and 10 s on Discord. An answer that is there at once needs none."""

MAX_GONE = 2


@dataclass(frozen=True, slots=True)
class Look:
    """How a message should look, or looks."""

    source: str
    buttons: tuple[Button, ...] = ()
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A range of the text in one message; `end` is None while it is open.

    `shown` is None as long as what the message shows is not known. `lost`: a send may have worked, but its answer
    never came, so that there is no id to edit. `repeated`: the same, where the platform knows a repeated send again
    and answers with the first message, whose text may be older. `gone` counts how often people deleted the message.
    """

    start: int
    end: int | None = None
    opener: str = ""
    message_id: str | None = None
    shown: Look | None = None
    plain: bool = False
    lost: bool = False
    repeated: bool = False
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
    """

    text: str = ""
    finished: bool = False
    buttons: tuple[Button, ...] = ()
    parts: tuple[Part, ...] = field(default=(Part(0),))
    since: float | None = None
    typing_due: float = 0.0
    preview: Preview | None = None
    previews: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    kind: Literal["send"] = field(default="send", init=False)
    part: int
    look: Look


@dataclass(frozen=True, slots=True)
class Edit:
    kind: Literal["edit"] = field(default="edit", init=False)
    part: int
    message_id: str
    look: Look


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


Step = Send | Edit | ShowPreview | Typing | Idle | Done


def lay_out(view: View, fits: Fits, limit: int) -> View:
    """The view with every part that outgrew its message sealed, and new ones opened behind it."""
    parts = list(view.parts)
    while True:
        last = parts[-1]
        piece = view.text[last.start :]
        if fits(wrap(piece, last.opener).rstrip()):
            return replace(view, parts=tuple(parts))
        end = cut(view.text, last.start, last.opener, fits, limit)
        parts[-1] = replace(last, end=end)
        sealed = view.text[last.start : end]
        parts.append(Part(start=end, opener=fence_after(f"{last.opener}\n{sealed}" if last.opener else sealed)))


def next_step(view: View, limits: Limits, now: float) -> Step:
    """The next call, in the order of the parts; `view` is laid out."""
    for index, part in enumerate(view.parts):
        step = _step_for(view, index, part, limits, now)
        if step is not None:
            return step
    return Done() if view.finished else Idle()


def wanted(view: View, index: int) -> Look:
    """How a part's message should look now. Buttons are on the last message only."""
    part = view.parts[index]
    last = index == len(view.parts) - 1
    source = wrap(view.text[part.start : part.end], part.opener)
    return Look(source.rstrip(), view.buttons if last else (), part.plain)


def forget_unshown_cuts(view: View, index: int) -> View:
    """The view with the part reopened, because its message turned out too long; only while no later one is shown."""
    if any(part.message_id or part.lost for part in view.parts[index + 1 :]):
        return view
    return replace(view, parts=(*view.parts[:index], replace(view.parts[index], end=None)))


def _step_for(view: View, index: int, part: Part, limits: Limits, now: float) -> Step | None:
    """What this part needs; None when it needs nothing and the next one may be looked at."""
    look = wanted(view, index)
    if part.gone >= MAX_GONE:
        return None
    if not look.source.strip():
        return _before_the_first_word(view, now) if not view.finished and index == 0 else None
    if part.message_id is not None:
        return None if part.shown == look else Edit(index, part.message_id, look)
    if view.finished or part.end is not None:
        return Idle() if part.lost and not view.finished else Send(index, look)
    if part.lost:
        return Idle()
    if view.previews and limits.previews:
        return _preview(view, look, limits, now)
    if len(look.source) < FIRST_LENGTH and view.since is not None and now < view.since + FIRST_WAIT:
        return Idle(view.since + FIRST_WAIT)
    return Send(index, look)


def _before_the_first_word(view: View, now: float) -> Step:
    return Typing() if now >= view.typing_due else Idle(view.typing_due)


def _preview(view: View, look: Look, limits: Limits, now: float) -> Step:
    plain = Look(look.source, plain=True)
    if view.preview is None or view.preview.look != plain:
        return ShowPreview(plain)
    due = view.preview.at + limits.preview_life
    return ShowPreview(plain) if now >= due else Idle(due)
