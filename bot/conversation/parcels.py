"""Messages on their way into their lane: what takes time, such as fetching files, begins when they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot import clock
from bot.conversation.intake import Intake
from bot.conversation.material import Material
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Message
from bot.ports import Channel
from bot.tasks import TaskOwner

Whole = Callable[[], Awaitable[Message]]


class Parcel:
    """A message and what its files hold. `first` is the message with which it arrived; `whole` gives all of it where
    several belong together. `came` is when it did, in seconds on the loop's clock."""

    def __init__(self, first: Message, channel: Channel, intake: Intake, whole: Whole | None = None) -> None:
        self.first = first
        self.came = clock.now()
        self._channel = channel
        self._intake = intake
        self._whole = whole
        self._opened: asyncio.Future[tuple[Message, Material]] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None

    @property
    def chat(self) -> ChatRef:
        return self.first.chat

    @property
    def person(self) -> Person:
        return self.first.author

    def begin(self, owner: TaskOwner) -> None:
        """Start to fetch. Does not wait."""
        self._task = owner.start(self._open(), name=f"files of {self.first.key}")
        # Cancelled, perhaps before its first step, it must not leave anybody waiting; and a failure that nobody waits
        # for must not be reported as forgotten, which `cancel` sees to as well.
        self._task.add_done_callback(lambda _: self._opened.cancel())

    async def opened(self) -> tuple[Message, Material]:
        """The whole message and what its files hold. Cancelled, the work on them ends too."""
        try:
            return await asyncio.shield(self._opened)
        except asyncio.CancelledError:
            self.drop()
            raise

    def drop(self) -> None:
        """Nobody needs it any more; whoever waits for it all the same is cancelled."""
        if self._task is not None:
            self._task.cancel()

    async def _open(self) -> None:
        try:
            message = self.first if self._whole is None else await self._whole()
            message = replace(message, chat=self.first.chat, context=self.first.context)
            quoted = message.quote.attachments if message.quote is not None else ()
            material = await self._intake.open(message.text, message.attachments, self._channel, message.author, quoted)
            self._opened.set_result((message, material))
        except Exception as error:
            # Whoever waits for it says so; the log gets it there.
            self._opened.set_exception(error)
