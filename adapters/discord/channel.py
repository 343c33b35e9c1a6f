"""A channel, thread or direct message as a place where replies are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import discord

from adapters.discord import limits, markup, uploads
from adapters.discord.calls import showing
from adapters.discord.downloads import Downloads
from adapters.discord.errors import THREAD_THERE
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef
from bot.domain.platform import Button, Limits, Outgoing
from bot.errors import MessageGone

BUTTON_PREFIX = "parley:"
"""Marks the buttons of this bot; what follows is the button's data, so that a press needs nothing remembered."""

ASKING_PREFIX = "parley-ask:"
"""The same for buttons that ask for words first."""

_LABEL = 80
"""Characters of a button's label (developer documentation, "Button Structure")."""

_TITLE = 100
"""Characters of a thread's name (developer documentation, "Start Thread from Message")."""

_NO_TITLE = "…"

_ARCHIVED_AFTER: Final = 1440
"""Minutes without a message after which a thread is archived: a day; a new message opens it again."""

CurrentClient = Callable[[], discord.Client]
"""The client to call with, which a later one may replace; raises `NotSent` when there is none."""


def content(message: Outgoing) -> str:
    """The text as Discord is given it."""
    return message.source if message.plain else markup.render(message.source)


def buttons_view(buttons: Sequence[Button]) -> discord.ui.View | None:
    """The buttons as discord.py wants them. The view is stopped: the library then keeps none in memory."""
    if not buttons:
        return None
    view = discord.ui.View(timeout=None)
    for button in buttons:
        prefix = ASKING_PREFIX if button.asks else BUTTON_PREFIX
        view.add_item(discord.ui.Button(label=button.label[:_LABEL], custom_id=prefix + button.data))
    view.stop()
    return view


def given(**options: Any) -> dict[str, Any]:
    """Only the options that have a value: discord.py tells "not given" from None."""
    return {name: value for name, value in options.items() if value is not None}


class MessageChannel:
    """Implements `bot.ports.Channel` by the bot's own messages. `threads`: they can be opened here."""

    def __init__(self, chat: ChatRef, current: CurrentClient, downloads: Downloads, *, threads: bool = False) -> None:
        self._chat = chat
        self._limits = limits.channel(threads=threads)
        self._current = current
        self._downloads = downloads
        self._id = int(chat.thread_id or chat.chat_id)

    @property
    def chat(self) -> ChatRef:
        return self._chat

    @property
    def rate_key(self) -> str:
        return str(self._id)

    @property
    def limits(self) -> Limits:
        return self._limits

    def fits(self, source: str) -> bool:
        return markup.fits(source)

    def fits_caption(self, source: str) -> bool:
        return markup.fits(source)

    async def send(self, message: Outgoing) -> str:
        async with showing(files=bool(message.files)):
            reference = self._reference(message.reply_to)
            if uploads.voice(message) is not None:
                return await uploads.send_voice(self._current(), self._id, message, reference)
            options = given(
                nonce=message.nonce,
                reference=reference,
                view=buttons_view(message.buttons),
                files=uploads.files(message) or None,
            )
            sent = await self._place().send(content(message), mention_author=False, suppress_embeds=True, **options)
        return str(sent.id)

    async def edit(self, message_id: str, message: Outgoing) -> None:
        async with showing(files=bool(message.files)):
            uploads.refuse_voice(message)
            # A partial message leaves the flags alone; a whole one would bring back the embeds that `send` suppressed.
            known = self._place().get_partial_message(int(message_id))
            options = given(attachments=uploads.files(message) or None)
            await known.edit(content=content(message), view=buttons_view(message.buttons), **options)

    async def delete(self, message_id: str) -> None:
        """Messages that only one person sees are out of reach here: they count as gone."""
        try:
            async with showing():
                await self._place().get_partial_message(int(message_id)).delete()
        except MessageGone:
            return

    async def open_thread(self, message_id: str, title: str) -> MessageChannel:
        thread = replace(self._chat, thread_id=await self._thread_on(int(message_id), title.strip() or _NO_TITLE))
        return MessageChannel(thread, self._current, self._downloads)

    async def _thread_on(self, message_id: int, title: str) -> str:
        """The id of the thread on this message, which is opened if it is not known to be there."""
        client = self._current()
        if isinstance(client.get_channel(message_id), discord.Thread):
            return str(message_id)
        async with showing():
            try:
                opened = await client.http.start_thread_with_message(
                    self._id, message_id, name=title[:_TITLE], auto_archive_duration=_ARCHIVED_AFTER
                )
            except discord.HTTPException as error:
                if error.code != THREAD_THERE:
                    raise
                return str(message_id)
        return str(opened["id"])

    async def preview(self, preview_id: int, message: Outgoing) -> None:
        raise NotImplementedError("Discord shows no previews; see `limits.previews`")

    async def typing(self) -> None:
        async with showing():
            await self._current().http.send_typing(self._id)

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        return await self._downloads.fetch(attachment, limit)

    def _place(self) -> discord.PartialMessageable:
        return self._current().get_partial_messageable(self._id)

    def _reference(self, message_id: str | None) -> discord.MessageReference | None:
        if message_id is None:
            return None
        return discord.MessageReference(message_id=int(message_id), channel_id=self._id, fail_if_not_exists=False)
