"""Commands and buttons that arrive: they are understood at once, and carried out at once or in their turn."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot import presses
from bot.admission import Admission
from bot.commands import parser, registry
from bot.commands.services import Services
from bot.commands.spec import Call, Command, Reply
from bot.conversation.talk import Talking
from bot.domain.messages import ButtonPress, CommandCall, Invocation, Message
from bot.domain.recent import Recent
from bot.errors import UsageError
from bot.ports import Channel
from bot.queue import Job, Queue, in_group
from bot.replies import notices
from bot.replies.speaker import Speaker
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

REMEMBERED = 10_000
"""Messages in which the bot asked for the words of a command."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """A command that is understood."""

    invocation: Invocation
    command: Command


class Calls:
    def __init__(
        self,
        commands: tuple[Command, ...],
        services: Services,
        talking: Talking,
        queue: Queue,
        owner: TaskOwner,
        speaker: Speaker,
        admission: Admission,
    ) -> None:
        self._commands = commands
        self._services = services
        self._talking = talking
        self._queue = queue
        self._owner = owner
        self._speaker = speaker
        self._admission = admission
        self._asked: Recent[tuple[str, str], str] = Recent(REMEMBERED)

    def accept(self, event: CommandCall, channel: Channel) -> None:
        if not self._admission.paces_call(event.author, channel):
            return
        try:
            checked = self._check(event, channel)
        except UsageError as error:
            reply_to = in_group(event.chat, event.message_id)
            self._queue.say(channel, error.sentence, private=True, reply_to=reply_to)
            return
        if checked is None or (checked.command.asks_model and not self._admission.paces(event.author, channel)):
            return
        if checked.command.in_order:
            job = Job(lambda: self._carry_out(event, checked, channel))
            self._queue.put(event.chat, channel, job, event.author, counted=checked.command.asks_model)
        else:
            self._owner.start(self._carry_out(event, checked, channel), name=f"command {event.key}")

    def accept_button(self, event: ButtonPress, channel: Channel) -> None:
        if event.data.startswith(presses.RUN):
            line = event.data.removeprefix(presses.RUN)
            self.accept(CommandCall(event.key, event.chat, event.author, line, pressed=event.message_id), channel)
            return
        if not self._admission.allows(event, channel, silent=False):
            return
        if not self._admission.paces_call(event.author, channel):
            return
        if event.data.startswith(presses.ASK):
            self._accept_asking(event, event.data.removeprefix(presses.ASK), channel)
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
            job = Job(lambda: act(self._talking, event, press, channel))
            self._queue.put(event.chat, channel, job, event.author, counted=asks)

    def asked_for(self, message: Message) -> CommandCall | None:
        """The command that a message goes on with, because it answers the bot's question for words."""
        quoted = message.quote.message_id if message.quote is not None else None
        if quoted is None or not message.text.strip():
            return None
        line = self._asked.get((message.chat.place, quoted))
        if line is None:
            return None
        call = parser.going_on(self._commands, line, message.text)
        return CommandCall(message.key, message.chat, message.author, call, message.message_id)

    def _accept_asking(self, event: ButtonPress, line: str, channel: Channel) -> None:
        """Call a command with the words that the person wrote into a form, or ask for them."""
        if event.text is not None:
            call = parser.going_on(self._commands, line, event.text)
            self.accept(CommandCall(event.key, event.chat, event.author, call, pressed=event.message_id), channel)
            return

        async def ask() -> None:
            said = notices.ANSWER_THIS.say(event.author.locale, command=notices.code(line))
            for message_id in await self._speaker.ask(channel, said):
                self._asked[event.chat.place, message_id] = line

        self._owner.start(ask(), name=f"question to {channel.chat.key}")

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
                reply_to=in_group(event.chat, event.message_id),
                files=reply.files,
                takes=(event.pressed,) if reply.in_place and event.pressed is not None else (),
                locale=event.author.locale,
            )

    def _stop(self, event: ButtonPress, turn_id: int, channel: Channel) -> None:
        if not self._talking.stop(event.chat, turn_id or None):
            self._queue.say(channel, notices.NOTHING_TO_STOP.say(event.author.locale), private=True)
