"""A reply on its way to the screen, as it is written down: what another process needs to bring it to its end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.domain.conversations import Answer
from bot.domain.ids import ChatRef
from bot.domain.platform import Button


@dataclass(frozen=True, slots=True)
class KeptPart:
    """A range of the text in one message (see `bot.replies.planner.Part`). `current`: its message looked as it should
    when this was written."""

    start: int
    end: int | None = None
    opener: str = ""
    message_id: str | None = None
    current: bool = False
    plain: bool = False
    lost: bool = False
    repeated: str = ""
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of an answer whose process died before it was finished.

    `words`, if there are any, are said below what was shown, or with `taken_back` instead of it (nobody moderated it),
    over `buttons`.
    `answer` is what there was of it, to be stored under `turn` unless it is there; None when it never is. `lane`
    is the conversation in which it has its turn.
    """

    words: str
    lane: str
    buttons: tuple[Button, ...] = ()
    turn: int | None = None
    answer: Answer | None = None
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class KeptReply:
    """`nonce` names the reply, `event` the event that it answers. `sending` is the part that is being sent: whether it
    arrived is not known. What else there is, is what `bot.replies.writer.Reply` is told."""

    nonce: str
    chat: ChatRef
    event: str | None
    text: str
    finished: bool
    buttons: tuple[Button, ...]
    parts: tuple[KeptPart, ...]
    sending: int | None = None
    reply_to: str | None = None
    private: bool = False
    most: int | None = None
    caption: str = ""
    spare: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    withdrawals: int = 0
    fate: Fate | None = None

    @property
    def shown(self) -> bool:
        """Whether any of it is known to be on screen."""
        return any(part.message_id is not None for part in self.parts)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not done yet: how many, and for how many seconds the oldest of them."""

    count: int
    oldest: float = 0.0


def backlog(since: Collection[float], now: float) -> Backlog:
    """Of what began at these times."""
    return Backlog(len(since), now - min(since, default=now))
