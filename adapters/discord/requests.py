"""What people ask of the bot other than by words: commands, the menus of messages, buttons, and the forms they open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from adapters.discord import attachments, commands, forms, translate
from adapters.discord.calls import showing
from adapters.discord.channel import BUTTON_PREFIX, CurrentClient, MessageChannel
from adapters.discord.downloads import Downloads
from adapters.discord.interaction import InteractionChannel, InteractionReply, PressChannel
from bot.commands.spec import Command, Menu
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import ButtonPress, CommandCall, Invocation, Quote
from bot.domain.recent import Recent
from bot.errors import DeliveryError
from bot.ports import Channel, Inbox

log = logging.getLogger(__name__)

SUGGEST_WITHIN = 2.0
"""Seconds for suggestions; Discord waits three."""

_TARGETS = 200
"""Messages that are remembered while somebody fills in a form about them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One interaction: what discord.py told of it, and the same for the core."""

    told: discord.Interaction
    bot: discord.ClientUser
    key: str
    chat: ChatRef
    author: Person
    data: Mapping[str, Any]


class Requests:
    """Answers each within three seconds, which is what Discord waits, and hands it to the inbox."""

    def __init__(
        self,
        inbox: Inbox,
        registry: Sequence[Command],
        menus: Sequence[Menu],
        current: CurrentClient,
        downloads: Downloads,
    ) -> None:
        self._inbox = inbox
        self._registry = registry
        self._menus = {menu.label: menu for menu in menus}
        self._current = current
        self._downloads = downloads
        self._targets: Recent[str, Quote] = Recent(_TARGETS)

    async def take(self, asked: Asked) -> None:
        custom_id = str(asked.data.get("custom_id", ""))
        match asked.told.type:
            case discord.InteractionType.application_command if asked.data.get("target_id") is not None:
                await self._menu(asked)
            case discord.InteractionType.application_command:
                await self._command(asked, commands.invocation(asked.data), files=commands.files(asked.data))
            case discord.InteractionType.component:
                await self._press(asked, custom_id)
            case discord.InteractionType.modal_submit:
                await self._form(asked, custom_id)
            case discord.InteractionType.autocomplete:
                await self._suggest(asked)
            case _:
                log.info("an interaction of type %s was left alone", asked.told.type)

    async def _command(
        self,
        asked: Asked,
        call: Invocation,
        *,
        quote: Quote | None = None,
        files: Sequence[Mapping[str, Any]] = (),
        reply: InteractionReply | None = None,
    ) -> None:
        """Hand a command over; with a `reply` it is acknowledged already."""
        state = self._state(asked)
        found = (discord.Attachment(data=file, state=state) for file in files)  # type: ignore[arg-type]  # as it came
        sent = self._downloads.note(attachments.of_interaction(file, asked.told.id) for file in found)
        event = CommandCall(asked.key, asked.chat, asked.author, call, quote=quote, attachments=sent)
        answered = reply or InteractionReply(asked.told, self._current)
        self._inbox.accept(event, self._through(asked, answered))
        if reply is None:
            await answered.acknowledge(hidden=self._hidden(call), thinking=True)

    async def _menu(self, asked: Asked) -> None:
        menu, raw = self._menus.get(str(asked.data.get("name"))), commands.target(asked.data)
        if menu is None or raw is None:
            log.info("an unknown entry of a menu was left alone")
            return
        message = self._message(asked, raw)
        quote = self._quoted(message, asked.bot)
        if menu.asks is None:
            await self._command(asked, Invocation(menu.path, dict(menu.values)), quote=quote)
            return
        target = f"{message.channel.id}/{message.id}"
        self._targets[target] = quote
        await self._open(asked, forms.of_menu(menu, commands.option(self._registry, menu.path, menu.asks), target))

    async def _press(self, asked: Asked, custom_id: str) -> None:
        message = asked.told.message
        if message is not None and forms.button_data(custom_id) is not None:
            await self._open(asked, forms.of_button(message, custom_id))
            return
        data = custom_id.removeprefix(BUTTON_PREFIX) if custom_id.startswith(BUTTON_PREFIX) else None
        await self._pressed(asked, data, None)

    async def _form(self, asked: Asked, custom_id: str) -> None:
        words, found = forms.words(asked.data), forms.menu_target(custom_id)
        if found is None:
            await self._pressed(asked, forms.button_data(custom_id), words)
            return
        target, label = found
        menu = self._menus.get(label)
        if menu is None or menu.asks is None:
            log.info("a form of an unknown entry of a menu was left alone")
            return
        call = Invocation(menu.path, {**menu.values, menu.asks: words})
        if (quote := self._targets.get(target)) is not None:
            await self._command(asked, call, quote=quote)
            return
        # Forgotten, as after a restart. The message is asked for only when Discord knows that an answer will come.
        reply = InteractionReply(asked.told, self._current)
        await reply.acknowledge(hidden=self._hidden(call), thinking=True)
        await self._command(asked, call, quote=await self._fetched(asked, target), reply=reply)

    async def _pressed(self, asked: Asked, data: str | None, words: str | None) -> None:
        """A press, with the `words` that were asked for; None as `data` is a button of somebody else."""
        reply = InteractionReply(asked.told, self._current)
        if data is not None and asked.told.message is not None:
            message_id = str(asked.told.message.id)
            event = ButtonPress(asked.key, asked.chat, asked.author, message_id, data, words)
            self._inbox.accept(event, self._beside(asked, reply))
        await reply.acknowledge()

    async def _open(self, asked: Asked, form: discord.ui.Modal) -> None:
        """Show a form, which must be the first response."""
        try:
            async with showing():
                await asked.told.response.send_modal(form)
        except DeliveryError as error:
            log.info("a form was not taken: %s", error)

    async def _suggest(self, asked: Asked) -> None:
        focus = commands.focus(asked.data)
        if focus is None:
            return
        found: Sequence[str] = ()
        try:
            async with asyncio.timeout(SUGGEST_WITHIN):
                found = await self._inbox.complete(asked.chat, asked.author, focus.path, focus.option, focus.typed)
        except TimeoutError:
            log.info("no suggestions for %s in time", focus.option)
        choices = commands.choices(asked.data, found)
        offered = [discord.app_commands.Choice(name=name, value=value) for name, value in choices]
        try:
            async with showing():
                await asked.told.response.autocomplete(offered)
        except DeliveryError as error:
            log.info("suggestions for %s were not taken: %s", focus.option, error)

    # What it takes

    def _hidden(self, call: Invocation) -> bool:
        return commands.answers_privately(self._registry, call.path[0])

    def _through(self, asked: Asked, reply: InteractionReply) -> Channel:
        threads = translate.opens_threads(asked.told.channel)
        behind = MessageChannel(asked.chat, self._current, self._downloads, threads=threads)
        return InteractionChannel(reply, f"interaction {asked.told.id}", behind)

    def _beside(self, asked: Asked, reply: InteractionReply) -> Channel:
        """Where a press is answered. A message that only one person sees can be changed through the webhook alone."""
        pressed, writes = asked.told.message, _may_write(asked.told)
        if pressed is not None and (pressed.flags.ephemeral or not writes):
            reply.take_in(str(pressed.id))
        if not writes:
            return self._through(asked, reply)
        threads = translate.opens_threads(asked.told.channel)
        return PressChannel(asked.chat, self._current, self._downloads, reply, threads=threads)

    def _message(self, asked: Asked, raw: Mapping[str, Any]) -> discord.Message:
        channel: Any = asked.told.channel
        data: Any = raw
        return discord.Message(state=self._state(asked), channel=channel, data=data)

    def _quoted(self, message: discord.Message, bot: discord.ClientUser) -> Quote:
        self._downloads.note(attachments.of_message(message))
        return translate.quote(message, bot)

    async def _fetched(self, asked: Asked, target: str) -> Quote | None:
        channel_id, _, message_id = target.partition("/")
        try:
            async with showing():
                raw = await self._current().http.get_message(int(channel_id), int(message_id))
                return self._quoted(self._message(asked, raw), asked.bot)
        except DeliveryError as error:
            log.info("the message that a form was about cannot be read: %s", error)
            return None

    def _state(self, asked: Asked) -> Any:
        return asked.told._state  # noqa: SLF001  (discord.py builds its own values with it, and has no public way)


def _may_write(told: discord.Interaction) -> bool:
    """Whether the bot itself can send messages where this happened."""
    if told.guild_id is None:
        return not told.context.private_channel
    allowed = told.app_permissions
    in_thread = isinstance(told.channel, discord.Thread)
    may_send = allowed.send_messages_in_threads if in_thread else allowed.send_messages
    return told.is_guild_integration() and allowed.view_channel and may_send
