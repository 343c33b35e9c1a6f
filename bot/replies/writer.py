"""The only place that talks to a channel: one task per reply carries out the planner's steps, one call at a time.

`Reply` holds the answer as it should look. Feeding it never waits; the task looks at the newest text each time the gate
lets it through, and what a call showed is remembered only when the call succeeded. So a repeated or failed call can
neither double nor lose text.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from zlib import crc32

from bot import clock
from bot.domain.platform import Button, Outgoing
from bot.domain.text import clean
from bot.errors import Ambiguous, BadFormat, DeliveryError, MessageGone, NotModified, NotSent, TooLong
from bot.ports import Channel
from bot.replies.caller import Caller
from bot.replies.gate import Gates
from bot.replies.planner import (
    TYPING_AFTER,
    TYPING_EVERY,
    Done,
    Edit,
    Part,
    Preview,
    Send,
    ShowPreview,
    Step,
    Typing,
    View,
    forget_unshown_cuts,
    lay_out,
    next_step,
)

log = logging.getLogger(__name__)

SHRINK = 0.8

Calling = Send | Edit | ShowPreview | Typing


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a reply: the messages that show it, and whether they show all of it."""

    message_ids: tuple[str, ...]
    complete: bool


class Reply(Caller[Calling]):
    """One answer on its way to the screen. `nonce` tells this reply from all others, at most 20 characters."""

    def __init__(
        self,
        channel: Channel,
        gates: Gates,
        *,
        nonce: str,
        reply_to: str | None = None,
        buttons: tuple[Button, ...] = (),
        private: bool = False,
    ) -> None:
        super().__init__(channel, gates, nonce)
        self._reply_to = reply_to
        self._private = private
        due = clock.now() + TYPING_AFTER
        self._view = View(buttons=buttons, previews=channel.limits.previews, typing_due=due)
        self._pieces: list[str] = []
        self._limit = channel.limits.text

    def feed(self, text: str) -> None:
        """Add to the answer. Never waits."""
        text = clean(text)
        if not text:
            return
        if self._view.since is None and text.strip():
            self._view = replace(self._view, since=clock.now())
        self._pieces.append(text)
        self._wake()

    def offer(self, buttons: tuple[Button, ...]) -> None:
        """Other buttons from now on."""
        self._view = replace(self._view, buttons=buttons)
        self._wake()

    def finish(self, buttons: tuple[Button, ...] = ()) -> None:
        """The answer is whole; from now on every call for it is durable."""
        self._view = replace(self._view, finished=True, buttons=buttons)
        self._wake(durable=True)

    @property
    def text(self) -> str:
        """All that was fed so far."""
        self._take_in()
        return self._view.text

    async def deliver(self) -> Delivery:
        """Show the reply as it grows, until it is finished and shown; to be run as one task."""
        await self._run()
        return self.delivery()

    def delivery(self) -> Delivery:
        """What is on screen now."""
        complete = isinstance(self._plan(), Done)
        return Delivery(tuple(part.message_id for part in self._view.parts if part.message_id), complete)

    @property
    def _finished(self) -> bool:
        return self._view.finished

    def _plan(self) -> Step:
        self._take_in()
        fits = self._channel.fits if self._limit == self._channel.limits.text else self._fits_shrunk
        self._view = lay_out(self._view, fits, self._limit)
        return next_step(self._view, self._channel.limits, clock.now())

    def _take_in(self) -> None:
        if self._pieces:
            self._view = replace(self._view, text=self._view.text + "".join(self._pieces))
            self._pieces.clear()

    def _fits_shrunk(self, source: str) -> bool:
        return len(source) <= self._limit and self._channel.fits(source)

    def _durable(self, step: Calling) -> bool:
        # All of a finished reply, and the first sight of a running one.
        return self._view.finished or isinstance(step, Send)

    def _sign_was_due(self) -> None:
        self._view = replace(self._view, typing_due=clock.now() + TYPING_EVERY)

    async def _make(self, step: Calling) -> None:
        match step:
            case Send():
                message_id = await self._channel.send(self._outgoing(step))
                # A repeated send may have found the first message, which shows what was wanted then.
                shown = None if self._view.parts[step.part].repeated else step.look
                self._set_part(step.part, message_id=message_id, shown=shown, lost=False, repeated=False)
                self._view = replace(self._view, preview=None)
            case Edit():
                await self._edit(step)
                self._set_part(step.part, shown=step.look)
            case ShowPreview():
                await self._channel.preview(self._preview_id, Outgoing(step.look.source, plain=True))
                self._view = replace(self._view, preview=Preview(step.look, clock.now()))
            case Typing():
                self._sign_was_due()
                await self._channel.typing()

    async def _edit(self, step: Edit) -> None:
        look = step.look
        try:
            await self._channel.edit(step.message_id, Outgoing(look.source, plain=look.plain, buttons=look.buttons))
        except NotModified:
            log.debug("reply %s: already shown", self._nonce)

    def _outgoing(self, step: Send) -> Outgoing:
        return Outgoing(
            step.look.source,
            plain=step.look.plain,
            buttons=step.look.buttons,
            reply_to=self._reply_to if step.part == 0 else None,
            nonce=f"{self._nonce}-{step.part}-{self._view.parts[step.part].gone}",
            private=self._private,
        )

    @property
    def _preview_id(self) -> int:
        return 1 + crc32(self._nonce.encode()) % 0x7FFF_FFFE

    def _missed(self, step: Calling, error: DeliveryError) -> None:
        match step:
            case ShowPreview():
                self._view = replace(self._view, previews=isinstance(error, NotSent | Ambiguous))
                self._back_off()
            case Send() | Edit():
                self._failed_message(step, error)

    def _failed_message(self, step: Send | Edit, error: DeliveryError) -> None:
        part = self._view.parts[step.part]
        match error:
            case BadFormat() if not part.plain:
                self._set_part(step.part, plain=True)
                return
            case TooLong():
                self._limit = max(1, int(self._limit * SHRINK))
                self._view = forget_unshown_cuts(self._view, step.part)
            case MessageGone():
                self._set_part(step.part, message_id=None, shown=None, gone=part.gone + 1)
                return
            case Ambiguous() if isinstance(step, Send):
                dedupes = self._channel.limits.dedupes
                self._set_part(step.part, lost=not dedupes, repeated=dedupes)
        self._back_off()

    def _set_part(self, index: int, **changes: object) -> None:
        parts: list[Part] = list(self._view.parts)
        parts[index] = replace(parts[index], **changes)  # type: ignore[arg-type]  # fields of Part, by name
        self._view = replace(self._view, parts=tuple(parts))
