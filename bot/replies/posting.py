"""What to call next so that a message with files looks as it should. Pure: values in, a step out.

A scene is shown as a main message, and behind it messages apart for what cannot be in it: a voice stands alone, and on
some platforms an album does. Those are made once, when the scene is final. A file that the platform does not take is
tried in its next form, down to a plain document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from bot.domain.platform import Button, FileKind, Limits, Outgoing, OutgoingFile
from bot.domain.text import clean, utf16_prefix
from bot.replies.planner import MAX_GONE, Done, Idle, Typing
from bot.replies.splitter import Fits, whole_character, wrap

MAIN = 0
SHRINK = 0.8

_NEXT_FORM: Mapping[FileKind, FileKind] = {"voice": "audio", "audio": "document", "image": "document"}
_CLOSER = 0.95

Files = tuple[OutgoingFile, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """How the message should look. `source` is Markdown; where there are files it is their caption."""

    source: str = ""
    files: Files = ()
    buttons: tuple[Button, ...] = ()
    expects_reply: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """What is known of one message on screen; the names are those of `planner.Part`.

    `filed`: it carries a file, or may do so since an answer never came. It never loses one again.
    """

    message_id: str | None = None
    shown: Outgoing | None = None
    plain: bool = False
    lost: bool = False
    repeated: bool = False
    gone: int = 0
    filed: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """What one message of the platform holds."""

    limits: Limits
    fits: Fits
    fits_caption: Fits


@dataclass(frozen=True, slots=True)
class Board:
    """All that the next step depends on.

    `placed` are the messages, the main one first; one apart is numbered by the first of its files, from 1 on.
    `words` is the last text that a scene had. `refused` are files in the forms that the platform did not take.
    `singly`: it did not take the album either. `shrink` is how much of a message can be used after all.
    """

    scene: Scene = field(default_factory=Scene)
    finished: bool = False
    words: str = ""
    placed: Mapping[int, Placed] = field(default_factory=dict)
    refused: Files = ()
    singly: bool = False
    shrink: float = 1.0
    typing_due: float = 0.0


@dataclass(frozen=True, slots=True)
class Show:
    """Send a message, or edit the one that has a `message_id`. `first`: no other is above it.

    `keeps`: it has its files already.
    """

    part: int
    look: Outgoing
    first: bool
    message_id: str | None = None
    keeps: bool = False

    @property
    def kind(self) -> Literal["send", "edit"]:
        return "send" if self.message_id is None else "edit"

    @property
    def calls(self) -> int:
        """As how many the platform counts it: an album apart is one for each file."""
        return 1 if self.part == MAIN else len(self.look.files)


Step = Show | Typing | Idle | Done


def next_step(board: Board, room: Room, now: float) -> Step:
    """The next call, in the order of the messages."""
    looks = list(wanted(board, room))
    for index, (part, look) in enumerate(looks):
        step = _step_for(board, part, look, first=index == 0)
        if step is not None:
            return step
    if board.finished:
        return Done()
    if looks or board.placed:
        return Idle()
    return Typing() if now >= board.typing_due else Idle(board.typing_due)


def wanted(board: Board, room: Room) -> Iterator[tuple[int, Outgoing]]:
    """How the messages should look now, by number."""
    scene = board.scene
    files, apart = _arranged(board, room.limits)
    main = _main(board, files, room)
    if main is not None:
        yield MAIN, main
    if not board.finished:
        return
    for part, alone in apart.items():
        look = Outgoing("", files=alone)
        if main is None and len(apart) == len(alone) == 1:
            look = replace(look, buttons=scene.buttons, expects_reply=scene.expects_reply)
        yield part, look


def anything_refused(board: Board, limits: Limits) -> bool:
    """Whether a file of the scene cannot be shown in any form."""
    return any(_form(board, file, limits) is None for file in board.scene.files)


def with_scene(board: Board, scene: Scene, *, finished: bool) -> Board:
    scene = replace(scene, source=clean(scene.source).rstrip())
    kept = tuple(refused for refused in board.refused if any(refused.data == file.data for file in scene.files))
    return replace(board, scene=scene, finished=finished, words=scene.source or board.words, refused=kept)


def with_placed(board: Board, part: int, placed: Placed) -> Board:
    return replace(board, placed={**board.placed, part: placed})


def with_refusal(board: Board, step: Show) -> Board:
    """The platform does not take the message's files in these forms."""
    if step.calls > 1:
        return replace(board, singly=True)
    # Which of them it was is not said. What has another form tries that first.
    others = tuple(file for file in step.look.files if file.kind in _NEXT_FORM)
    if not others and len(step.look.files) > 1:
        return replace(board, singly=True)  # one by one they may still pass
    return replace(board, refused=(*board.refused, *(others or step.look.files)))


def shorten(source: str, fits: Fits, limit: int) -> str:
    """The text, or as many of its first words as fit, with an ellipsis behind them; `limit` is in UTF-16 units."""
    if fits(source):
        return source
    length = utf16_prefix(source, max(0, limit - 1))
    while length > 0:
        end = _end_of_word(source, length)
        shown = wrap(f"{source[:end].rstrip()}…", "")
        if fits(shown):
            return shown
        length = min(end - 1, int(length * _CLOSER))
    return "…"


def _end_of_word(source: str, end: int) -> int:
    for place in range(end, max(1, end // 2) - 1, -1):
        if source[place : place + 1].isspace():
            return place
    return whole_character(source, 0, end)


def _step_for(board: Board, part: int, look: Outgoing, *, first: bool) -> Show | Idle | None:
    """What this message needs; None when it needs nothing and the next one may be looked at."""
    placed = board.placed.get(part, Placed())
    if placed.gone >= MAX_GONE:
        return None
    if placed.message_id is None:
        return Idle() if placed.lost and not board.finished else Show(part, look, first)
    if part != MAIN or placed.shown == look:
        return None
    keeps = placed.shown is not None and placed.shown.files == look.files
    return Show(part, look, first, placed.message_id, keeps)


def _arranged(board: Board, limits: Limits) -> tuple[Files, dict[int, Files]]:
    """The files of the main message, and those of each message apart."""
    apart: dict[int, Files] = {}
    others: list[tuple[int, OutgoingFile]] = []
    for number, file in enumerate(board.scene.files, start=1):
        form = _form(board, file, limits)
        if form is None:
            continue
        if file.kind == "voice":  # apart in whatever form: the text is not cut to a caption for it
            apart[number] = (form,)
        else:
            others.append((number, form))
    if not board.singly and (not limits.album_apart or len(others) < 2):
        return tuple(form for _, form in others), apart
    # A message that shows a sketch cannot lose it, so the first picture takes its place.
    in_main = 1 if board.placed.get(MAIN, Placed()).filed else 0
    main, rest = others[:in_main], others[in_main:]
    if board.singly:
        apart.update((number, (form,)) for number, form in rest)
    elif rest:
        apart[rest[0][0]] = tuple(form for _, form in rest)
    return tuple(form for _, form in main), dict(sorted(apart.items()))


def _form(board: Board, file: OutgoingFile, limits: Limits) -> OutgoingFile | None:
    """The file as the platform may take it; None when it does not take it at all."""
    if len(file.data) > limits.upload:
        return None
    form = replace(file, kind="document") if board.singly and file.kind != "voice" else file
    while form in board.refused:
        if form.kind not in _NEXT_FORM:
            return None
        form = replace(form, kind=_NEXT_FORM[form.kind], waveform=None)
    return form


def _main(board: Board, files: Files, room: Room) -> Outgoing | None:
    scene, placed = board.scene, board.placed.get(MAIN, Placed())
    source = scene.source
    if not source and not files:
        source = board.words  # what is there stays; where no scene had words it is a picture
        if placed.message_id is None and not (placed.repeated and source):
            return None
    if files or (placed.filed and placed.message_id is not None):
        text = _shortened(source, room.fits_caption, room.limits.caption, board.shrink)
    else:
        text = _shortened(source, room.fits, room.limits.text, board.shrink)
    return Outgoing(text, placed.plain, scene.buttons, files=files, expects_reply=scene.expects_reply)


def _shortened(source: str, fits: Fits, limit: int, shrink: float) -> str:
    if shrink == 1.0:
        return shorten(source, fits, limit)
    limit = max(1, int(limit * shrink))
    return shorten(source, lambda text: len(text) <= limit and fits(text), limit)
