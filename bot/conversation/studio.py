"""Pictures as turns of a conversation: ordered, made before people's eyes, changed, made larger, made again."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot import clock
from bot.conversation.accounts import Accounts
from bot.conversation.intake import Intake
from bot.conversation.painting import SIDE, Order, Painter, Work, digest_of, mark_of
from bot.conversation.running import Ending, Running, end, see_through
from bot.domain.attachments import Attachment
from bot.domain.conversations import Answer, AnswerState, Question, Turn
from bot.domain.ids import ChatRef, Person
from bot.domain.media import Picture, PictureRef
from bot.domain.messages import CommandCall
from bot.domain.observed import TurnSeen
from bot.domain.outbox import Fate
from bot.domain.platform import Button, OutgoingFile
from bot.errors import FileError, ModelError, UsageError
from bot.ports import Channel, Observer, Store
from bot.replies import failures, notices
from bot.replies.gate import Gates
from bot.replies.outbox import Outbox
from bot.replies.post import Keeping, Post, Scene
from bot.replies.speaker import Speaker
from bot.replies.writer import Delivery
from bot.telemetry.silence import Silence

log = logging.getLogger(__name__)

STORE_WITHIN = 5.0
"""Seconds that finished pictures wait for their messages before they are stored without their ids."""

IN_MORE_DETAIL = "The same picture, unchanged, in more detail."


@dataclass(slots=True)
class _Sitting:
    """An order on its way. `turn` is its row, `came` is when it began, in seconds on the loop's clock, and `error` what
    ended it."""

    turn: int
    order: Order
    inputs: Sequence[Picture]
    chat: ChatRef
    person: Person
    channel: Channel
    post: Post
    work: Work | None = None
    state: AnswerState = "incomplete"
    stored: bool = False
    came: float = field(default_factory=clock.now)
    error: Exception | None = None

    def seen(self, model: str) -> TurnSeen:
        """How it went, once it is over."""
        return TurnSeen(
            turn=self.turn,
            chat=self.chat.key,
            platform=self.chat.platform,
            work="image",
            model=model,
            outcome=self.state,
            reason=type(self.error).__name__ if self.error is not None else "",
            ended=clock.now() - self.came,
            shown=self.post.first_shown and self.post.first_shown - self.came,
            messages=len(self.post.delivery().message_ids),
        )


class Studio:
    """Implements `bot.commands.services.Studio`. Without a painter it says how to switch it on."""

    def __init__(
        self,
        store: Store,
        gates: Gates,
        speaker: Speaker,
        running: Running,
        intake: Intake,
        accounts: Accounts,
        painter: Painter | None,
        outbox: Outbox | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._outbox = outbox
        self._store = store
        self._gates = gates
        self._speaker = speaker
        self._running = running
        self._intake = intake
        self._accounts = accounts
        self._painter = painter
        self._observer = observer or Silence()

    async def imagine(
        self, event: CommandCall, channel: Channel, prompt: str, size: str | None, quality: str | None, count: int
    ) -> None:
        """Make pictures, or change those that came with the command or that it replies to. Raises UsageError."""
        painter, locale = self._ready(event.author), event.author.locale
        order = Order(prompt, size, quality, count)
        quoted = event.quote.attachments if event.quote is not None else ()
        files = [file for file in (*event.attachments, *quoted) if file.kind in ("image", "document")]
        painter.check(order, len(files), locale)
        inputs = [await self._opened(file, channel, locale) for file in files]
        question = Question(event.key, event.author.handle, event.author.name, order.line, event.message_id)
        await self._ask(question, order, inputs, event.chat, event.author, channel)

    async def again(self, turn: Turn, order: Order, chat: ChatRef, person: Person, channel: Channel) -> None:
        """Make a turn's pictures anew. Raises UsageError."""
        self._ready(person)
        inputs = await self._stored(turn.question.pictures, chat, person)
        await self._paint(turn.id, order, inputs, chat, person, channel, turn.question.message_id)

    async def change(
        self, key: str, turn: Turn, mark: str, wish: str, chat: ChatRef, person: Person, channel: Channel
    ) -> None:
        """Change the picture that `mark` names, or without one all that a turn made. Raises UsageError."""
        painter, order = self._ready(person), self._order_like(turn, wish)
        inputs = await self._made(turn, mark, chat, person)
        painter.check(order, len(inputs), person.locale)
        await self._ask(_question(key, turn, order, person), order, inputs, chat, person, channel)

    async def larger(self, key: str, turn: Turn, mark: str, chat: ChatRef, person: Person, channel: Channel) -> None:
        """Make the picture that `mark` names anew in the next size. Raises UsageError."""
        painter, order = self._ready(person), self._order_like(turn, IN_MORE_DETAIL)
        inputs = await self._made(turn, mark, chat, person)
        order = replace(order, size=painter.larger(order, inputs[0].ref))
        await self._ask(_question(key, turn, order, person), order, inputs, chat, person, channel)

    async def _made(self, turn: Turn, mark: str, chat: ChatRef, person: Person) -> list[Picture]:
        if mark:
            digest = digest_of(mark)
            made = [] if digest is None else list((await self._store.pictures.load(chat.key, [digest])).values())
        else:
            made = await self._stored(turn.answer.pictures if turn.answer is not None else (), chat, person)
        if not made:
            raise UsageError(notices.PICTURE_GONE.say(person.locale))
        return made

    async def _ask(
        self,
        question: Question,
        order: Order,
        inputs: Sequence[Picture],
        chat: ChatRef,
        person: Person,
        channel: Channel,
    ) -> None:
        question = replace(question, pictures=tuple(picture.ref for picture in inputs))
        await self._store.pictures.keep(chat.key, inputs)
        conversation = await self._store.conversations.current(chat.key)
        turn = await self._store.conversations.add_question(conversation, question)
        if turn is None:
            before = await self._store.conversations.by_key(question.key)
            if before is None or before.answer is not None:
                log.info("%s was carried out before", question.key)
                return
            turn = before.id  # it was asked before a restart
        await self._paint(turn, order, inputs, chat, person, channel, question.message_id)

    async def _paint(
        self,
        turn: int,
        order: Order,
        inputs: Sequence[Picture],
        chat: ChatRef,
        person: Person,
        channel: Channel,
        reply_to: str | None,
    ) -> None:
        painter = self._ready(person)
        target = reply_to if chat.kind == "group" else None
        keeping = None
        if self._outbox is not None:
            keeping = Keeping(self._outbox.entry(), lambda: _fate(painter, sitting))
        post = Post(channel, self._gates, nonce=secrets.token_hex(8), reply_to=target, keeping=keeping)
        sitting = _Sitting(turn, order, inputs, chat, person, channel, post)
        self._show_progress(sitting)
        painting = asyncio.create_task(self._make(painter, sitting))
        delivery = asyncio.create_task(post.deliver(), name=f"pictures of turn {turn}")
        try:
            ending = await self._running.see_to_end(chat, painting, turn)
            self._close(painter, sitting, ending)
            await see_through(self._conclude(painter, sitting, delivery), hurry=ending.kind == "interrupted")
        finally:
            await end(delivery)
            seen = sitting.seen(painter.model)
            log.info("turn %s", seen.outcome, extra=seen.fields())
            self._observer.turned(seen)

    async def _make(self, painter: Painter, sitting: _Sitting) -> None:
        def sketch(file: OutgoingFile) -> None:
            self._show_progress(sitting, file)

        account = self._accounts.of(sitting.chat, sitting.person)
        sitting.work = await painter.paint(sitting.order, sitting.inputs, account, sketch)

    def _show_progress(self, sitting: _Sitting, *files: OutgoingFile) -> None:
        locale, order = sitting.person.locale, sitting.order
        notice = notices.PAINTING if order.count == 1 else notices.PAINTING_MANY
        said = notice.say(locale, prompt=notices.excerpt(order.prompt), count=order.count)
        stop = Button(notices.STOP.say(locale), f"stop {sitting.turn}")
        sitting.post.show(Scene(said, files, (stop,)))

    def _close(self, painter: Painter, sitting: _Sitting, ending: Ending) -> None:
        """The last look: the pictures, or a sentence that says why there are none."""
        locale = sitting.person.locale
        said, sitting.error = "", ending.error
        match ending.kind, ending.error:
            case "done", _ if sitting.work is not None:
                sitting.state = "complete"
                again = Button(notices.AGAIN.say(locale), f"retry {sitting.turn}")
                buttons = (again, *picture_buttons(painter, sitting.turn, sitting.order, sitting.work.pictures, locale))
                sitting.post.finish(Scene(notices.excerpt(sitting.order.prompt), sitting.work.files, buttons))
                return
            case "stopped", _:
                sitting.state, said = "stopped", notices.STOPPED.say(locale)
            case "interrupted", _:
                said = notices.INTERRUPTED.say(locale)
            case _, ModelError() as error:
                log.info("turn %s: %r", sitting.turn, error)
                sitting.state, said = "failed", failures.for_image_error(error, locale)
            case _, error:
                log.error("turn %s failed", sitting.turn, exc_info=error)
                sitting.state, said = "failed", notices.UNKNOWN_FAILURE.say(locale)
        sitting.post.finish(Scene(said, (), (_retry(sitting),)))

    async def _conclude(self, painter: Painter, sitting: _Sitting, delivery: asyncio.Task[Delivery]) -> None:
        pictures = sitting.work.pictures if sitting.work is not None else ()
        await self._store.pictures.keep(sitting.chat.key, pictures)
        await asyncio.wait([delivery], timeout=STORE_WITHIN)
        answer = Answer(
            text=made_text(sitting.order.prompt, len(pictures)) if pictures else "",
            state=sitting.state,
            model=painter.model,
            persona="",
            message_ids=sitting.post.delivery().message_ids,
            pictures=tuple(picture.ref for picture in pictures),
        )
        await self._store.conversations.add_answer(sitting.turn, answer)
        sitting.stored = True
        await delivery
        if sitting.post.refused:
            await self._speaker.say(sitting.channel, notices.PICTURE_NOT_SHOWN.say(sitting.person.locale))

    async def _opened(self, file: Attachment, channel: Channel, locale: str | None) -> Picture:
        try:
            return await self._intake.picture(file, channel, SIDE)
        except FileError as error:
            name = file.name and notices.code(file.name, 60)
            raise UsageError(failures.for_file_error(error, name or notices.PICTURE.say(locale), locale)) from error

    async def _stored(self, refs: Sequence[PictureRef], chat: ChatRef, person: Person) -> list[Picture]:
        """Pictures of the conversation; raises UsageError when one of them is not kept any more."""
        found = await self._store.pictures.load(chat.key, [ref.digest for ref in refs])
        if len(found) < len({ref.digest for ref in refs}):
            raise UsageError(notices.PICTURE_GONE.say(person.locale))
        return [found[ref.digest] for ref in refs]

    def _order_like(self, turn: Turn, prompt: str) -> Order:
        """An order with this prompt and what else the turn's order asked for."""
        before = Order.read(turn.question.text)
        return Order(prompt, before.size, before.quality) if before is not None else Order(prompt)

    def _ready(self, person: Person) -> Painter:
        if self._painter is None:
            raise UsageError(notices.NO_IMAGES.say(person.locale))
        return self._painter


def _retry(sitting: _Sitting) -> Button:
    return Button(notices.RETRY.say(sitting.person.locale), f"retry {sitting.turn}")


def _fate(painter: Painter, sitting: _Sitting) -> Fate:
    """What becomes of pictures that are not all on screen when the process dies: they are made again, if wanted."""
    answer = None if sitting.stored else Answer("", "incomplete", painter.model, "")
    return Fate(
        words=notices.INTERRUPTED.say(sitting.person.locale),
        lane=sitting.chat.key,
        buttons=(_retry(sitting),),
        turn=sitting.turn,
        answer=answer,
    )


def picture_buttons(
    painter: Painter, turn: int, order: Order, pictures: Sequence[Picture], locale: str | None
) -> tuple[Button, ...]:
    """What can be done with the pictures that came of an order."""
    buttons = []
    which = f" {mark_of(pictures[0].ref)}" if len(pictures) == 1 else ""
    if painter.takes(len(pictures)):
        buttons.append(Button(notices.CHANGE.say(locale), f"change {turn}{which}", asks=True))
    if which and painter.larger(order, pictures[0].ref) is not None:
        buttons.append(Button(notices.LARGER.say(locale), f"larger {turn}{which}"))
    return tuple(buttons)


def _question(key: str, turn: Turn, order: Order, person: Person) -> Question:
    """What the press of a button asks; it belongs to the message that first asked."""
    return Question(key, person.handle, person.name, order.line, turn.question.message_id)


def made_text(prompt: str, count: int) -> str:
    """How pictures that were made stand in the conversation."""
    what = "a picture" if count == 1 else f"{count} pictures"
    return f"[made {what}: {prompt}]"
