"""The one door for what arrives: it decides at once what an event is and puts it into its conversation's lane."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from bot import presses
from bot.admission import Admission
from bot.commands import parser, registry
from bot.commands.services import Services
from bot.commands.spec import Call, Command, Context, Reply
from bot.conversation.lanes import Lanes
from bot.conversation.listening import Heeded, Listening
from bot.conversation.manners import Manners
from bot.conversation.merging import Bundle, Merging
from bot.conversation.parcels import Parcel
from bot.conversation.talk import Talking
from bot.domain.ids import ChatRef, Person, settings_scope
from bot.domain.messages import (
    ButtonPress,
    ChatMoved,
    CommandCall,
    Deleted,
    Edited,
    Incoming,
    Invocation,
    Message,
)
from bot.domain.recent import Recent
from bot.errors import DeliveryError, UsageError
from bot.ports import Channel
from bot.replies import notices
from bot.replies.speaker import Speaker
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

REMEMBERED = 10_000
"""Update keys that are known as seen; platforms repeat an update within minutes."""

MOST_SUGGESTIONS = 25
LONGEST_TITLE = 60
"""Characters of a question that become the title of its thread; Discord takes 100."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """A command that is understood."""

    invocation: Invocation
    command: Command


@dataclass(frozen=True, slots=True)
class _Job:
    """Something that waits for its turn in a chat; `give_up` is called when it will not be done."""

    work: Callable[[], Awaitable[None]]
    give_up: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message that is answered: where, and the hash of its words."""

    chat: ChatRef
    words: int


class Router:
    """Implements `bot.ports.Inbox`."""

    def __init__(
        self,
        commands: tuple[Command, ...],
        services: Services,
        talking: Talking,
        lanes: Lanes,
        owner: TaskOwner,
        speaker: Speaker,
        admission: Admission,
        manners: Manners,
        listening: Listening,
    ) -> None:
        self._commands = commands
        self._services = services
        self._talking = talking
        self._lanes = lanes
        self._owner = owner
        self._speaker = speaker
        self._admission = admission
        self._manners = manners
        self._listening = listening
        self._seen: Recent[str, None] = Recent(REMEMBERED)
        self._merging = Merging()
        self._asked: Recent[tuple[str, str], str] = Recent(REMEMBERED)
        self._questions: Recent[tuple[str, str], _Asked] = Recent(REMEMBERED)

    def accept(self, event: Incoming, channel: Channel) -> None:
        """Take an event. Does not wait, so that the order of arrival is the order of the lanes."""
        if event.key in self._seen:
            log.info("%s came again", event.key)
            return
        self._seen[event.key] = None
        match event:
            case ChatMoved():
                self._lanes.submit(event.chat.key, lambda: self._move(event))
            case Deleted():
                self._accept_deleted(event)
            case Message():
                self._accept_message(replace(event, chat=self._seat(event.chat, event.author)), channel)
            case Edited(message):
                self._accept_edited(replace(message, chat=self._seat(event.chat, event.author)), channel)
            case CommandCall():
                seated = replace(event, chat=self._seat(event.chat, event.author))
                self._accept_command(seated, channel)
            case ButtonPress():
                self._accept_button(replace(event, chat=self._seat(event.chat, event.author)), channel)

    async def complete(
        self, chat: ChatRef, person: Person, path: tuple[str, ...], option: str, typed: str
    ) -> Sequence[str]:
        command = registry.find(self._commands, path)
        options = command.options if command is not None else ()
        completer = next((each.complete for each in options if each.name == option), None)
        if completer is None or not self._services.access.allows(chat, person):
            return ()
        return (await completer(Context(self._services, self._commands, chat, person), typed))[:MOST_SUGGESTIONS]

    def _seat(self, chat: ChatRef, person: Person) -> ChatRef:
        return self._manners.seated(chat, person)

    # Messages

    def _accept_message(self, message: Message, channel: Channel) -> None:
        addressed = message.addressing != "none"
        if not self._services.access.allows(message.chat, message.author):
            if message.album_id is None or addressed:
                self._admission.allows(message, channel, silent=not addressed)
            return
        line = self._asked_for(message)
        if line is not None:
            call = CommandCall(message.key, message.chat, message.author, f"{line} {message.text}", message.message_id)
            self._accept_command(call, channel)
            return
        heeded = self._listening.heed(message, channel.limits.text)
        if heeded is None:
            return
        message = heeded.message
        bare = not message.text.strip() and not message.attachments
        if bare and (message.quote is None or message.quote.from_bot):
            said = notices.NOTHING_SAID.say(message.author.locale)
            self._say(channel, said, reply_to=_in_group(message.chat, message.message_id))
            return
        if not self._admission.paces(message.author, channel):
            return
        self._questions[message.chat.place, message.message_id] = _Asked(message.chat, hash(message.text))
        if self._wants_thread(message, channel):
            self._owner.start(self._answer_in_thread(heeded, channel), name=f"thread for {message.key}")
            return
        self._answer(heeded, channel)

    def _answer(self, heeded: Heeded, channel: Channel) -> None:
        """Put a question into its lane, as this chat wants it while an answer is being written."""
        message = heeded.message
        busy = self._manners.of(message.chat).busy
        if busy == "reject" and self._lanes.busy(message.chat.key):
            self._say(channel, notices.STILL_ANSWERING.say(message.author.locale), private=True)
            return
        pictured = self._talking.wished_for(message)
        if pictured is not None:
            job = _Job(lambda: self._talking.grant(message, pictured, channel))
        else:
            parcel = self._talking.receive(message, channel, heeded.whole)
            bundle = self._merging.take(parcel) if busy == "merge" else parcel
            if bundle is None:
                return  # it goes with another that waits
            job = self._answering(bundle, channel)
        if busy == "interrupt":
            self._talking.stop(message.chat)
        self._lane(message.chat, channel, job, message.author, counted=True)

    def _answering(self, parcel: Parcel | Bundle, channel: Channel) -> _Job:
        return _Job(lambda: self._talking.answer(parcel, channel), parcel.drop)

    def _wants_thread(self, message: Message, channel: Channel) -> bool:
        opens = channel.limits.threads and message.chat.thread_id is None
        return opens and self._manners.of(message.chat).reply == "thread"

    async def _answer_in_thread(self, heeded: Heeded, channel: Channel) -> None:
        """Open a thread on a question and answer there; where that cannot be, answer here."""
        message = heeded.message
        try:
            title = notices.shortened(message.text, LONGEST_TITLE) or notices.THREAD.say(message.author.locale)
            channel = await channel.open_thread(message.message_id, title)
        except DeliveryError as error:
            log.info("no thread could be opened in %s: %r", message.chat.key, error)
        else:
            chat = self._seat(channel.chat, message.author)
            self._questions[message.chat.place, message.message_id] = _Asked(chat, hash(message.text))
            heeded = replace(heeded, message=replace(message, chat=chat))
        self._answer(heeded, channel)

    def _accept_edited(self, message: Message, channel: Channel) -> None:
        message = self._listening.addressed(message)
        if message.addressing == "none" or not self._admission.allows(message, channel, silent=True):
            return
        if not message.text.strip() and not message.attachments:
            return
        known = self._questions.get((message.chat.place, message.message_id))
        chat = message.chat if known is None else known.chat
        changed = _Asked(chat, hash(message.text))
        if changed != known or message.attachments:  # Telegram also tells of changes that nobody sees
            self._talking.overtaken(chat, message.message_id)
        self._questions[message.chat.place, message.message_id] = changed

        async def answer() -> None:
            there = channel
            if chat.thread_id is not None and message.chat.thread_id is None:
                there = await channel.open_thread(message.message_id, "")  # it is there already
            await self._talking.edited(replace(message, chat=chat), there)

        self._lane(chat, channel, _Job(answer), message.author, counted=True)

    def _accept_deleted(self, event: Deleted) -> None:
        self._listening.drop(event.chat, event.message_ids)
        for message_id in event.message_ids:
            known = self._questions.get((event.chat.place, message_id))
            chat = event.chat if known is None else known.chat
            self._talking.overtaken(chat, message_id)
            self._lanes.submit(chat.key, self._forget_question(chat, message_id))

    def _forget_question(self, chat: ChatRef, message_id: str) -> Callable[[], Awaitable[None]]:
        return lambda: self._talking.deleted(chat, message_id)

    # Commands and buttons

    def _accept_command(self, event: CommandCall, channel: Channel) -> None:
        try:
            checked = self._check(event, channel)
        except UsageError as error:
            self._say(channel, error.sentence, private=True, reply_to=_in_group(event.chat, event.message_id))
            return
        if checked is None or (checked.command.asks_model and not self._admission.paces(event.author, channel)):
            return
        if checked.command.in_order:
            job = _Job(lambda: self._carry_out(event, checked, channel))
            self._lane(event.chat, channel, job, event.author, counted=checked.command.asks_model)
        else:
            self._owner.start(self._carry_out(event, checked, channel), name=f"command {event.key}")

    def _accept_button(self, event: ButtonPress, channel: Channel) -> None:
        if event.data.startswith(presses.RUN):
            line = event.data.removeprefix(presses.RUN)
            call = CommandCall(event.key, event.chat, event.author, line, pressed=event.message_id)
            self._accept_command(call, channel)
            return
        if not self._admission.allows(event, channel, silent=False):
            return
        if event.data.startswith(presses.ASK):
            self._accept_asked(event, event.data.removeprefix(presses.ASK), channel)
            return
        press = presses.read(event.data)
        if press is None:
            log.info("a button with unknown data was pressed in %s", event.chat.key)
        elif press.action == "stop":
            self._stop(event, press.turn, channel)
        elif (asks := press.action in presses.ASKING) and not self._admission.paces(event.author, channel):
            pass
        else:
            act = presses.ACTS[press.action]
            job = _Job(lambda: act(self._talking, event, press, channel))
            self._lane(event.chat, channel, job, event.author, counted=asks)

    def _accept_asked(self, event: ButtonPress, line: str, channel: Channel) -> None:
        """Call a command with the words that the person wrote into a form, or ask for them."""
        if event.text is not None:
            words = f"{line} {event.text}"
            call = CommandCall(event.key, event.chat, event.author, words, pressed=event.message_id)
            self._accept_command(call, channel)
            return

        async def ask() -> None:
            said = notices.ANSWER_THIS.say(event.author.locale, command=notices.code(line))
            for message_id in await self._speaker.ask(channel, said):
                self._asked[event.chat.place, message_id] = line

        self._owner.start(ask(), name=f"question to {channel.chat.key}")

    def _asked_for(self, message: Message) -> str | None:
        """The command that a message goes on with, because it answers the bot's question for words."""
        quoted = message.quote.message_id if message.quote is not None else None
        if quoted is None or not message.text.strip():
            return None
        return self._asked.get((message.chat.place, quoted))

    def _check(self, event: CommandCall, channel: Channel) -> _Checked | None:
        """What the call means, checked against the declarations; raises UsageError with a sentence. None for somebody
        who may not call it, who is told."""
        commands, locale = self._commands, event.author.locale
        allowed = self._services.access.allows(event.chat, event.author)
        try:
            if isinstance(event.call, str):
                invocation = parser.parse(commands, event.call, locale)
            else:
                invocation = parser.validate(commands, event.call, locale)
        except UsageError:
            if allowed:
                raise
            invocation = Invocation(())
        command = registry.find(commands, invocation.path)
        if not allowed and (command is None or not command.open_to_all):
            self._admission.allows(event, channel, silent=False)
            return None
        if command is None or (command.admins_only and not self._services.access.is_admin(event.author)):
            name = notices.code("/" + " ".join(invocation.path))
            raise UsageError(notices.ADMINS_ONLY.say(locale, command=name))
        return _Checked(invocation, command)

    async def _carry_out(self, event: CommandCall, checked: _Checked, channel: Channel) -> None:
        if checked.command.handler is None:
            return
        call = Call(event, channel, self._services, self._commands, dict(checked.invocation.values))
        try:
            reply = await checked.command.handler(call)
        except UsageError as error:
            reply = Reply(error.sentence, private=True)
        except Exception:
            # Whatever went wrong, the person who called gets a sentence.
            log.exception("command %s failed", " ".join(checked.invocation.path))
            reply = Reply(notices.COMMAND_FAILED.say(event.author.locale), private=True)
        if reply is not None:
            await self._speaker.say(
                channel,
                reply.text,
                buttons=reply.buttons,
                private=reply.private,
                reply_to=_in_group(event.chat, event.message_id),
                files=reply.files,
                takes=(event.pressed,) if reply.in_place and event.pressed is not None else (),
                locale=event.author.locale,
            )

    def _stop(self, event: ButtonPress, turn_id: int, channel: Channel) -> None:
        if not self._talking.stop(event.chat, turn_id or None):
            self._say(channel, notices.NOTHING_TO_STOP.say(event.author.locale), private=True)

    # What is done in its turn

    async def _move(self, event: ChatMoved) -> None:
        store = self._services.store
        old_scope, new_scope = settings_scope(event.old), settings_scope(event.chat)
        await store.conversations.move(event.old.key, event.chat.key)
        await store.pictures.move(event.old.key, event.chat.key)
        await store.preferences.move(old_scope, new_scope)
        await store.personas.move(old_scope, new_scope)
        await store.ledger.move(event.old.key, event.chat.key)
        self._manners.move(old_scope, new_scope)

    def _lane(self, chat: ChatRef, channel: Channel, job: _Job, person: Person, *, counted: bool = False) -> None:
        """Do something when its turn in this chat comes; whatever becomes of it, the person hears of it.

        `counted`: it is among what may be done for a person at the same time.
        """
        if counted and not self._admission.begins(chat, person, channel):
            job.give_up()
            return

        async def guarded() -> None:
            try:
                await job.work()
            except UsageError as error:
                await self._speaker.say(channel, error.sentence, private=True)
            except Exception:
                # A turn says itself what a model or a platform did wrong; here it is our own storage or a bug.
                log.exception("something failed in %s", chat.key)
                await self._speaker.say(channel, notices.MESSAGE_FAILED.say(person.locale), private=True)
            finally:
                if counted:
                    self._admission.ends(chat, person)

        if not self._lanes.submit(chat.key, guarded):
            job.give_up()
            if counted:
                self._admission.ends(chat, person)
            self._say(channel, notices.BUSY.say(person.locale), private=True)

    def _say(self, channel: Channel, text: str, *, private: bool = False, reply_to: str | None = None) -> None:
        async def say() -> None:
            await self._speaker.say(channel, text, private=private, reply_to=reply_to)

        self._owner.start(say(), name=f"notice to {channel.chat.key}")


def _in_group(chat: ChatRef, message_id: str | None) -> str | None:
    """In a group the bot's words name the message that they answer."""
    return message_id if chat.kind == "group" else None
