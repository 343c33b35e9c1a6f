"""A channel, thread or direct message as a place where replies are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import discord

from adapters.discord import limits, markup
from adapters.discord.calls import showing
from bot.domain.ids import ChatRef
from bot.domain.platform import Button, Limits, Outgoing

BUTTON_PREFIX = "parley:"
"""Marks the buttons of this bot; what follows is the button's data, so that a press needs nothing remembered."""

_LABEL = 80
"""Characters of a button's label (developer documentation, "Button Structure")."""

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
        view.add_item(discord.ui.Button(label=button.label[:_LABEL], custom_id=BUTTON_PREFIX + button.data))
    view.stop()
    return view


def given(**options: Any) -> dict[str, Any]:
    """Only the options that have a value: discord.py tells "not given" from None."""
    return {name: value for name, value in options.items() if value is not None}


class MessageChannel:
    """Implements `bot.ports.Channel` by the bot's own messages."""

    def __init__(self, chat: ChatRef, current: CurrentClient) -> None:
        self._chat = chat
        self._current = current
        self._id = int(chat.thread_id or chat.chat_id)

    @property
    def chat(self) -> ChatRef:
        return self._chat

    @property
    def rate_key(self) -> str:
        return str(self._id)

    @property
    def limits(self) -> Limits:
        return limits.CHANNEL

    def fits(self, source: str) -> bool:
        return markup.fits(source)

    async def send(self, message: Outgoing) -> str:
        async with showing():
            options = given(
                nonce=message.nonce,
                reference=self._reference(message.reply_to),
                view=buttons_view(message.buttons),
            )
            sent = await self._place().send(content(message), mention_author=False, suppress_embeds=True, **options)
        return str(sent.id)

    async def edit(self, message_id: str, message: Outgoing) -> None:
        async with showing():
            # A partial message leaves the flags alone; a whole one would bring back the embeds that `send` suppressed.
            known = self._place().get_partial_message(int(message_id))
            await known.edit(content=content(message), view=buttons_view(message.buttons))

    async def preview(self, preview_id: int, message: Outgoing) -> None:
        raise NotImplementedError("Discord shows no previews; see `limits.previews`")

    async def typing(self) -> None:
        async with showing():
            await self._current().http.send_typing(self._id)

    def _place(self) -> discord.PartialMessageable:
        return self._current().get_partial_messageable(self._id)

    def _reference(self, message_id: str | None) -> discord.MessageReference | None:
        if message_id is None:
            return None
        return discord.MessageReference(message_id=int(message_id), channel_id=self._id, fail_if_not_exists=False)
