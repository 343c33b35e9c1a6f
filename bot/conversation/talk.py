"""Turns as commands start and stop them: implements `bot.commands.services.Talk`."""

from __future__ import annotations

from dataclasses import replace

from bot.conversation.setup import Setups
from bot.conversation.turn import Turns
from bot.conversation.window import with_quote
from bot.domain.conversations import Question
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import CommandCall
from bot.domain.personas import Persona
from bot.ports import Channel, Conversations


class Talking:
    def __init__(self, turns: Turns, setups: Setups, conversations: Conversations) -> None:
        self._turns = turns
        self._setups = setups
        self._conversations = conversations

    async def ask(self, event: CommandCall, channel: Channel, text: str) -> None:
        question = Question(
            key=event.key,
            author_id=event.author.handle,
            author_name=event.author.name,
            text=with_quote(text, event.quote),
            message_id=event.message_id,
        )
        await self._turns.answer_once(question, event.chat, event.author, channel)

    async def retry(self, event: CommandCall, channel: Channel, model: str | None) -> bool:
        turn = await self._conversations.last(await self._conversations.current(event.chat.key))
        if turn is None:
            return False
        if event.message_id is not None:  # the reply belongs to the command, which is what people see last
            turn = replace(turn, question=replace(turn.question, message_id=event.message_id))
        await self._turns.answer_again(turn, event.chat, event.author, channel, model)
        return True

    async def new(self, chat: ChatRef) -> None:
        await self._conversations.start_new(chat.key)

    def stop(self, chat: ChatRef) -> bool:
        return self._turns.stop(chat)

    async def setup(self, chat: ChatRef, person: Person) -> tuple[Persona, str]:
        setup = await self._setups.of(chat, person)
        return setup.persona, setup.model
