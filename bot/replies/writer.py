"""The only place that talks to a channel: one task per reply carries out the planner's steps, one call at a time.

`Reply` holds the answer as it should look. Feeding it never waits; the task looks at the newest text each time the gate
lets it through, and what a call showed is remembered only when the call succeeded. So a repeated or failed call can
neither double nor lose text.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from zlib import crc32

from bot import clock
from bot.domain.outbox import Fate, KeptReply
from bot.domain.platform import Button, Outgoing, OutgoingFile
from bot.domain.text import clean
from bot.errors import Ambiguous, DeliveryError, NotModified
from bot.ports import Channel
from bot.replies import notices
from bot.replies.caller import Caller
from bot.replies.gate import Gates
from bot.replies.keeping import kept_parts, revived
from bot.replies.outbox import Entry
from bot.replies.planner import (
    MAX_GONE,
    TYPING_AFTER,
    TYPING_EVERY,
    Calling,
    Done,
    Drop,
    Edit,
    Look,
    Part,
    Preview,
    Send,
    ShowPreview,
    Step,
    Typing,
    View,
    lay_out,
    next_step,
    sent_too_late,
    with_message,
    with_part,
    withdrawn,
    without_file,
    without_message,
)
from bot.replies.setbacks import after_failure

log = logging.getLogger(__name__)

SHRINK = 0.8
NOTHING = "…"
"""What is left to read in a message that the platform does not delete any more (Telegram after 48 hours)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a reply: the messages that show it, in order, and whether they show all of it and nothing else."""

    message_ids: tuple[str, ...]
    complete: bool


class Reply(Caller[Calling]):
    """One answer on its way to the screen. `nonce` tells this reply from all others, at most 20 characters.

    `takes` are messages of text of which the reply takes the place, the highest first: they keep what they show until
    the first words come, then they are edited one after the other. Those that are left over at the end are deleted, and
    `drops` too; a message that shows a file cannot become text and belongs there.

    `most` is how many messages of text there may be, at least one. A longer text ends with a message more, which
    carries all of it as a file, with a caption in the language of `locale`; where the platform does not take the file,
    the text goes on in messages. What is in `takes` beyond `most` is deleted: it may be such a file.

    With an `entry`, whose nonce it then has, it is written down as it goes (`bot.replies.outbox`); `fate` tells what
    becomes of it if it is not finished by this process.
    """

    def __init__(
        self,
        channel: Channel,
        gates: Gates,
        *,
        nonce: str,
        reply_to: str | None = None,
        buttons: tuple[Button, ...] = (),
        private: bool = False,
        takes: tuple[str, ...] = (),
        drops: tuple[str, ...] = (),
        most: int | None = None,
        locale: str | None = None,
        entry: Entry | None = None,
        fate: Callable[[], Fate | None] | None = None,
    ) -> None:
        super().__init__(channel, gates, nonce)
        self._entry = entry
        self._fate = fate
        self._announced: int | None = None
        self._sending = False
        if entry is not None:
            entry.kept = self._kept
        self._reply_to = reply_to
        self._private = private
        self._view = View(
            buttons=buttons,
            previews=channel.limits.previews,
            typing_due=clock.now() + TYPING_AFTER,
            most=most,
            caption=notices.ANSWER_IN_FILE.say(locale),
            spare=takes[:most],
            drops=(*takes[len(takes[:most]) :], *drops),
        )
        self._pieces: list[str] = []
        self._limit = channel.limits.text
        # Messages that another process sent, without writing that down in time, are found where new ones are sent.
        begun = entry is not None and (entry.again or entry.written)
        self._finds = begun and channel.limits.dedupes
        if entry is not None and entry.again and self._finds:
            self._unsure_of(0, self._nonce_of(0, Part(0)))

    @classmethod
    def resumed(
        cls, channel: Channel, gates: Gates, kept: KeptReply, entry: Entry, fate: Callable[[], Fate | None]
    ) -> Reply:
        """A reply that another process began, as far as that wrote it down; what was not finished may go on."""
        reply = cls(
            channel,
            gates,
            nonce=kept.nonce,
            reply_to=kept.reply_to,
            buttons=kept.buttons,
            private=kept.private,
            most=kept.most,
            entry=entry,
            fate=fate,
        )
        reply._view = replace(revived(reply._view, kept), since=clock.now())
        if kept.sending is not None:
            reply._unsure_of(kept.sending, reply._nonce_of(kept.sending, reply._view.parts[kept.sending]))
        return reply

    def feed(self, text: str) -> None:
        """Add to the answer. Never waits."""
        text = clean(text)
        if not text:
            return
        if self._view.since is None and text.strip():
            self._view = replace(self._view, since=clock.now())
        self._pieces.append(text)
        self._note()
        self._wake()

    def offer(self, buttons: tuple[Button, ...]) -> None:
        """Other buttons from now on."""
        self._view = replace(self._view, buttons=buttons)
        self._wake()

    def finish(self, buttons: tuple[Button, ...] = ()) -> None:
        """The answer is whole; from now on every call for it is durable."""
        if len(self.text.encode()) > self._channel.limits.upload:
            self._view = without_file(self._view)
        self._view = replace(self._view, finished=True, buttons=buttons)
        if self.text.strip():
            self._save_soon()
        self._wake(durable=True)

    def withdraw(self, text: str) -> None:
        """Take all that was said off the screen, so that `text` (some words) stands alone; more may be fed behind it,
        and then the reply is finished. What was said is in no call that begins after this one.

        A message that the platform may have taken without saying so stays where it is, if it cannot be found again.
        """
        if self._view.finished:
            raise RuntimeError("a finished reply cannot be withdrawn")
        self._pieces.clear()
        self._view = withdrawn(self._view, clean(text))
        self._announced = None
        self._note()
        self._wake(durable=True)

    def leave(self) -> None:
        """Leave the messages alone of which the reply would have taken the place; before anything was fed."""
        self._view = replace(self._view, spare=(), drops=())

    def abandon(self) -> None:
        """Show nothing of it, now or later; before any of it was `seen`."""
        self._pieces.clear()
        self._view = replace(self._view, text="", parts=(Part(0),), spare=(), drops=(), finished=True)
        if self._entry is not None:
            self._entry.discard()
            self._entry = None
        self._wake(durable=True)

    @property
    def finished(self) -> bool:
        """Whether nothing more will be fed."""
        return self._view.finished

    @property
    def seen(self) -> bool:
        """Whether any of it is on screen, or may be. What another process may have sent is found again."""
        unsure = self._sending or any(part.lost for part in self._view.parts)
        return unsure or any(part.message_id is not None for part in self._view.parts)

    @property
    def text(self) -> str:
        """All that was fed so far."""
        self._take_in()
        return self._view.text

    async def deliver(self) -> Delivery:
        """Show the reply as it grows, until it is finished and shown; to be run as one task. What has a fate is done
        only when it is `close`d: it may have to be stored too."""
        await self._run()
        if self._fate is None:
            self.close()
        return self.delivery()

    async def caught_up(self) -> None:
        """Wait until it is written down as it stands now, as far as that is possible: what is stored elsewhere must not
        know more of it than its page does."""
        if self._entry is not None:
            await self._entry.caught_up()

    def close(self) -> None:
        """Nothing is left to be done for it by anybody."""
        if self._entry is not None:
            self._entry.close()

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
        # All of a finished reply, the first sight of a running one, and what must not be seen any more.
        first = isinstance(step, Edit) and self._view.parts[step.part].message_id is None
        return self._view.finished or first or isinstance(step, Send | Drop)

    def _sign_was_due(self) -> None:
        self._view = replace(self._view, typing_due=clock.now() + TYPING_EVERY)

    async def _make(self, step: Calling) -> None:
        match step:
            case Send():
                await self._send(step)
            case Edit():
                await self._edit(step.message_id, step.look)
                if self._current(step):
                    self._view = without_message(self._view, step.message_id)
                    taken = self._view.parts[step.part].message_id is None
                    self._view = with_part(self._view, step.part, message_id=step.message_id, shown=step.look)
                    if taken:
                        self._save_soon()
            case Drop():
                if step.stuck:
                    await self._edit(step.message_id, Look(NOTHING, plain=True))
                else:
                    await self._channel.delete(step.message_id)
                self._view = without_message(self._view, step.message_id)
            case ShowPreview():
                await self._channel.preview(self._preview_id, Outgoing(step.look.source, plain=True))
                self._view = replace(self._view, preview=Preview(step.look, clock.now()))
            case Typing():
                self._sign_was_due()
                await self._channel.typing()

    async def _announce(self, step: Calling) -> None:
        """A message is written down before it is sent: whatever becomes of this process, another one knows of it."""
        if self._entry is not None and isinstance(step, Send) and self._announced != step.part:
            self._announced = step.part
            await self._entry.save()

    async def _send(self, step: Send) -> None:
        message, part = self._outgoing(step), self._view.parts[step.part]
        if part.lost or part.repeated:
            self._repeats()
        await self._announce(step)
        self._sending = True
        try:
            message_id = await self._channel.send(message)
        except DeliveryError as error:
            self._sending = False
            if isinstance(error, Ambiguous):
                self._unsure(step, message.nonce or "")
            self._note()
            raise
        self._sending, self._announced = False, None
        if self._current(step):
            # A repeated send may have found the first message, which shows what was wanted then.
            repeated = self._finds or self._view.parts[step.part].repeated
            shown = None if repeated else step.look
            self._view = with_message(self._view, step.part, message_id, shown)
        else:
            self._view = sent_too_late(self._view, message_id)
        self._save_soon()

    def _unsure(self, step: Send, nonce: str) -> None:
        """The message may be there, but its id is not known."""
        if self._current(step):
            self._unsure_of(step.part, nonce)
        elif self._channel.limits.dedupes:
            self._unsure_of(0, nonce)

    def _unsure_of(self, index: int, nonce: str) -> None:
        unsure = {"repeated": nonce} if self._channel.limits.dedupes else {"lost": True}
        self._view = with_part(self._view, index, **unsure)

    async def _edit(self, message_id: str, look: Look) -> None:
        try:
            await self._channel.edit(message_id, Outgoing(look.source, plain=look.plain, buttons=look.buttons))
        except NotModified:
            log.debug("reply %s: already shown", self._nonce)

    def _note(self) -> None:
        if self._entry is not None:
            self._entry.note()

    def _save_soon(self) -> None:
        if self._entry is not None:
            self._entry.save_soon()

    def _kept(self) -> KeptReply:
        """All that another process needs to go on from here."""
        view = lay_out(replace(self._view, text=self.text), self._channel.fits, self._limit)
        return KeptReply(
            nonce=self._nonce,
            chat=self._channel.chat,
            event=None if self._entry is None else self._entry.event,
            text=view.text,
            finished=view.finished,
            buttons=view.buttons,
            parts=kept_parts(view),
            sending=self._announced,
            reply_to=self._reply_to,
            private=self._private,
            most=view.most,
            caption=view.caption,
            spare=view.spare,
            drops=view.drops,
            withdrawals=view.withdrawals,
            fate=None if self._fate is None else self._fate(),
        )

    def _current(self, step: Send | Edit) -> bool:
        """Whether what the call showed is not withdrawn."""
        return step.withdrawals == self._view.withdrawals

    def _outgoing(self, step: Send) -> Outgoing:
        part = self._view.parts[step.part]
        return Outgoing(
            step.look.source,
            plain=step.look.plain,
            buttons=step.look.buttons,
            reply_to=self._reply_to if step.part == 0 else None,
            nonce=self._nonce_of(step.part, part),
            private=self._private,
            files=(_whole(self._view.text),) if step.look.file else (),
        )

    def _nonce_of(self, index: int, part: Part) -> str:
        attempt = self._view.withdrawals * MAX_GONE + part.gone
        return part.repeated or f"{self._nonce}-{index}-{attempt}"

    @property
    def _preview_id(self) -> int:
        return 1 + crc32(self._nonce.encode()) % 0x7FFF_FFFE

    def _missed(self, step: Calling, error: DeliveryError) -> None:
        setback = after_failure(self._view, step, error, clock.now())
        self._view = setback.view
        if setback.shorter:
            self._limit = max(1, int(self._limit * SHRINK))
        if not setback.at_once:
            self._back_off()


def _whole(text: str) -> OutgoingFile:
    return OutgoingFile("document", "answer.md", "text/markdown", text.encode())
