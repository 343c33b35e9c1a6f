"""What can happen in a conversation, for the router and for commands: implements `bot.commands.services.Talk`."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace

from bot.conversation.intake import Intake
from bot.conversation.material import Material
from bot.conversation.merging import Bundle
from bot.conversation.painting import Order
from bot.conversation.parcels import Parcel, Whole
from bot.conversation.running import Running
from bot.conversation.setup import Setups
from bot.conversation.studio import Studio
from bot.conversation.summing import Summaries
from bot.conversation.turn import Turns, question_of
from bot.conversation.versions import Versions
from bot.conversation.voice import Voice
from bot.conversation.window import with_quote
from bot.domain.conversations import Question, Turn
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import ButtonPress, CommandCall, Message
from bot.domain.personas import Persona, Variant
from bot.domain.recent import Recent
from bot.errors import ModelError, UsageError
from bot.ports import Channel, Conversations
from bot.replies import failures, notices
from bot.replies.speaker import Speaker
from bot.tasks import TaskOwner

GO_ON = "Go on exactly where you stopped, without repeating anything."
"""What the Continue button asks."""

REMEMBERED = 1000
"""Messages in which the bot asked what should change in a picture."""


@dataclass(frozen=True, slots=True)
class Made:
    """Pictures that a button stands below: the one that `mark` names, or with "" all that the turn made."""

    turn: int
    mark: str = ""


class Talking:
    def __init__(
        self,
        turns: Turns,
        studio: Studio,
        voice: Voice,
        intake: Intake,
        setups: Setups,
        running: Running,
        versions: Versions,
        summaries: Summaries,
        conversations: Conversations,
        speaker: Speaker,
        owner: TaskOwner,
    ) -> None:
        self._turns = turns
        self._studio = studio
        self._voice = voice
        self._intake = intake
        self._setups = setups
        self._running = running
        self._versions = versions
        self._summaries = summaries
        self._conversations = conversations
        self._speaker = speaker
        self._owner = owner
        self._asked: Recent[tuple[str, str], Made] = Recent(REMEMBERED)

    # Messages

    def receive(self, message: Message, channel: Channel, whole: Whole | None = None) -> Parcel:
        """A message on its way; its files begin to be fetched. Does not wait."""
        parcel = Parcel(message, channel, self._intake, whole)
        parcel.begin(self._owner)
        return parcel

    async def answer(self, parcel: Parcel | Bundle, channel: Channel) -> None:
        """Answer a message, a spoken one aloud as well where the chat wants it."""
        if isinstance(parcel, Bundle):
            parcel.close()  # stopped before its first step, it would be joined for ever
        course = await self._turns.answer(parcel, channel)
        if course.spoken and course.outcome.state == "complete":
            await self._voice.answer("".join(course.outcome.text), course.chat, course.person, channel)

    async def edited(self, message: Message, channel: Channel) -> None:
        """A changed question is answered anew, in the place of its answer; a change that leaves its meaning as it was
        is not one."""
        parcel = self.receive(message, channel)
        known = await self._conversations.by_message(message.chat.key, message.message_id)
        if known is not None and _alike(known.question, question_of(*await parcel.opened())):
            return
        if known is None:
            await self.answer(parcel, channel)
        else:
            await self._turns.answer_changed(known, parcel, channel)

    def overtaken(self, chat: ChatRef, message_id: str) -> None:
        """A question was changed or deleted: an answer that is being written to it is not wanted any more."""
        self._running.overtake(chat, message_id)

    async def deleted(self, chat: ChatRef, message_id: str) -> None:
        """A question was deleted: it drops out of the conversation with its answers, and with what it was before it
        was changed."""
        while (known := await self._conversations.by_message(chat.key, message_id)) is not None:
            # A summary that is being written would bring the words back.
            await self._summaries.forget()
            await self._conversations.drop(known.id)
            await self._summaries.forget()

    # Commands

    async def ask(self, event: CommandCall, channel: Channel, text: str) -> None:
        question = Question(
            key=event.key,
            author_id=event.author.handle,
            author_name=event.author.name,
            text=with_quote(text, event.quote),
            message_id=event.message_id,
        )
        quoted = event.quote.attachments if event.quote is not None else ()

        def opened() -> Awaitable[Material]:
            return self._intake.open(text, event.attachments, channel, event.author, quoted)

        await self._turns.answer_once(question, opened, event.chat, event.author, channel)

    async def compare(self, event: CommandCall, channel: Channel, text: str, variants: Sequence[Variant]) -> None:
        """Answer a question by several personas or models, side by side. Raises UsageError."""
        setups = [await self._setups.variant(event.chat, event.author, variant) for variant in variants]
        question = Question(
            key=event.key,
            author_id=event.author.handle,
            author_name=event.author.name,
            text=with_quote(text, event.quote),
            message_id=event.message_id,
        )
        try:
            await self._turns.compare(question, setups, event.chat, event.author, channel)
        except ModelError as error:
            raise UsageError(failures.for_model_error(error, event.author.locale)) from error

    async def retry(self, event: CommandCall, channel: Channel, model: str | None) -> bool:
        turn = await self._conversations.last(await self._turns.conversation(event.chat))
        # What a thread goes on from is the channel's; another answer to it would change the channel's conversation.
        if turn is None or await self._turn(event.chat, turn.id) is None:
            return False
        if event.message_id is not None:  # the reply belongs to the command, which is what people see last
            turn = replace(turn, question=replace(turn.question, message_id=event.message_id))
        await self._again(turn, event.chat, event.author, channel, model, ())
        return True

    async def new(self, chat: ChatRef) -> None:
        await self._conversations.start_new(chat.key)

    def stop(self, chat: ChatRef, turn: int | None = None) -> bool:
        return self._running.stop(chat, turn)

    async def setup(self, chat: ChatRef, person: Person) -> tuple[Persona, str]:
        setup = await self._setups.of(chat, person)
        return setup.persona, setup.model

    # Buttons; what they cannot do raises UsageError

    async def again(self, event: ButtonPress, turn_id: int, channel: Channel) -> None:
        """Answer a turn of this chat again, in the place of the answer that the button stands under."""
        turn = await self._answered(event, turn_id)
        shown = (await self._versions.shown_by(turn, event)).answer
        takes = () if shown is None else shown.message_ids
        await self._again(turn, event.chat, event.author, channel, None, takes)

    async def go_on(self, event: ButtonPress, turn_id: int, channel: Channel) -> None:
        """Let the model go on where the length limit cut its answer."""
        turn = await self._answered(event, turn_id)
        shown = await self._versions.shown_by(turn, event)
        question = Question(event.key, event.author.handle, event.author.name, GO_ON)
        await self._turns.go_on(shown, question, event.chat, event.author, channel)

    async def show(self, event: ButtonPress, turn_id: int, number: int, channel: Channel) -> None:
        """Show another version of an answer."""
        await self._versions.show(event, await self._answered(event, turn_id), number, channel)

    async def pick(self, event: ButtonPress, turn_id: int, channel: Channel) -> None:
        """Go on behind one of the answers that were compared."""
        await self._versions.pick(event, await self._answered(event, turn_id), channel)

    async def think(self, event: ButtonPress, turn_id: int, channel: Channel) -> None:
        """Show what the model thought."""
        await self._versions.think(event, await self._answered(event, turn_id), channel)

    async def change(self, event: ButtonPress, made: Made, channel: Channel) -> None:
        """Change pictures as the person says, or ask what should change."""
        if event.text is None:
            said = notices.CHANGE_WHAT.say(event.author.locale)
            for message_id in await self._speaker.ask(channel, said):
                self._asked[event.chat.key, message_id] = made
            return
        await self._change(event.key, made, event.text, event.chat, event.author, channel)

    async def larger(self, event: ButtonPress, made: Made, channel: Channel) -> None:
        """Make a picture anew in the next size."""
        turn = await self._pictured(event.chat, made.turn, event.author)
        await self._studio.larger(event.key, turn, made.mark, event.chat, event.author, channel)

    def wished_for(self, message: Message) -> Made | None:
        """The pictures that a message wants changed, because it answers the bot's question about them in words."""
        if message.quote is None or message.quote.message_id is None:
            return None
        if not message.text.strip() or message.attachments:
            return None
        return self._asked.get((message.chat.key, message.quote.message_id))

    async def grant(self, message: Message, made: Made, channel: Channel) -> None:
        """Change pictures as the message says."""
        await self._change(message.key, made, message.text, message.chat, message.author, channel)

    async def _change(self, key: str, made: Made, wish: str, chat: ChatRef, person: Person, channel: Channel) -> None:
        turn = await self._pictured(chat, made.turn, person)
        await self._studio.change(key, turn, made.mark, wish.strip(), chat, person, channel)

    async def _again(
        self, turn: Turn, chat: ChatRef, person: Person, channel: Channel, model: str | None, takes: Sequence[str]
    ) -> None:
        """Another answer, in words or in pictures as the question asked."""
        order = Order.read(turn.question.text)
        if order is not None:
            await self._studio.again(turn, order, chat, person, channel)
        else:
            await self._turns.answer_again(turn, chat, person, channel, model, takes)

    async def _pictured(self, chat: ChatRef, turn_id: int, person: Person) -> Turn:
        turn = await self._turn(chat, turn_id)
        if turn is None:
            raise UsageError(notices.PICTURE_GONE.say(person.locale))
        return turn

    async def _answered(self, event: ButtonPress, turn_id: int) -> Turn:
        turn = await self._turn(event.chat, turn_id)
        if turn is None:
            raise UsageError(notices.ANSWER_GONE.say(event.author.locale))
        return turn

    async def _turn(self, chat: ChatRef, turn_id: int) -> Turn | None:
        """A turn of this chat; others' are none of its business."""
        found = await self._conversations.turn(turn_id)
        return found[0] if found is not None and found[1] == chat.key else None


def _alike(one: Question, other: Question) -> bool:
    """Whether two questions ask the same."""
    return (one.text, one.pictures) == (other.text, other.pictures)
