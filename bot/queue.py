"""What is done in its turn, and what people hear when it cannot be done."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot import receipts
from bot.admission import Admission
from bot.conversation.lanes import Lanes
from bot.domain.ids import ChatRef, Person
from bot.errors import UsageError
from bot.ports import Channel
from bot.replies import notices
from bot.replies.speaker import Speaker
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something that waits for its turn in a chat; `give_up` is called when it will not be done."""

    work: Callable[[], Awaitable[None]]
    give_up: Callable[[], None] = lambda: None


class Queue:
    """Puts jobs into lanes. Whatever becomes of one, the person behind it hears of it."""

    def __init__(self, lanes: Lanes, owner: TaskOwner, speaker: Speaker, admission: Admission) -> None:
        self._lanes = lanes
        self._owner = owner
        self._speaker = speaker
        self._admission = admission

    def busy(self, chat: ChatRef) -> bool:
        """Whether what is put behind now has to wait."""
        return self._lanes.busy(chat.key)

    def put(self, chat: ChatRef, channel: Channel, job: Job, person: Person, *, counted: bool = False) -> bool:
        """Do something when its turn in this chat comes. False, and the person is told why, when it will not be done.

        `counted`: it is among what may be done for a person at the same time.
        """
        if counted and not self._admission.begins(chat, person, channel):
            job.give_up()
            return False

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

        receipt = receipts.current()

        def if_stuck() -> None:
            self.say(channel, notices.STUCK.say(person.locale), private=True)
            if receipt is not None:
                receipt.settle()  # the person was told; it would get stuck again after the next start

        # What was accepted before a restart has its place already.
        if self._lanes.submit(chat.key, receipts.carried(guarded), surely=receipts.again(), if_stuck=if_stuck):
            return True
        job.give_up()
        if counted:
            self._admission.ends(chat, person)
        self.say(channel, notices.BUSY.say(person.locale), private=True)
        return False

    def put_surely(self, chat: ChatRef, work: Callable[[], Awaitable[None]]) -> None:
        """Do something in its turn that nobody waits for and that must not be lost, however much waits before it."""
        self._lanes.submit(chat.key, receipts.carried(work), surely=True)

    def say(self, channel: Channel, text: str, *, private: bool = False, reply_to: str | None = None) -> None:
        async def say() -> None:
            await self._speaker.say(channel, text, private=private, reply_to=reply_to)

        self._owner.start(say(), name=f"notice to {channel.chat.key}")


def in_group(chat: ChatRef, message_id: str | None) -> str | None:
    """In a group the bot's words name the message that they answer."""
    return message_id if chat.kind == "group" else None
