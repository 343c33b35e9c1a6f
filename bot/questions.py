"""Messages that arrive: what is a question is put into its lane, and changed or taken back there."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot.admission import Admission
from bot.conversation.listening import Heeded, Listening
from bot.conversation.manners import Manners
from bot.conversation.merging import Bundle, Merging
from bot.conversation.parcels import Parcel
from bot.conversation.talk import Talking
from bot.domain.ids import ChatRef
from bot.domain.messages import Deleted, Message
from bot.domain.recent import Recent
from bot.errors import DeliveryError
from bot.ports import Channel
from bot.queue import Job, Queue, in_group
from bot.replies import notices
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

REMEMBERED = 10_000
"""Questions of which it is known where they are answered."""

CHATS_REMEMBERED = 1000
"""Chats that their questions share; a question of another one has its own, which takes more memory."""

LONGEST_TITLE = 60
"""Characters of a question that become the title of its thread; Discord takes 100."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message that is answered: where, and the hash of its words."""

    chat: ChatRef
    words: int


class Questions:
    """What is accepted here comes from people who may use the bot, in the chat as its scope seats them."""

    def __init__(
        self,
        talking: Talking,
        queue: Queue,
        owner: TaskOwner,
        admission: Admission,
        manners: Manners,
        listening: Listening,
    ) -> None:
        self._talking = talking
        self._queue = queue
        self._owner = owner
        self._admission = admission
        self._manners = manners
        self._listening = listening
        self._merging = Merging()
        self._asked: Recent[tuple[str, str], _Asked] = Recent(REMEMBERED)
        self._chats: Recent[ChatRef, ChatRef] = Recent(CHATS_REMEMBERED)

    def accept(self, message: Message, channel: Channel) -> None:
        heeded = self._listening.heed(message, channel.limits.text)
        if heeded is None:
            return
        message = heeded.message
        bare = not message.text.strip() and not message.attachments
        if bare and (message.quote is None or message.quote.from_bot):
            said = notices.NOTHING_SAID.say(message.author.locale)
            self._queue.say(channel, said, reply_to=in_group(message.chat, message.message_id))
            return
        if not self._admission.paces(message.author, channel):
            return
        message = self._listening.with_context(message)
        heeded = replace(heeded, message=message)
        self._note(message.chat.place, message)
        if self._wants_thread(message.chat, channel):
            self._in_thread(message, channel, lambda there, shown: self._answer(replace(heeded, message=there), shown))
        else:
            self._answer(heeded, channel)

    def accept_edited(self, message: Message, channel: Channel) -> None:
        message = self._listening.addressed(message)
        if message.addressing == "none" or not self._admission.allows(message, channel, silent=True):
            return
        if not message.text.strip() and not message.attachments:
            return
        place = message.chat.place
        known = self._asked.get((place, message.message_id))
        seated = message if known is None else replace(message, chat=known.chat)
        # Telegram also tells of changes that nobody sees; whether a file is another one shows when it is opened.
        reworded = known is None or known.words != hash(message.text)
        if (reworded or message.attachments) and not self._admission.paces(message.author, channel):
            return
        if reworded:
            self._talking.overtaken(seated.chat, message.message_id)
        self._note(place, seated)
        if seated.chat.place != place or (known is None and self._wants_thread(message.chat, channel)):
            self._in_thread(message, channel, self._answer_changed)
        else:
            self._answer_changed(seated, channel)

    def accept_deleted(self, event: Deleted, channel: Channel) -> None:
        self._listening.drop(event.chat, event.message_ids)
        for message_id in event.message_ids:
            known = self._asked.get((event.chat.place, message_id))
            chats = [event.chat] if known is None else [known.chat]
            if known is None and self._wants_thread(event.chat, channel):
                chats.append(replace(event.chat, thread_id=message_id))  # a thread has the id of its message
            for chat in chats:
                self._talking.overtaken(chat, message_id)
                self._queue.put_surely(chat, self._forgetting(chat, message_id))

    def _answer(self, heeded: Heeded, channel: Channel) -> None:
        """Put a question into its lane, as this chat wants it while an answer is being written."""
        message = heeded.message
        busy = self._manners.of(message.chat).busy
        if busy == "reject" and self._queue.busy(message.chat):
            self._queue.say(channel, notices.STILL_ANSWERING.say(message.author.locale), private=True)
            return
        pictured = self._talking.wished_for(message)
        if pictured is not None:
            job = Job(lambda: self._talking.grant(message, pictured, channel))
        else:
            parcel = self._talking.receive(message, channel, heeded.whole)
            bundle = self._merging.take(parcel) if busy == "merge" else parcel
            if bundle is None:
                return  # it goes with another that waits
            job = self._answering(bundle, channel)
        waits = self._queue.put(message.chat, channel, job, message.author, counted=True)
        if waits and busy == "interrupt":
            self._talking.stop(message.chat)

    def _answering(self, parcel: Parcel | Bundle, channel: Channel) -> Job:
        return Job(lambda: self._talking.answer(parcel, channel), parcel.drop)

    def _answer_changed(self, message: Message, channel: Channel) -> None:
        job = Job(lambda: self._talking.edited(message, channel))
        self._queue.put(message.chat, channel, job, message.author, counted=True)

    def _forgetting(self, chat: ChatRef, message_id: str) -> Callable[[], Awaitable[None]]:
        return lambda: self._talking.deleted(chat, message_id)

    def _note(self, place: str, message: Message) -> None:
        """Remember where a message of this place is answered. What many have in common is kept once: in thousands it
        would take megabytes."""
        chat = self._chats.get(message.chat)
        if chat is None:
            self._chats[message.chat] = chat = message.chat
        self._asked[sys.intern(place), message.message_id] = _Asked(chat, hash(message.text))

    # Threads of questions

    def _wants_thread(self, chat: ChatRef, channel: Channel) -> bool:
        return channel.limits.threads and chat.thread_id is None and self._manners.of(chat).reply == "thread"

    def _in_thread(self, message: Message, channel: Channel, then: Callable[[Message, Channel], None]) -> None:
        """Go on in the thread of a question, which is opened if it is not there; where that cannot be, here."""

        async def go_on() -> None:
            there, shown = message, channel
            try:
                title = notices.shortened(message.text, LONGEST_TITLE) or notices.THREAD.say(message.author.locale)
                shown = await channel.open_thread(message.message_id, title)
            except DeliveryError as error:
                log.info("no thread could be opened in %s: %r", message.chat.key, error)
            else:
                there = replace(message, chat=self._manners.seated(shown.chat, message.author))
                self._note(message.chat.place, there)
            then(there, shown)

        self._owner.start(go_on(), name=f"thread for {message.key}")
