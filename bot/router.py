"""The one door of the core: what arrives is looked at once, and goes to its lane or is left alone."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot import clock
from bot.access.policy import AccessPolicy
from bot.commands import parser, registry
from bot.commands.services import Services
from bot.commands.spec import Call, Command, Context
from bot.conversation.albums import Album, Albums
from bot.conversation.lanes import Lanes
from bot.conversation.talk import Made, Talking
from bot.domain.ids import ChatRef, Person, settings_scope
from bot.domain.messages import ButtonPress, ChatMoved, CommandCall, Edited, Incoming, Invocation, Message
from bot.domain.recent import Recent
from bot.errors import UsageError
from bot.ports import Channel
from bot.replies import notices
from bot.replies.speaker import Speaker
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

REMEMBERED = 10_000
"""Update keys that are known as seen; platforms repeat an update within minutes."""

TELL_AGAIN = 3600.0
"""Seconds after which somebody who is not allowed is told so again."""

MOST_SUGGESTIONS = 25


@dataclass(frozen=True, slots=True)
class _Checked:
    """A command that is understood."""

    invocation: Invocation
    command: Command


@dataclass(frozen=True, slots=True)
class _Job:
    """Something that waits for its turn in a chat; `give_up` is called when there is no room for it."""

    work: Callable[[], Awaitable[None]]
    give_up: Callable[[], None] = lambda: None


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
        policy: AccessPolicy,
    ) -> None:
        self._commands = commands
        self._services = services
        self._talking = talking
        self._lanes = lanes
        self._owner = owner
        self._speaker = speaker
        self._policy = policy
        self._albums = Albums()
        self._seen: Recent[str, None] = Recent(REMEMBERED)
        self._told: Recent[str, float] = Recent(REMEMBERED)

    def accept(self, event: Incoming, channel: Channel) -> None:
        """Take an event. Does not wait, so that the order of arrival is the order of the lanes."""
        if self._seen_before(event.key):
            log.info("%s came again", event.key)
            return
        if isinstance(event, ChatMoved):
            self._lanes.submit(event.chat.key, lambda: self._move(event))
            return
        album = None
        if isinstance(event, Message) and event.album_id is not None:
            album = self._albums.take(event)
            if album is None:
                return
        elif isinstance(event, Message | Edited) and _message(event).addressing == "none":
            return
        if not self._policy.allows(event.chat, event.author):
            self._refuse(event, channel)
            return
        match event:
            case Message():
                self._accept_message(event, channel, album)
            case Edited():
                job = _Job(lambda: self._talking.edited(event.message, channel))
                self._lane(event.chat, channel, job, event.author)
            case CommandCall():
                self._accept_command(event, channel)
            case ButtonPress():
                self._accept_button(event, channel)

    async def complete(
        self, chat: ChatRef, person: Person, path: tuple[str, ...], option: str, typed: str
    ) -> Sequence[str]:
        command = registry.find(self._commands, path)
        options = command.options if command is not None else ()
        completer = next((each.complete for each in options if each.name == option), None)
        if completer is None or not self._policy.allows(chat, person):
            return ()
        return (await completer(Context(self._services, self._commands, chat, person), typed))[:MOST_SUGGESTIONS]

    def _accept_message(self, message: Message, channel: Channel, album: Album | None) -> None:
        bare = not message.text.strip() and not message.attachments
        if bare and (message.quote is None or message.quote.from_bot):
            said = notices.NOTHING_SAID.say(message.author.locale)
            self._say(channel, said, reply_to=_in_group(message.chat, message.message_id))
            return
        pictured = self._talking.wished_for(message)
        if pictured is not None:
            job = _Job(lambda: self._talking.grant(message, pictured, channel))
        else:
            parcel = self._talking.receive(message, channel, album)
            job = _Job(lambda: self._talking.answer(parcel, channel), parcel.drop)
        self._lane(message.chat, channel, job, message.author)

    def _accept_command(self, event: CommandCall, channel: Channel) -> None:
        try:
            checked = self._check(event)
        except UsageError as error:
            self._say(channel, error.sentence, private=True, reply_to=_in_group(event.chat, event.message_id))
            return
        if checked.command.in_order:
            job = _Job(lambda: self._carry_out(event, checked, channel))
            self._lane(event.chat, channel, job, event.author)
        else:
            self._owner.start(self._carry_out(event, checked, channel), name=f"command {event.key}")

    def _accept_button(self, event: ButtonPress, channel: Channel) -> None:
        """Buttons carry `run LINE` with a command's line, or what to do with what: `retry 17`, `change 17 PICTURE`."""
        if event.data.startswith("run "):
            line = event.data.removeprefix("run ")
            self._accept_command(CommandCall(event.key, event.chat, event.author, line), channel)
            return
        action, turn, mark, *_ = (*event.data.split(" "), "", "")
        presses: dict[str, Callable[[Made], Awaitable[None]]] = {
            "retry": lambda made: self._talking.again(event, made.turn, channel),
            "change": lambda made: self._talking.change(event, made, channel),
            "larger": lambda made: self._talking.larger(event, made, channel),
        }
        if not (turn.isascii() and turn.isdecimal()) or action not in ("stop", *presses):
            log.info("a button with unknown data was pressed in %s", event.chat.key)
        elif action == "stop":
            self._stop(event, int(turn), channel)
        else:
            made = Made(int(turn), mark)
            self._lane(event.chat, channel, _Job(lambda: presses[action](made)), event.author)

    def _check(self, event: CommandCall) -> _Checked:
        """What the call means, checked against the declarations; raises UsageError with a sentence."""
        commands, locale = self._commands, event.author.locale
        if isinstance(event.call, str):
            invocation = parser.parse(commands, event.call, locale)
        else:
            invocation = parser.validate(commands, event.call, locale)
        command = registry.find(commands, invocation.path)
        if command is None or (command.admins_only and not self._policy.is_admin(event.author)):
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
            await self._speaker.say(channel, error.sentence, private=True)
        except Exception:
            # Whatever went wrong, the person who called gets a sentence.
            log.exception("command %s failed", " ".join(checked.invocation.path))
            await self._speaker.say(channel, notices.COMMAND_FAILED.say(event.author.locale), private=True)
        else:
            if reply is not None:
                target = _in_group(event.chat, event.message_id)
                await self._speaker.say(
                    channel, reply.text, buttons=reply.buttons, private=reply.private, reply_to=target
                )

    def _stop(self, event: ButtonPress, turn_id: int, channel: Channel) -> None:
        if not self._talking.stop(event.chat, turn_id or None):
            self._say(channel, notices.NOTHING_TO_STOP.say(event.author.locale), private=True)

    async def _move(self, event: ChatMoved) -> None:
        store = self._services.store
        old_scope, new_scope = settings_scope(event.old), settings_scope(event.chat)
        await store.conversations.move(event.old.key, event.chat.key)
        await store.pictures.move(event.old.key, event.chat.key)
        await store.preferences.move(old_scope, new_scope)
        await store.personas.move(old_scope, new_scope)

    def _lane(self, chat: ChatRef, channel: Channel, job: _Job, person: Person) -> None:
        """Do something when its turn in this chat comes; whatever becomes of it, the person hears of it."""

        async def guarded() -> None:
            try:
                await job.work()
            except UsageError as error:
                await self._speaker.say(channel, error.sentence, private=True)
            except Exception:
                # A turn says itself what a model or a platform did wrong; here it is our own storage or a bug.
                log.exception("something failed in %s", chat.key)
                await self._speaker.say(channel, notices.MESSAGE_FAILED.say(person.locale), private=True)

        if not self._lanes.submit(chat.key, guarded):
            job.give_up()
            self._say(channel, notices.BUSY.say(person.locale), private=True)

    def _refuse(self, event: Message | Edited | CommandCall | ButtonPress, channel: Channel) -> None:
        """Tell somebody who is not allowed, for messages at most once an hour; a command is always answered."""
        person, now = event.author, clock.now()
        told = f"{person.handle} {event.chat.key}"
        last = self._told.get(told)
        if not isinstance(event, CommandCall) and last is not None and now - last < TELL_AGAIN:
            return
        log.info("%s is not allowed in %s", person.handle, event.chat.key)
        self._told[told] = now
        text = notices.NOT_ALLOWED.say(person.locale, id=notices.code(person.handle))
        self._say(channel, text, private=True)

    def _say(self, channel: Channel, text: str, *, private: bool = False, reply_to: str | None = None) -> None:
        async def say() -> None:
            await self._speaker.say(channel, text, private=private, reply_to=reply_to)

        self._owner.start(say(), name=f"notice to {channel.chat.key}")

    def _seen_before(self, key: str) -> bool:
        if key in self._seen:
            return True
        self._seen[key] = None
        return False


def _message(event: Message | Edited) -> Message:
    return event if isinstance(event, Message) else event.message


def _in_group(chat: ChatRef, message_id: str | None) -> str | None:
    """In a group the bot's words name the message that they answer."""
    return message_id if chat.kind == "group" else None
