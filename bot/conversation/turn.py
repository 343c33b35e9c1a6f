"""One turn: files are opened, the question is stored, and the model that looks and answers is asked."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.conversation.course import Course, Courses
from bot.conversation.inquiry import Inquiry, Toolbox, inquire
from bot.conversation.material import Material, with_material
from bot.conversation.parcels import Parcel
from bot.conversation.setup import Setup, Setups
from bot.conversation.sight import Sight
from bot.conversation.window import CHARACTERS_PER_TOKEN, Estimate, Pictures, recent_pictures, with_quote
from bot.domain.conversations import Question, Turn
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Message
from bot.errors import CannotSee
from bot.ports import Channel, ChatModel, Store
from bot.replies import notices

log = logging.getLogger(__name__)

Budget = Callable[[str], int]
Opened = Callable[[], Awaitable[Material]]

TRANSCRIPT_SHOWN = 1000
"""Characters of a transcript that are shown above the answer."""

Tools = Callable[[Course, bool], Toolbox | None]
"""What the model may use in a turn; the flag tells whether pictures are part of the conversation."""


class Turns:
    """Answers questions; one at a time for each chat, which the lanes see to.

    `budget` tells how many tokens of history a request to a model may carry, and `most_history` is the most it tells.
    """

    def __init__(
        self,
        store: Store,
        models: ChatModel,
        setups: Setups,
        courses: Courses,
        sight: Sight,
        *,
        tools: Tools,
        estimate: Estimate,
        budget: Budget,
        most_history: int,
        show_transcripts: bool = True,
    ) -> None:
        self._store = store
        self._models = models
        self._setups = setups
        self._courses = courses
        self._sight = sight
        self._tools = tools
        self._estimate = estimate
        self._budget = budget
        self._characters = most_history * CHARACTERS_PER_TOKEN
        self._show_transcripts = show_transcripts

    async def answer(self, parcel: Parcel, channel: Channel) -> Course:
        """Answer a message; one that was answered before, as its key tells, is left alone."""
        course = self._courses.begin(parcel.chat, parcel.person, channel, parcel.first.message_id)
        await self._courses.run(course, self._answer_message(course, parcel))
        return course

    async def answer_again(
        self, turn: Turn, chat: ChatRef, person: Person, channel: Channel, model: str | None
    ) -> None:
        """Give a turn another answer, from another model if one is named."""
        course = self._courses.begin(chat, person, channel, turn.question.message_id)
        await self._courses.run(course, self._answer_turn(course, turn, model))

    async def answer_once(
        self, question: Question, opened: Opened, chat: ChatRef, person: Person, channel: Channel
    ) -> None:
        """Answer without history, and keep nothing. `opened` gives what the question's files hold."""
        course = self._courses.begin(chat, person, channel, question.message_id)
        await self._courses.run(course, self._answer_alone(course, question, opened))

    async def _answer_message(self, course: Course, parcel: Parcel) -> None:
        message, material = await parcel.opened()
        if not _answerable(message.text, material, bare=message.quote is None):
            course.reply.feed("\n\n".join(material.problems) or notices.NOTHING_SAID.say(course.person.locale))
            course.outcome.state = "complete"
            return
        question = question_of(message, material)
        await self._store.pictures.keep(course.chat.key, material.pictures)
        conversation = await self._store.conversations.current(course.chat.key)
        turn = await self._store.conversations.add_question(conversation, question)
        if turn is None:
            log.info("%s was answered before", message.key)
            return
        self._courses.name(course, turn)
        self._introduce(course, material)
        at_hand = {picture.ref.digest: picture for picture in material.pictures}
        await self._answer_stored(course, Turn(turn, question), None, at_hand)

    async def _answer_turn(self, course: Course, turn: Turn, model: str | None) -> None:
        self._courses.name(course, turn.id)
        wanted = [ref.digest for ref in turn.question.pictures]
        await self._answer_stored(course, turn, model, await self._load(course.chat, wanted))

    async def _answer_stored(self, course: Course, turn: Turn, model: str | None, at_hand: Pictures) -> None:
        setup = await self._setups.of(course.chat, course.person)
        setup = setup if model is None else replace(setup, model=model)
        history = await self._store.conversations.before(turn.id, self._characters)
        shown = recent_pictures(history)
        if shown and self._sight.eyes(setup.model) is not None:
            at_hand = {**await self._load(course.chat, shown), **at_hand}
        setup = self._seeing(course, setup, at_hand)
        tokens = self._budget(setup.model) if history else 0
        group, toolbox = course.chat.kind == "group", self._tools(course, bool(at_hand))
        inquiry = Inquiry(setup, turn.question, course.person, group, history, tokens, at_hand, toolbox)
        await inquire(self._models, self._estimate, inquiry, course.reply, course.outcome)

    async def _answer_alone(self, course: Course, question: Question, opened: Opened) -> None:
        material = await opened()
        self._introduce(course, material)
        question = replace(
            question,
            text=with_material(question.text, material),
            pictures=tuple(picture.ref for picture in material.pictures),
        )
        at_hand = {picture.ref.digest: picture for picture in material.pictures}
        setup = await self._setups.of(course.chat, course.person)
        setup = self._seeing(course, setup, at_hand)
        inquiry = Inquiry(setup, question, course.person, course.chat.kind == "group", pictures=at_hand)
        await inquire(self._models, self._estimate, inquiry, course.reply, course.outcome)

    def _introduce(self, course: Course, material: Material) -> None:
        """What people see above the answer: what could not be opened, and what was heard."""
        above = list(material.problems)
        if material.spoken:
            course.spoken = True
            if self._show_transcripts:
                above += [notices.quoted(words, TRANSCRIPT_SHOWN) for words in material.spoken]
        if above:
            course.reply.feed("\n\n".join(above) + "\n\n")

    def _seeing(self, course: Course, setup: Setup, at_hand: Pictures) -> Setup:
        """The setup with a model that can look at the pictures; raises CannotSee."""
        course.persona, course.outcome.model = setup.persona.name, setup.model
        if not at_hand:
            return setup
        model = self._sight.eyes(setup.model)
        if model is None:
            raise CannotSee(setup.model)
        course.outcome.model = model
        return replace(setup, model=model)

    async def _load(self, chat: ChatRef, digests: list[str]) -> Pictures:
        return await self._store.pictures.load(chat.key, digests) if digests else {}


def question_of(message: Message, material: Material) -> Question:
    """What a message asks the model."""
    return Question(
        key=message.key,
        author_id=message.author.handle,
        author_name=message.author.name,
        text=with_material(with_quote(message.text, message.quote), material),
        message_id=message.message_id,
        pictures=tuple(picture.ref for picture in material.pictures),
    )


def _answerable(text: str, material: Material, *, bare: bool) -> bool:
    """Whether anything is left to answer; without a quoted message, `bare`, an empty text asks nothing."""
    return bool(text.strip()) or material.usable or not (bare or material.problems)
