"""Which messages of a chat are questions, and what belongs to one: albums, long pastes, what others said before."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace

from bot.conversation.albums import Albums
from bot.conversation.manners import Manner, Manners
from bot.conversation.overheard import Overheard
from bot.conversation.pastes import Pastes
from bot.domain.ids import ChatRef
from bot.domain.messages import Message


@dataclass(frozen=True, slots=True)
class Heeded:
    """A message that is to be answered. `whole` gives all of it where more of it may be on its way."""

    message: Message
    whole: Callable[[], Awaitable[Message]] | None = None


class Listening:
    """Decides at once, without waiting, so that what arrives first is answered first."""

    def __init__(self, manners: Manners, overheard: Overheard) -> None:
        self._manners = manners
        self._overheard = overheard
        self._albums = Albums()
        self._pastes = Pastes()

    def heed(self, message: Message, limit: int) -> Heeded | None:
        """What is to be answered from this message on; None when it is part of something that is so already, or not
        meant for the bot. `limit` is the length of one message there, in UTF-16 units."""
        message = self.addressed(message)
        if message.album_id is not None:
            album = self._albums.take(message)
            return None if album is None else Heeded(message, album.whole)
        piece = self._pastes.take(message, limit)
        if piece is None:
            return None
        if message.addressing == "none":
            self._overheard.hear(message)
            return None
        return Heeded(message, piece.whole)

    def addressed(self, message: Message) -> Message:
        """The message as this chat wants it understood: everything, or what names the wake word, may be for the bot."""
        manner = self._manners.of(message.chat)
        if message.addressing != "none":
            return message
        if manner.reply == "always":
            return replace(message, addressing="mention")
        if manner.reply == "word" and (words := _called(message.text, manner)) is not None:
            return replace(message, addressing="mention", text=words)
        return message

    def drop(self, chat: ChatRef, message_ids: Collection[str]) -> None:
        """These messages were deleted."""
        self._overheard.drop(chat, message_ids)

    def with_context(self, message: Message) -> Message:
        """A question with what others said before, which the next one does not get again."""
        if message.chat.kind == "private":
            return message
        if message.quote is not None and message.quote.message_id is not None:
            self._overheard.drop(message.chat, [message.quote.message_id])  # it comes along as what it is
        return replace(message, context=self._overheard.take(message.chat))


def _called(text: str, manner: Manner) -> str | None:
    """The words without the wake word that they begin with; as they are where it stands elsewhere; None without it."""
    word = re.escape(manner.word.strip())
    if not word:
        return None
    if begun := re.match(rf"\s*{word}(?=[\s,:;!]|[.-]+\s|$)[\s,:;.!-]*", text, re.IGNORECASE):
        return text[begun.end() :] or text
    return text if re.search(rf"(?<!\w){word}(?!\w)", text, re.IGNORECASE) else None
