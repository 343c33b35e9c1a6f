"""What a platform allows, as data: every number names its source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

CallKind = Literal["send", "edit", "preview", "typing"]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: `capacity` calls at once, then `per_second` of them."""

    capacity: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` calls in any `seconds` seconds."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Meter:
    """One count that the platform keeps: which calls it counts and how many it allows.

    `reserve` calls of it are kept for durable calls (first send, final text, errors, command answers).
    """

    name: str
    calls: frozenset[CallKind]
    rate: Bucket | Window
    source: str
    reserve: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """`text` is the length of one message in UTF-16 units; `place` meters count per chat, `shared` ones per bot.

    `previews`: the platform shows a passing preview of an answer (Telegram drafts), which a real message replaces.
    `preview_life` is how many seconds such a preview stays without a new call.
    `dedupes`: a repeated send with the same nonce returns the first message instead of making a second.
    `caption` is the length of the text beside files, in UTF-16 units; `upload` is the largest file in bytes.
    `album_apart`: several files are an album of messages of their own, which carries no buttons, cannot be changed into
    something else, and counts as one call for each file; elsewhere one message carries them all.
    `folds`: a long quote is shown folded, so that reasoning can stand above its answer; elsewhere a button shows it.
    `threads`: a thread can be opened on a message.
    """

    text: int
    place: tuple[Meter, ...]
    shared: tuple[Meter, ...] = ()
    previews: bool = False
    preview_life: float = 25.0
    dedupes: bool = False
    caption: int = 1024
    upload: int = 10 * 1024 * 1024
    album_apart: bool = False
    folds: bool = False
    threads: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """`data` comes back in a ButtonPress, also after a restart; at most 60 bytes (Telegram takes 64).

    `asks`: pressing it asks the person for words, where the platform has a way to (Discord's modals); they come back in
    the ButtonPress.
    """

    label: str
    data: str
    asks: bool = False


FileKind = Literal["image", "voice", "audio", "document"]


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file to show: `kind` says as what. A `voice` is Ogg/Opus; `duration` is in seconds.

    `waveform` draws a voice: up to 256 levels from 0 to 255.
    """

    kind: FileKind
    name: str
    mime: str
    data: bytes = field(repr=False)
    duration: float | None = None
    waveform: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as it should look. `source` is Markdown, which the adapter renders; `plain` asks for it unformatted.

    `nonce` is the same for every attempt to send this message, at most 25 characters (Discord's limit).
    `private` asks for a message that only the person who called sees, where the platform can.
    `files` are shown with the text as their caption, which may be empty; a `voice` stands alone, without text.
    `expects_reply` asks the platform to open the keyboard for an answer to this message (Telegram's ForceReply).
    """

    source: str
    plain: bool = False
    buttons: tuple[Button, ...] = ()
    reply_to: str | None = None
    nonce: str | None = None
    private: bool = False
    files: tuple[OutgoingFile, ...] = ()
    expects_reply: bool = False
