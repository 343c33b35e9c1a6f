"""What comes from Discord's gateway, handed to the core in the order of its arrival."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import discord

from adapters.discord import attachments, translate
from adapters.discord.channel import CurrentClient, MessageChannel
from adapters.discord.downloads import Downloads
from adapters.discord.requests import Asked, Requests
from bot.commands.spec import Command, Menu
from bot.domain.ids import ChatRef
from bot.ports import Inbox

log = logging.getLogger(__name__)


class Intake:
    """Takes events for one inbox. What it accepts, it accepts before it first waits."""

    def __init__(
        self,
        inbox: Inbox,
        registry: Sequence[Command],
        menus: Sequence[Menu],
        current: CurrentClient,
        downloads: Downloads,
    ) -> None:
        self._inbox = inbox
        self._current = current
        self._downloads = downloads
        self._requests = Requests(inbox, registry, menus, current, downloads)

    def message(self, found: discord.Message, bot: discord.ClientUser) -> None:
        event = translate.message(found, bot)
        if event is not None:
            self._note_files(found)
            self._inbox.accept(event, self._channel(event.chat))

    def edited(self, found: discord.Message, bot: discord.ClientUser) -> None:
        event = translate.edited(found, bot)
        if event is not None:
            self._note_files(found)
            self._inbox.accept(event, self._channel(event.chat))

    async def interaction(self, told: discord.Interaction, bot: discord.ClientUser) -> None:
        if told.channel is None:
            log.info("an interaction in a place that discord.py does not know was left alone")
            return
        private = told.guild_id is None and not told.context.private_channel
        await self._requests.take(
            Asked(
                told=told,
                bot=bot,
                key=f"{translate.PLATFORM}:{bot.id}:i{told.id}",
                chat=translate.place(told.channel, bot.id, told.guild_id, private=private),
                author=translate.person(told.user, str(told.locale)),
                data=dict(told.data or {}),
            )
        )

    def _note_files(self, found: discord.Message) -> None:
        quoted = translate.quoted_by(found)
        for message in (found,) if quoted is None else (found, quoted):
            self._downloads.note(attachments.of_message(message))

    def _channel(self, chat: ChatRef) -> MessageChannel:
        return MessageChannel(chat, self._current, self._downloads)
