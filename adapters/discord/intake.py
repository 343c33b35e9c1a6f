"""What comes from Discord's gateway, handed to the core in the order of its arrival."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import discord

from adapters.discord import attachments, translate
from adapters.discord.channel import CurrentClient, MessageChannel
from adapters.discord.downloads import Downloads
from adapters.discord.gaps import Gaps
from adapters.discord.history import History
from adapters.discord.requests import Asked, Requests
from adapters.discord.starters import Starters
from bot.commands.spec import Command, Menu
from bot.domain.ids import ChatRef
from bot.domain.messages import Edited, Message
from bot.ports import Inbox

log = logging.getLogger(__name__)


class Intake:
    """Takes events for one inbox. What it accepts, it accepts before it first waits, except in threads of which it is
    not known whether they are the bot's, and in places where something said before may have been missed (`gaps`).
    """

    def __init__(
        self,
        inbox: Inbox,
        registry: Sequence[Command],
        menus: Sequence[Menu],
        current: CurrentClient,
        downloads: Downloads,
        gaps: Gaps,
    ) -> None:
        self._inbox = inbox
        self._gaps = gaps
        self._current = current
        self._downloads = downloads
        self._starters = Starters(current)
        self._requests = Requests(inbox, registry, menus, current, downloads)

    async def message(self, found: discord.Message, bot: discord.ClientUser) -> None:
        await self._gaps.in_turn(found.channel.id, lambda: self.hear(found, bot))

    async def edited(self, found: discord.Message, bot: discord.ClientUser) -> None:
        event = translate.edited(found, bot)
        if event is not None:
            to_nobody = event.message.addressing == "none"
            await self._gaps.in_turn(found.channel.id, lambda: self._take(event, to_nobody, found, bot))

    async def deleted(
        self, message_ids: Iterable[int], channel: Any, guild_id: int | None, bot: discord.ClientUser
    ) -> None:
        """Messages are gone from a `channel`, of which discord.py may know the id alone."""
        if guild_id is not None and isinstance(channel, discord.Object):
            log.debug("messages were deleted in a place that discord.py does not know")
            return
        chat = translate.place(channel, bot.id, guild_id, private=guild_id is None)
        event = translate.deleted(message_ids, chat, bot.id)

        async def take() -> None:
            self._inbox.accept(event, self._channel(chat, channel))

        await self._gaps.in_turn(channel.id, take)

    async def hear(self, found: discord.Message, bot: discord.ClientUser) -> None:
        """Take a message whose turn it is."""
        event = translate.message(found, bot)
        if event is None:
            self._heard(found, ours=found.author.id == bot.id)
        else:
            await self._take(event, event.addressing == "none", found, bot)

    def begin_session(self) -> None:
        """The gateway begins anew and repeats nothing: what it tells may have to wait until `catch_up`."""
        self._gaps.begin()

    async def catch_up(self, client: discord.Client, settled: asyncio.Event, bot: discord.ClientUser) -> None:
        """Hear what was said before the session; see `History` for `settled`."""
        await self._gaps.close(History(client, settled).since, lambda found: self.hear(found, bot))

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

    async def _take(
        self, event: Message | Edited, to_nobody: bool, found: discord.Message, bot: discord.ClientUser
    ) -> None:
        """Hand over what somebody wrote, once it is known whether it is `to_nobody` or to the bot."""
        self._note_files(found)
        channel = self._channel(event.chat, found.channel)

        def accept(in_own_thread: bool) -> None:
            self._inbox.accept(translate.in_own_thread(event) if in_own_thread else event, channel)
            if isinstance(event, Message):
                self._heard(found, ours=in_own_thread or not to_nobody)

        if isinstance(found.channel, discord.Thread):
            await self._starters.settle(found.channel, bot.id, accept, asks=to_nobody)
        else:
            accept(False)

    def _heard(self, found: discord.Message, *, ours: bool) -> None:
        guild = None if found.guild is None else found.guild.id
        self._gaps.heard(found.channel.id, guild, found.id, ours=ours)

    def _note_files(self, found: discord.Message) -> None:
        quoted = translate.quoted_by(found)
        for message in (found,) if quoted is None else (found, quoted):
            self._downloads.note(attachments.of_message(message))

    def _channel(self, chat: ChatRef, channel: Any) -> MessageChannel:
        return MessageChannel(chat, self._current, self._downloads, threads=translate.opens_threads(channel))
