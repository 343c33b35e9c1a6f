"""Answering a slash command or the press of a button.

An interaction is acknowledged at once, which for a command shows "thinking…". Its token then allows to answer through
a webhook for 15 minutes (developer documentation, "Receiving and Responding to Interactions"); after that the bot's
own messages go on, where it may write. Those are for everybody: what is for one person alone goes no further.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord

from adapters.discord import limits, markup, uploads
from adapters.discord.calls import showing
from adapters.discord.channel import CurrentClient, MessageChannel, buttons_view, content, given
from adapters.discord.downloads import Downloads
from adapters.discord.errors import InteractionOver
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef
from bot.domain.platform import Limits, Outgoing
from bot.errors import Ambiguous, ChatGone, DeliveryError, FileRefused, MessageGone, OthersWouldSee

log = logging.getLogger(__name__)


class InteractionReply:
    """The webhook of one interaction. Calls raise `InteractionOver` when it cannot be used (any more), or not for this
    message.

    The first answer takes the place of "thinking…". Who sees that was settled by the acknowledgement; when the answer
    is for others, "thinking…" is removed and the answer sent as a further message. It reaches the messages that were
    sent here, and those that are taken in.
    """

    def __init__(self, interaction: discord.Interaction, current: CurrentClient) -> None:
        self._interaction = interaction
        self._current = current
        self._acknowledged = asyncio.Event()
        self._over = False
        self._thinking: int | None = None
        self._hidden = False
        self._within: set[str] = set()
        self._resolving = asyncio.Lock()

    @property
    def over(self) -> bool:
        return self._over

    def take_in(self, message_id: str) -> None:
        """Change this message through the webhook too; it is the one whose button was pressed."""
        self._within.add(message_id)

    async def acknowledge(self, *, hidden: bool = False, thinking: bool = False) -> None:
        """Tell Discord that an answer will come. Never fails: an interaction that is over already needs another way.

        Commands show "thinking…" in any case; `thinking` asks for it where a form was filled in.
        """
        try:
            async with showing():
                done = await self._interaction.response.defer(ephemeral=hidden, thinking=thinking)
        except Ambiguous:
            # The answers will show whether Discord heard it.
            pass
        except DeliveryError:
            self._over = True
        else:
            self._thinking = done.message_id if done is not None and done.is_thinking() else None
            self._hidden = hidden
        finally:
            self._acknowledged.set()

    async def send(self, message: Outgoing) -> str:
        uploads.refuse_voice(message)
        await self._usable()
        message_id = await self._first(message) or await self._follow_up(message)
        self._within.add(message_id)
        return message_id

    async def _first(self, message: Outgoing) -> str | None:
        """Show the message where "thinking…" is; None when it needs another place. Of answers that come side by side
        the others wait until "thinking…" is gone."""
        async with self._resolving:
            thinking = self._thinking
            replaced = thinking is not None and await self._replace(thinking, message)
            self._thinking = None
            return str(thinking) if replaced else None

    async def _replace(self, thinking: int, message: Outgoing) -> bool:
        """Put the message in the place of "thinking…", which is safe to repeat; False when it needs another place."""
        try:
            if message.private == self._hidden:
                await self._edit(thinking, message)
                return True
            async with self._webhook() as webhook:
                await webhook.delete_message(thinking)
        except MessageGone:
            log.debug("somebody removed the sign that an answer will come")
        return False

    async def edit(self, message_id: str, message: Outgoing) -> None:
        await self._within_reach(message_id)
        await self._edit(int(message_id), message)

    async def _edit(self, message_id: int, message: Outgoing) -> None:
        async with self._webhook(files=bool(message.files)) as webhook:
            uploads.refuse_voice(message)
            options = given(attachments=uploads.files(message) or None)
            view = buttons_view(message.buttons)
            await webhook.edit_message(message_id, content=content(message), view=view, **options)

    async def delete(self, message_id: str) -> None:
        await self._within_reach(message_id)
        try:
            async with self._webhook() as webhook:
                await webhook.delete_message(int(message_id))
        except MessageGone:
            return

    async def dismiss(self) -> None:
        """Take "thinking…" away: the answer is shown elsewhere."""
        await self._acknowledged.wait()
        async with self._resolving:
            thinking, self._thinking = self._thinking, None
        if thinking is None:
            return
        try:
            async with self._webhook() as webhook:
                await webhook.delete_message(thinking)
        except DeliveryError as error:
            log.info("the sign that an answer will come stays: %s", error)

    async def _follow_up(self, message: Outgoing) -> str:
        options = given(view=buttons_view(message.buttons), files=uploads.files(message) or None)
        try:
            async with self._webhook(files=bool(message.files)) as webhook:
                sent: discord.WebhookMessage = await webhook.send(
                    content(message), ephemeral=message.private, suppress_embeds=True, wait=True, **options
                )
        except MessageGone:
            # Discord may want every answer in the place of "thinking…", even when a person has removed that.
            self._over = True
            raise InteractionOver from None
        return str(sent.id)

    async def _within_reach(self, message_id: str) -> None:
        if message_id not in self._within:
            raise InteractionOver
        await self._usable()

    async def _usable(self) -> None:
        await self._acknowledged.wait()
        if self._over:
            raise InteractionOver

    @asynccontextmanager
    async def _webhook(self, *, files: bool = False) -> AsyncIterator[discord.Webhook]:
        """For one call, with `files` or without."""
        try:
            async with showing(files=files):
                told = self._interaction
                webhook = discord.Webhook.partial(told.application_id, told.token, client=self._current())
                webhook.type = discord.WebhookType.application
                yield webhook
        except InteractionOver:
            self._over = True
            raise


class InteractionChannel:
    """Implements `bot.ports.Channel` by an interaction's webhook and, when that is over, by the channel behind it."""

    def __init__(self, reply: InteractionReply, rate_key: str, behind: MessageChannel) -> None:
        self._reply = reply
        self._rate_key = rate_key
        self._behind = behind
        self._limits = limits.interaction(threads=behind.limits.threads)

    @property
    def chat(self) -> ChatRef:
        return self._behind.chat

    @property
    def rate_key(self) -> str:
        return self._rate_key

    @property
    def limits(self) -> Limits:
        return self._limits

    def fits(self, source: str) -> bool:
        return markup.fits(source)

    def fits_caption(self, source: str) -> bool:
        return markup.fits(source)

    async def send(self, message: Outgoing) -> str:
        if uploads.voice(message) is not None and not message.private:
            return await self._speak(message)
        try:
            return await self._reply.send(message)
        except InteractionOver:
            _check_audience(self.chat, message)
            return await self._behind.send(message)

    async def _speak(self, message: Outgoing) -> str:
        """A webhook sends no voice messages; the bot itself does, where it may write."""
        try:
            sent = await self._behind.send(message)
        except ChatGone as error:
            raise FileRefused(f"the bot may not write here: {error}") from error
        await self._reply.dismiss()
        return sent

    async def edit(self, message_id: str, message: Outgoing) -> None:
        try:
            await self._reply.edit(message_id, message)
        except InteractionOver:
            await self._behind.edit(message_id, message)
            await self._reply.dismiss()

    async def delete(self, message_id: str) -> None:
        """A message that only the caller sees stays where it is once the interaction is over."""
        try:
            await self._reply.delete(message_id)
        except InteractionOver:
            await self._behind.delete(message_id)

    async def open_thread(self, message_id: str, title: str) -> MessageChannel:
        return await self._behind.open_thread(message_id, title)

    async def preview(self, preview_id: int, message: Outgoing) -> None:
        await self._behind.preview(preview_id, message)

    async def typing(self) -> None:
        """The acknowledgement shows "thinking…" already, and typing takes a permission that commands do not need."""
        if self._reply.over:
            await self._behind.typing()

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        return await self._behind.fetch(attachment, limit)


class PressChannel(MessageChannel):
    """Where a press of a button is answered: by the bot's own messages, except for what only the person may see."""

    def __init__(
        self, chat: ChatRef, current: CurrentClient, downloads: Downloads, reply: InteractionReply, *, threads: bool
    ) -> None:
        super().__init__(chat, current, downloads, threads=threads)
        self._reply = reply

    async def send(self, message: Outgoing) -> str:
        if not message.private:
            return await super().send(message)
        try:
            return await self._reply.send(message)
        except InteractionOver:
            _check_audience(self.chat, message)
            return await super().send(message)

    async def edit(self, message_id: str, message: Outgoing) -> None:
        try:
            await self._reply.edit(message_id, message)
        except InteractionOver:
            await super().edit(message_id, message)

    async def delete(self, message_id: str) -> None:
        try:
            await self._reply.delete(message_id)
        except InteractionOver:
            await super().delete(message_id)


class LateChannel(MessageChannel):
    """Where what was asked before a restart is answered. Interactions are over by then."""

    async def send(self, message: Outgoing) -> str:
        _check_audience(self.chat, message)
        return await super().send(message)


def _check_audience(chat: ChatRef, message: Outgoing) -> None:
    """Raises `OthersWouldSee` for a private message that only the channel is left for."""
    if message.private and chat.kind == "group":
        raise OthersWouldSee("the interaction is over")
