"""The one door for what arrives: it decides at once what an event is, and whose it is to deal with it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from bot.access.policy import here
from bot.admission import Admission
from bot.calls import Calls
from bot.commands import registry
from bot.commands.services import Services
from bot.commands.spec import Command, Context
from bot.conversation.manners import Manners
from bot.domain.ids import ChatRef, Person, settings_scope
from bot.domain.messages import ButtonPress, ChatMoved, CommandCall, Deleted, Edited, Incoming, Message
from bot.domain.recent import Recent
from bot.ports import Channel
from bot.questions import Questions
from bot.queue import Queue

log = logging.getLogger(__name__)

REMEMBERED = 1000
"""Keys of events that are known as seen. The door knows again what it has written down; this is for what the database
did not take, and platforms repeat a few hundred at most."""

MOST_SUGGESTIONS = 25


class Router:
    """Deals with what `bot.door` has written down."""

    def __init__(
        self,
        commands: tuple[Command, ...],
        services: Services,
        manners: Manners,
        admission: Admission,
        queue: Queue,
        questions: Questions,
        calls: Calls,
    ) -> None:
        self._commands = commands
        self._services = services
        self._manners = manners
        self._admission = admission
        self._queue = queue
        self._questions = questions
        self._calls = calls
        self._seen: Recent[str, None] = Recent(REMEMBERED)

    def accept(self, event: Incoming, channel: Channel) -> None:
        """Take an event. Does not wait, so that the order of arrival is the order of the lanes."""
        if event.key in self._seen:
            log.info("%s came again", event.key)
            return
        self._seen[event.key] = None
        match event:
            case ChatMoved():
                self._queue.put_surely(event.chat, lambda: self._move(event))
            case Deleted():
                self._questions.accept_deleted(replace(event, chat=self._seat(event.chat, None)), channel)
            case Message():
                self._accept_message(replace(event, chat=self._seat(event.chat, event.author)), channel)
            case Edited(message):
                seated = replace(message, chat=self._seat(event.chat, event.author))
                self._questions.accept_edited(seated, channel)
            case CommandCall():
                self._calls.accept(replace(event, chat=self._seat(event.chat, event.author)), channel)
            case ButtonPress():
                self._calls.accept_button(replace(event, chat=self._seat(event.chat, event.author)), channel)

    async def complete(
        self, chat: ChatRef, person: Person, path: tuple[str, ...], option: str, typed: str
    ) -> Sequence[str]:
        command = registry.find(self._commands, path)
        options = command.options if command is not None else ()
        completer = next((each.complete for each in options if each.name == option), None)
        if completer is None or not self._services.access.allows(chat, person):
            return ()
        return (await completer(Context(self._services, self._commands, chat, person), typed))[:MOST_SUGGESTIONS]

    def _seat(self, chat: ChatRef, person: Person | None) -> ChatRef:
        return self._manners.seated(chat, person)

    def _accept_message(self, message: Message, channel: Channel) -> None:
        addressed = message.addressing != "none"
        if not self._services.access.allows(message.chat, message.author):
            if message.album_id is None or addressed:
                self._admission.allows(message, channel, silent=not addressed)
            return
        call = self._calls.asked_for(message)
        if call is not None:
            self._calls.accept(call, channel)
        else:
            self._questions.accept(message, channel)

    async def _move(self, event: ChatMoved) -> None:
        store = self._services.store
        old_scope, new_scope = settings_scope(event.old), settings_scope(event.chat)
        await store.conversations.move(event.old.key, event.chat.key)
        await store.pictures.move(event.old.key, event.chat.key)
        await store.preferences.move(old_scope, new_scope)
        await store.personas.move(old_scope, new_scope)
        await store.ledger.move(event.old.key, event.chat.key)
        self._manners.move(old_scope, new_scope)
        await self._services.budgets.move(event.old.key, event.chat.key)
        await self._services.access.move(here(event.old), here(event.chat))
        log.info("%s is %s now", event.old.key, event.chat.key)
