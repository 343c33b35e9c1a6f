"""What the bot says itself: a text that is there at once, on its way through the same planner, gate and writer."""

from __future__ import annotations

import secrets

from bot.domain.platform import Button, OutgoingFile
from bot.errors import OthersWouldSee
from bot.ports import Channel
from bot.replies import notices
from bot.replies.gate import Gates
from bot.replies.outbox import Outbox
from bot.replies.post import Post, Scene
from bot.replies.writer import Reply


class Speaker:
    """Texts without files are written down in the outbox, if there is one, until they are shown."""

    def __init__(self, gates: Gates, outbox: Outbox | None = None) -> None:
        self._gates = gates
        self._outbox = outbox

    async def say(
        self,
        channel: Channel,
        text: str,
        *,
        buttons: tuple[Button, ...] = (),
        reply_to: str | None = None,
        private: bool = False,
        files: tuple[OutgoingFile, ...] = (),
        takes: tuple[str, ...] = (),
        most: int | None = None,
        locale: str | None = None,
    ) -> tuple[str, ...]:
        """Show a whole text and wait until it is shown; returns the ids of its messages.

        It takes the place of the messages `takes` and has at most `most` of them (see `Reply`). `files` are shown with
        the text as their caption, or behind it where that is too long or takes a place; buttons are under the last
        message that can have some. Where a file is not taken, a sentence in the language of `locale` says so. What is
        `private` and cannot be shown to one person alone any more is not shown; a sentence asks to be asked again.
        """
        try:
            if files:
                return await self._tell_with(files, channel, text, buttons, reply_to, private, takes, locale)
            return await self._tell(channel, text, buttons, reply_to, private, takes, most, locale)
        except OthersWouldSee:
            return await self._tell(channel, notices.TOO_LATE_ALONE.say(locale), (), reply_to, private=False)

    async def _tell_with(
        self,
        files: tuple[OutgoingFile, ...],
        channel: Channel,
        text: str,
        buttons: tuple[Button, ...],
        reply_to: str | None,
        private: bool,
        takes: tuple[str, ...],
        locale: str | None,
    ) -> tuple[str, ...]:
        ids: tuple[str, ...] = ()
        if takes or not channel.fits_caption(text):
            above = buttons if len(files) > 1 and channel.limits.album_apart else ()
            ids = await self._tell(channel, text, above, reply_to, private, takes)
            text, reply_to, buttons = "", None, () if above else buttons
        post = Post(channel, self._gates, nonce=secrets.token_hex(8), reply_to=reply_to, private=private)
        post.finish(Scene(text, files, buttons))
        ids += (await post.deliver()).message_ids
        if post.refused:
            said = () if text else buttons  # without a word or a file there was no message to carry them
            ids += await self._tell(channel, notices.FILE_NOT_SHOWN.say(locale), said, None, private)
        return ids

    async def ask(self, channel: Channel, text: str) -> tuple[str, ...]:
        """Ask for an answer to this very message; returns its id."""
        post = Post(channel, self._gates, nonce=secrets.token_hex(8))
        post.finish(Scene(text, expects_reply=True))
        return (await post.deliver()).message_ids

    async def _tell(
        self,
        channel: Channel,
        text: str,
        buttons: tuple[Button, ...],
        reply_to: str | None,
        private: bool,
        takes: tuple[str, ...] = (),
        most: int | None = None,
        locale: str | None = None,
    ) -> tuple[str, ...]:
        entry = None if self._outbox is None else self._outbox.entry()
        reply = Reply(
            channel,
            self._gates,
            nonce=secrets.token_hex(8) if entry is None else entry.nonce,
            reply_to=reply_to,
            private=private,
            takes=takes,
            most=most,
            locale=locale,
            entry=entry,
        )
        reply.feed(text)
        reply.finish(buttons)
        return (await reply.deliver()).message_ids
