"""What comes from Discord's gateway, handed to the core in the order of its arrival."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import discord

from adapters.discord import commands, translate
from adapters.discord.calls import showing
from adapters.discord.channel import BUTTON_PREFIX, CurrentClient, MessageChannel
from adapters.discord.interaction import InteractionChannel, InteractionReply, PressChannel
from bot.commands.spec import Command
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import ButtonPress, CommandCall
from bot.errors import DeliveryError
from bot.ports import Channel, Inbox

log = logging.getLogger(__name__)

SUGGEST_WITHIN = 2.0
"""Seconds for suggestions; Discord waits three."""


class Intake:
    """Takes events for one inbox. What it accepts, it accepts before it first waits."""

    def __init__(self, inbox: Inbox, registry: Sequence[Command], current: CurrentClient) -> None:
        self._inbox = inbox
        self._registry = registry
        self._current = current

    def message(self, found: discord.Message, bot: discord.ClientUser) -> None:
        event = translate.message(found, bot)
        if event is not None:
            self._inbox.accept(event, MessageChannel(event.chat, self._current))

    def edited(self, found: discord.Message, bot: discord.ClientUser) -> None:
        event = translate.edited(found, bot)
        if event is not None:
            self._inbox.accept(event, MessageChannel(event.chat, self._current))

    async def interaction(self, told: discord.Interaction, bot: discord.ClientUser) -> None:
        if told.channel is None:
            log.info("an interaction in a place that discord.py does not know was left alone")
            return
        private = told.guild_id is None and not told.context.private_channel
        chat = translate.place(told.channel, bot.id, told.guild_id, private=private)
        author = translate.person(told.user, str(told.locale))
        data: Mapping[str, Any] = dict(told.data or {})
        key = f"{translate.PLATFORM}:{bot.id}:i{told.id}"
        match told.type:
            case discord.InteractionType.application_command:
                call = commands.invocation(data)
                hidden = commands.answers_privately(self._registry, call.path[0])
                await self._command(told, CommandCall(key, chat, author, call), hidden=hidden)
            case discord.InteractionType.component:
                await self._press(told, key, chat, author, str(data.get("custom_id", "")))
            case discord.InteractionType.autocomplete:
                await self._suggest(told, chat, author, data)
            case _:
                log.info("an interaction of type %s was left alone", told.type)

    async def _command(self, told: discord.Interaction, event: CommandCall, *, hidden: bool) -> None:
        reply = InteractionReply(told, self._current)
        behind = MessageChannel(event.chat, self._current)
        self._inbox.accept(event, InteractionChannel(reply, f"interaction {told.id}", behind))
        await reply.acknowledge(hidden=hidden)

    async def _press(self, told: discord.Interaction, key: str, chat: ChatRef, author: Person, custom_id: str) -> None:
        reply = InteractionReply(told, self._current)
        if custom_id.startswith(BUTTON_PREFIX) and told.message is not None:
            data = custom_id.removeprefix(BUTTON_PREFIX)
            event = ButtonPress(key, chat, author, str(told.message.id), data)
            self._inbox.accept(event, self._press_channel(told, chat, reply))
        await reply.acknowledge()

    def _press_channel(self, told: discord.Interaction, chat: ChatRef, reply: InteractionReply) -> Channel:
        if _may_write(told):
            return PressChannel(chat, self._current, reply)
        return InteractionChannel(reply, f"interaction {told.id}", MessageChannel(chat, self._current))

    async def _suggest(self, told: discord.Interaction, chat: ChatRef, author: Person, data: Mapping[str, Any]) -> None:
        focus = commands.focus(data)
        if focus is None:
            return
        found: Sequence[str] = ()
        try:
            async with asyncio.timeout(SUGGEST_WITHIN):
                found = await self._inbox.complete(chat, author, focus.path, focus.option, focus.typed)
        except TimeoutError:
            log.info("no suggestions for %s in time", focus.option)
        offered = [discord.app_commands.Choice(name=name, value=value) for name, value in commands.choices(data, found)]
        try:
            async with showing():
                await told.response.autocomplete(offered)
        except DeliveryError as error:
            log.info("suggestions for %s were not taken: %s", focus.option, error)


def _may_write(told: discord.Interaction) -> bool:
    """Whether the bot itself can send messages where this happened."""
    if told.guild_id is None:
        return not told.context.private_channel
    allowed = told.app_permissions
    in_thread = isinstance(told.channel, discord.Thread)
    may_send = allowed.send_messages_in_threads if in_thread else allowed.send_messages
    return told.is_guild_integration() and allowed.view_channel and may_send
