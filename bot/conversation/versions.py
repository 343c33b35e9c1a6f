"""The versions of an answer: leafing through them on screen, and with them the branches of the conversation."""

from __future__ import annotations

from dataclasses import replace

from bot.conversation.offers import answer_buttons
from bot.domain.conversations import Answer, Turn
from bot.domain.messages import ButtonPress
from bot.errors import UsageError
from bot.ports import Channel, Conversations
from bot.replies import notices
from bot.replies.speaker import Speaker

LONGEST_REASONING = 8000
"""Characters of a model's reasoning that are shown to who asks for it."""


class Versions:
    """What the buttons of a finished answer do, other than to ask the model. Raises UsageError.

    `most` is how many messages an answer may have before it goes on as a file.
    """

    def __init__(self, conversations: Conversations, speaker: Speaker, *, most: int) -> None:
        self._conversations = conversations
        self._speaker = speaker
        self._most = most

    async def shown_by(self, turn: Turn, event: ButtonPress) -> Turn:
        """The turn with the answer under which a button was pressed; without words where that is not known."""
        found = await self._conversations.by_answer(event.chat.key, event.message_id)
        if found is not None and found.id == turn.id:
            return found
        return replace(turn, answer=Answer("", "incomplete", "", "", message_ids=(event.message_id,)))

    async def show(self, event: ButtonPress, turn: Turn, number: int, channel: Channel) -> None:
        """Show another version in the place of the one that is there; the conversation goes on behind it."""
        versions = await self._conversations.versions(turn.id)
        if not 1 <= number <= len(versions):
            raise UsageError(notices.NO_SUCH_VERSION.say(event.author.locale))
        wanted = versions[number - 1]
        there = (await self.shown_by(turn, event)).answer
        if wanted.id is None or there is None:
            raise UsageError(notices.NO_SUCH_VERSION.say(event.author.locale))
        await self._conversations.choose(wanted.id)
        buttons = answer_buttons(
            turn.id,
            event.author.locale,
            number=number,
            count=len(versions),
            reasoning=bool(wanted.reasoning) and not channel.limits.folds,
        )
        blank = notices.PICTURES_ALONE if wanted.pictures else notices.NO_WORDS
        text = wanted.text if wanted.text.strip() else blank.say(event.author.locale)
        shown = await self._speaker.say(
            channel, text, buttons=buttons, takes=there.message_ids, most=self._most, locale=event.author.locale
        )
        await self._conversations.place(wanted.id, shown)

    async def pick(self, event: ButtonPress, turn: Turn, channel: Channel) -> None:
        """Of several answers, the conversation goes on behind this one."""
        answer = (await self.shown_by(turn, event)).answer
        if answer is None or answer.id is None:
            raise UsageError(notices.NO_SUCH_VERSION.say(event.author.locale))
        await self._conversations.choose(answer.id)
        personas = [version.persona for version in await self._conversations.versions(turn.id)]
        who = answer.persona if personas.count(answer.persona) == 1 else answer.model
        await self._speaker.say(channel, notices.PICKED.say(event.author.locale, who=f"**{who}**"), private=True)

    async def think(self, event: ButtonPress, turn: Turn, channel: Channel) -> None:
        """What the model thought before it answered, for who asks."""
        answer = (await self.shown_by(turn, event)).answer
        if answer is None or not answer.reasoning.strip():
            raise UsageError(notices.NO_REASONING.say(event.author.locale))
        await self._speaker.say(channel, notices.quoted(answer.reasoning, LONGEST_REASONING), private=True)
