"""One message with files on its way to the screen: pictures that grow as sketches, albums, voice notes.

The sibling of `Reply`: `Post` holds the message as it should look, its task looks at the newest scene each time the
gate lets it through, and what a call showed is remembered only when the call succeeded.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot import clock, receipts
from bot.domain.outbox import Fate, KeptPart, KeptReply
from bot.domain.platform import Outgoing
from bot.errors import Ambiguous, BadFormat, DeliveryError, FileRefused, MessageGone, NotModified, TooLong
from bot.ports import Channel
from bot.replies.caller import Caller
from bot.replies.gate import Gates
from bot.replies.outbox import Entry
from bot.replies.planner import TYPING_AFTER, TYPING_EVERY, Done, Typing
from bot.replies.posting import (
    MAIN,
    SHRINK,
    Board,
    Placed,
    Room,
    Scene,
    Show,
    Step,
    anything_refused,
    next_step,
    with_placed,
    with_refusal,
    with_scene,
)
from bot.replies.writer import Delivery

__all__ = ["Keeping", "Post", "Scene", "posting"]

log = logging.getLogger(__name__)


LAST_WORDS = 5.0
"""Seconds that a post has when the bot shuts down."""


@asynccontextmanager
async def posting(
    channel: Channel,
    gates: Gates,
    *,
    reply_to: str | None = None,
    interrupted: str = "",
    keeping: Keeping | None = None,
) -> AsyncIterator[Post]:
    """A post that is on its way as long as this is entered, a typing sign until there is something to show.

    Leaving it waits until a finished one is shown; one that was not finished is given up. After an error it has a
    moment to show what is finished; cancelled, which is how a shutdown comes, also to show the sentence `interrupted`.
    """
    post = Post(channel, gates, nonce=secrets.token_hex(8), reply_to=reply_to, keeping=keeping)
    delivery = asyncio.create_task(post.deliver(), name=f"post to {channel.chat.key}")
    try:
        yield post
        if post.finished:
            await asyncio.shield(delivery)
    except BaseException as error:
        # Whatever ends it, also a cancellation: what is finished is shown first, and the error goes on its way.
        broken_off = isinstance(error, asyncio.CancelledError) and interrupted and not post.finished
        if broken_off:
            post.finish(Scene(interrupted))
        if post.finished:
            await asyncio.wait([delivery], timeout=LAST_WORDS)
        if broken_off and delivery.done():
            receipts.settle()  # who called was told to call again
        raise
    finally:
        delivery.cancel()
        await asyncio.wait([delivery])


@dataclass(frozen=True, slots=True)
class Keeping:
    """A post is written down as long as it is on its way: after a sudden death `fate` takes its place on screen. Files
    are not kept, so that one of which nothing was seen is begun anew."""

    entry: Entry
    fate: Callable[[], Fate]


class Post(Caller[Show | Typing]):
    """`nonce` tells this post from all others, at most 20 characters; that of `keeping` is used where there is one."""

    def __init__(
        self,
        channel: Channel,
        gates: Gates,
        *,
        nonce: str,
        reply_to: str | None = None,
        private: bool = False,
        keeping: Keeping | None = None,
    ) -> None:
        super().__init__(channel, gates, nonce if keeping is None else keeping.entry.nonce)
        self._keeping = keeping
        self._announced = False
        if keeping is not None:
            keeping.entry.kept = self._kept
        self._reply_to = reply_to
        self._private = private
        self._board = Board(typing_due=clock.now() + TYPING_AFTER)

    def show(self, scene: Scene) -> None:
        """How it should look for now. Never waits, and the newest scene wins; after the last one it comes too late."""
        if not self._board.finished:
            self._board = with_scene(self._board, scene, finished=False)
            self._wake()

    def finish(self, scene: Scene) -> None:
        """How it should look in the end; from now on every call for it is durable."""
        self._board = with_scene(self._board, scene, finished=True)
        self._wake(durable=True)

    async def deliver(self) -> Delivery:
        """Show the scenes as they come, until the last one is shown; to be run as one task."""
        await self._run()
        if self._keeping is not None:
            self._keeping.entry.discard()
        return self.delivery()

    def delivery(self) -> Delivery:
        """What is on screen now: the main message first, then those apart, of an album the first."""
        shown = sorted(self._board.placed.items())
        ids = tuple(placed.message_id for _, placed in shown if placed.message_id is not None)
        return Delivery(ids, isinstance(self._plan(), Done))

    @property
    def refused(self) -> bool:
        """Whether the platform takes a file of the newest scene in no form, so that the rest is shown without it."""
        return anything_refused(self._board, self._channel.limits)

    @property
    def finished(self) -> bool:
        """Whether `finish` was called."""
        return self._board.finished

    @property
    def _finished(self) -> bool:
        return self._board.finished

    def _plan(self) -> Step:
        room = Room(self._channel.limits, self._channel.fits, self._channel.fits_caption)
        return next_step(self._board, room, clock.now())

    def _durable(self, step: Show | Typing) -> bool:
        # As for a reply: the end, and the first sight. A sketch can wait.
        return self._board.finished or step.kind == "send"

    def _cost(self, step: Show | Typing) -> int:
        return step.calls if isinstance(step, Show) else 1

    def _sign_was_due(self) -> None:
        self._board = replace(self._board, typing_due=clock.now() + TYPING_EVERY)

    async def _make(self, step: Show | Typing) -> None:
        if isinstance(step, Typing):
            self._sign_was_due()
            await self._channel.typing()
        elif step.message_id is None:
            if self._at(step).lost or self._at(step).repeated:
                self._repeats()
            await self._send(step)
        else:
            await self._edit(step, step.message_id)
            self._set(step, shown=step.look, filed=self._filed(step))

    async def _announce(self, step: Show | Typing) -> None:
        """A new message is written down before it is sent."""
        if self._keeping is not None and isinstance(step, Show) and step.message_id is None and not self._announced:
            self._announced = True
            await self._keeping.entry.save()

    async def _send(self, step: Show) -> None:
        self._sent(step, await self._channel.send(self._outgoing(step)))
        self._announced = False
        if self._keeping is not None:
            self._keeping.entry.save_soon()

    def _kept(self) -> KeptReply:
        main = self._board.placed.get(MAIN, Placed())
        keeping = self._keeping
        return KeptReply(
            nonce=self._nonce,
            chat=self._channel.chat,
            event=None if keeping is None else keeping.entry.event,
            text="",
            finished=False,
            buttons=(),
            parts=(KeptPart(0, message_id=main.message_id),),
            sending=0 if self._announced and main.message_id is None else None,
            reply_to=self._reply_to,
            private=self._private,
            fate=None if keeping is None else keeping.fate(),
        )

    def _sent(self, step: Show, message_id: str) -> None:
        if self._at(step).repeated:  # this may be the first message, which shows what was wanted then
            self._set(step, message_id=message_id, repeated=False, shown=None, filed=self._filed(step))
        else:
            self._set(step, message_id=message_id, lost=False, shown=step.look, filed=bool(step.look.files))

    def _outgoing(self, step: Show) -> Outgoing:
        return replace(
            step.look,
            reply_to=self._reply_to if step.first else None,
            nonce=f"{self._nonce}-{step.part}-{self._at(step).gone}",
            private=self._private,
        )

    async def _edit(self, step: Show, message_id: str) -> None:
        try:
            await self._channel.edit(message_id, replace(step.look, files=()) if step.keeps else step.look)
        except NotModified:
            log.debug("%s: already shown", self._nonce)

    def _missed(self, step: Show | Typing, error: DeliveryError) -> None:
        if isinstance(step, Typing):
            return
        match error:
            case BadFormat() if not self._at(step).plain:
                self._set(step, plain=True)
                return
            case FileRefused() if step.look.files and not step.keeps:
                self._board = with_refusal(self._board, step)
                return
            case MessageGone():
                self._set(step, message_id=None, shown=None, gone=self._at(step).gone + 1)
                return
            case TooLong():
                self._board = replace(self._board, shrink=self._board.shrink * SHRINK)
            case Ambiguous():
                self._unsure(step)
        self._back_off()

    def _unsure(self, step: Show) -> None:
        """The call may have worked."""
        if step.message_id is not None:
            self._set(step, shown=None, filed=self._filed(step))
        else:
            dedupes = self._channel.limits.dedupes
            self._set(step, lost=not dedupes, repeated=dedupes, filed=self._filed(step))

    def _filed(self, step: Show) -> bool:
        return self._at(step).filed or bool(step.look.files)

    def _at(self, step: Show) -> Placed:
        return self._board.placed.get(step.part, Placed())

    def _set(self, step: Show, **changes: object) -> None:
        placed = replace(self._at(step), **changes)  # type: ignore[arg-type]  # fields of Placed, by name
        self._board = with_placed(self._board, step.part, placed)
