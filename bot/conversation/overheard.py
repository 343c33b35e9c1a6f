"""What people said in a group without turning to the bot: the next question may be about it. Never stored."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.domain.ids import ChatRef
from bot.domain.messages import Heard, Message
from bot.domain.recent import Recent

LONGEST = 500
"""Characters that are kept of a message."""

REMEMBERED = 1000
"""Places in which something is kept."""


@dataclass(frozen=True, slots=True)
class _Kept:
    message_id: str
    author: str
    heard: Heard


class Overheard:
    """Keeps the last `most` messages of each place (`ChatRef.place`), whoever's conversations are held there."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: Recent[str, deque[_Kept]] = Recent(REMEMBERED)

    def hear(self, message: Message) -> None:
        if not message.text.strip():
            return
        kept = self._places.get(message.chat.place)
        if kept is None:
            kept = self._places[message.chat.place] = deque(maxlen=self._most)
        text = message.text if len(message.text) <= LONGEST else message.text[: LONGEST - 1] + "…"
        kept.append(_Kept(message.message_id, message.author.handle, Heard(message.author.name, text)))

    def take(self, chat: ChatRef) -> tuple[Heard, ...]:
        """What was said since the last time, oldest first."""
        if chat.place not in self._places:
            return ()
        heard = tuple(each.heard for each in self._places.get(chat.place) or ())
        del self._places[chat.place]
        return heard

    def drop(self, chat: ChatRef, message_ids: Collection[str]) -> None:
        """These messages were deleted."""
        if chat.place in self._places:
            self._keep(chat.place, lambda kept: kept.message_id not in message_ids)

    def forget(self, place: str) -> None:
        """All of a place and its threads."""
        for name in self._places:
            if name == place or name.startswith(f"{place}:"):
                del self._places[name]

    def forget_person(self, handle: str) -> None:
        for name in self._places:
            self._keep(name, lambda kept: kept.author != handle)

    def _keep(self, place: str, stays: Callable[[_Kept], bool]) -> None:
        kept = self._places.get(place) or ()
        self._places[place] = deque(filter(stays, kept), maxlen=self._most)
