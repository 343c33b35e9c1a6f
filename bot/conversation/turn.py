"""One turn: files are opened, the question is stored, and the model that looks and answers is asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from bot import receipts
from bot.access.guard import Guard
from bot.conversation.course import Course, Courses
from bot.conversation.inquirer import Inquirer
from bot.conversation.inquiry import Inquiry, Reasoning, Toolbox
from bot.conversation.manners import Manners
from bot.conversation.material import Material, with_material
from bot.conversation.merging import Bundle
from bot.conversation.painting import Order
from bot.conversation.parcels import Parcel
from bot.conversation.setup import Setup, Setups
from bot.conversation.sight import Sight
from bot.conversation.window import Pictures, recent_pictures, with_quote
from bot.domain.conversations import Question, Turn
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Heard, Message
from bot.errors import CannotSee
from bot.ports import Channel, Store
from bot.replies import notices

log = logging.getLogger(__name__)

Opened = Callable[[], Awaitable[Material]]

TRANSCRIPT_SHOWN = 1000
"""Characters of a transcript that are shown above the answer."""

Tools = Callable[[Course, bool], Toolbox | None]
"""What the model may use in a turn; the flag tells whether pictures are part of the conversation."""


class Turns:
    """Answers questions; one at a time for each conversation, which the lanes see to."""

    def __init__(
        self,
        store: Store,
        inquirer: Inquirer,
        setups: Setups,
        courses: Courses,
        sight: Sight,
        manners: Manners,
        guard: Guard,
        *,
        tools: Tools,
        show_transcripts: bool = True,
    ) -> None:
        self._store = store
        self._inquirer = inquirer
        self._setups = setups
        self._courses = courses
        self._sight = sight
        self._manners = manners
        self._guard = guard
        self._tools = tools
        self._show_transcripts = show_transcripts

    async def answer(self, parcel: Parcel | Bundle, channel: Channel) -> Course:
        """Answer a message; one that was answered before, as its key tells, is left alone."""
        course = self._courses.begin(parcel.chat, parcel.person, channel, parcel.first.message_id)
        course.came = parcel.came
        await self._courses.run(course, self._answer_message(course, parcel, self._add))
        return course

    async def answer_changed(self, turn: Turn, parcel: Parcel, channel: Channel) -> Course:
        """Answer a question of which the words were changed, in the place of the answer that it had."""
        takes = _text_messages(turn)
        course = self._courses.begin(parcel.chat, parcel.person, channel, parcel.first.message_id, takes)

        async def fork(_: Course, question: Question) -> int | None:
            return await self._store.conversations.fork_question(turn.id, question)

        await self._courses.run(course, self._answer_message(course, parcel, fork))
        return course

    async def answer_again(
        self, turn: Turn, chat: ChatRef, person: Person, channel: Channel, model: str | None, takes: Sequence[str] = ()
    ) -> None:
        """Give a turn another answer, from another model if one is named, in the place of these messages."""
        course = self._courses.begin(chat, person, channel, turn.question.message_id, takes)
        course.earlier = len(await self._store.conversations.versions(turn.id))
        await self._courses.run(course, self._answer_turn(course, turn, model))

    async def go_on(self, turn: Turn, question: Question, chat: ChatRef, person: Person, channel: Channel) -> None:
        """Ask a question right behind the answer that `turn` holds, whatever came behind it since."""
        course = self._courses.begin(chat, person, channel, question.message_id)
        await self._courses.run(course, self._answer_behind(course, turn, question))

    async def compare(
        self, question: Question, setups: Sequence[Setup], chat: ChatRef, person: Person, channel: Channel
    ) -> None:
        """Answer a question several times, side by side, each under its heading; the first answer is gone on with."""
        conversations = self._store.conversations
        await self._guard.check_question(question.text, self._courses.account(chat, person))
        added = await conversations.add_question(await self.conversation(chat), question)
        before = await conversations.by_key(question.key) if added is None else None
        if before is not None and before.answer is None:
            added = before.id  # it was asked before a restart
        if added is None:
            return
        turn, courses, answering = Turn(added, question), [], []
        for setup, heading in zip(setups, headings(setups), strict=True):
            course = self._courses.begin(chat, person, channel, question.message_id)
            course.compared = True
            course.reply.feed(f"**{heading}**\n\n")
            courses.append(course)
            answering.append(self._courses.run(course, self._answer_compared(course, turn, setup)))
        # One that fails does not end the others.
        ended = await asyncio.gather(*answering, return_exceptions=True)
        for error in filter(None, ended):
            raise error
        first = next((course.answer for course in courses if course.outcome.said()), None)
        if first is not None:
            await conversations.choose(first)

    async def answer_once(
        self, question: Question, opened: Opened, chat: ChatRef, person: Person, channel: Channel
    ) -> None:
        """Answer without history, and keep nothing. `opened` gives what the question's files hold."""
        course = self._courses.begin(chat, person, channel, question.message_id)
        await self._courses.run(course, self._answer_alone(course, question, opened))

    async def _answer_message(
        self, course: Course, parcel: Parcel | Bundle, add: Callable[[Course, Question], Awaitable[int | None]]
    ) -> None:
        message, material = await parcel.opened()
        if not _answerable(message.text, material, bare=message.quote is None):
            course.reply.feed("\n\n".join(material.problems) or notices.NOTHING_SAID.say(course.person.locale))
            course.outcome.state = "complete"
            return
        question = question_of(message, material)
        if receipts.again() and await self._go_on_with(course, question):
            return
        await self._guard.check_question(question.text, course.account)
        await self._store.pictures.keep(course.chat.key, material.pictures)
        turn = await add(course, question)
        if turn is None:
            log.info("%s was answered before", message.key)
            course.reply.leave()
            return
        receipts.stored_as(question.key)
        self._courses.name(course, turn)
        self._introduce(course, material)
        at_hand = {picture.ref.digest: picture for picture in material.pictures}
        setup = await self._setups.of(course.chat, course.person)
        await self._answer_stored(course, Turn(turn, question), setup, at_hand, message.context)

    async def _go_on_with(self, course: Course, question: Question) -> bool:
        """Answer a question that was stored before a restart, if it was not answered then; False when it was not
        stored."""
        turn = await self._store.conversations.by_key(question.key)
        if turn is None:
            return False
        if turn.answer is None:
            await self._answer_turn(course, turn, None)
        else:
            log.info("%s was answered before", question.key)
            course.reply.leave()
        return True

    async def _add(self, course: Course, question: Question) -> int | None:
        return await self._store.conversations.add_question(await self.conversation(course.chat), question)

    async def conversation(self, chat: ChatRef) -> int:
        """The chat's conversation; in a thread that was opened on an answer, one that goes on behind it."""
        conversations = self._store.conversations
        if chat.thread_id is not None and not await conversations.known(chat.key):
            # A Discord thread has the id of the message on which it was opened.
            above = await conversations.by_answer(replace(chat, thread_id=None).key, chat.thread_id)
            if above is not None and above.answer is not None and above.answer.id is not None:
                return await conversations.start_behind(chat.key, above.answer.id)
        return await conversations.current(chat.key)

    async def _answer_turn(self, course: Course, turn: Turn, model: str | None) -> None:
        self._courses.name(course, turn.id)
        setup = await self._setups.of(course.chat, course.person)
        passing = model is not None and model != setup.model
        setup = setup if model is None else replace(setup, model=model)
        wanted = [ref.digest for ref in turn.question.pictures]
        await self._answer_stored(course, turn, setup, await self._load(course.chat, wanted), passing=passing)

    async def _answer_compared(self, course: Course, turn: Turn, setup: Setup) -> None:
        self._courses.name(course, turn.id)
        await self._answer_stored(course, turn, setup, {}, passing=True)

    async def _answer_behind(self, course: Course, turn: Turn, question: Question) -> None:
        conversations = self._store.conversations
        conversation = await self.conversation(course.chat)
        answer = turn.answer.id if turn.answer is not None else None
        if answer is not None:
            await conversations.choose(answer, leaf=False)
            last = await conversations.last(conversation)
            if last is None or last.answer is None or last.answer.id != answer:  # there is a new conversation since
                conversation = await conversations.start_behind(course.chat.key, answer)
        added = await conversations.add_question(conversation, question)
        if added is not None:
            await self._answer_turn(course, Turn(added, question), None)
        else:
            await self._go_on_with(course, question)

    async def _answer_stored(
        self,
        course: Course,
        turn: Turn,
        setup: Setup,
        at_hand: Pictures,
        context: Sequence[Heard] = (),
        *,
        passing: bool = False,
    ) -> None:
        history = await self._inquirer.history(turn.id)
        shown = recent_pictures(history.exchanges)
        if shown and self._sight.eyes(setup.model) is not None:
            at_hand = {**await self._load(course.chat, shown), **at_hand}
        setup = self._seeing(course, setup, at_hand)
        inquiry = Inquiry(
            setup,
            turn.question,
            course.account,
            group=course.chat.kind == "group",
            history=history,
            pictures=at_hand,
            toolbox=None if course.compared else self._tools(course, bool(at_hand)),
            context=tuple(context),
            reasoning=self._reasoning(course),
            locale=course.person.locale,
            passing=passing,
        )
        await self._inquirer.inquire(inquiry, course.reply, course.outcome)

    async def _answer_alone(self, course: Course, question: Question, opened: Opened) -> None:
        material = await opened()
        question = replace(
            question,
            text=with_material(question.text, material),
            pictures=tuple(picture.ref for picture in material.pictures),
        )
        await self._guard.check_question(question.text, course.account)
        self._introduce(course, material)
        at_hand = {picture.ref.digest: picture for picture in material.pictures}
        setup = await self._setups.of(course.chat, course.person)
        setup = self._seeing(course, setup, at_hand)
        inquiry = Inquiry(
            setup,
            question,
            course.account,
            group=course.chat.kind == "group",
            pictures=at_hand,
            reasoning="quoted" if self._reasoning(course) == "quoted" else "hidden",
            locale=course.person.locale,
        )
        await self._inquirer.inquire(inquiry, course.reply, course.outcome)

    def _reasoning(self, course: Course) -> Reasoning:
        if not self._manners.of(course.chat).reasoning:
            return "hidden"
        return "quoted" if course.channel.limits.folds else "kept"

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


def headings(setups: Sequence[Setup]) -> list[str]:
    """How answers that stand side by side are told apart: by their personas, or by their models."""
    personas = [setup.persona.name for setup in setups]
    return personas if len(set(personas)) == len(personas) else [setup.model for setup in setups]


def _text_messages(turn: Turn) -> tuple[str, ...]:
    """The messages of an answer whose place another one can take; pictures that were ordered keep theirs."""
    return () if turn.answer is None or Order.read(turn.question.text) else turn.answer.message_ids


def _answerable(text: str, material: Material, *, bare: bool) -> bool:
    """Whether anything is left to answer; without a quoted message, `bare`, an empty text asks nothing."""
    return bool(text.strip()) or material.usable or not (bare or material.problems)
