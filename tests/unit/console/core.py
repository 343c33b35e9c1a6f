"""A small core behind the console: it answers what lines ask for, as the real one shows answers.

`count 3` streams three words; `hang` says one word and goes on when it is stopped or released; `silence` says nothing
until then; `stubborn` hears of a stop and goes on; `late` says something more when it is released; `show TEXT` streams
the text (with `\\n` and the like); `paint CAPTION` shows sketches and then two pictures; `speak` answers with a voice
alone; `fetch` tells what is in the attached files; `fail`, and anything else, shows a failure at once.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Sequence

from PIL import Image

from bot import clock
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import CommandCall, Incoming, Message
from bot.domain.platform import Button, Outgoing, OutgoingFile
from bot.errors import ChatGone, FileError
from bot.ports import Channel
from tests.fakes.inbox import SafeInbox, safe

STOP = (Button("Stop", "stop 1"),)
RETRY = (Button("Retry", "retry 1"),)
PAINT = (Button("Again", "retry 1"), Button("Change", "change 1", asks=True), Button("2 ›", "show 1 2"))


def picture(colour: str, width: int = 600, height: int = 400) -> OutgoingFile:
    """The upper half has this colour, the lower is white."""
    painted = Image.new("RGB", (width, height), "white")
    painted.paste(colour, (0, 0, width, height // 2))
    data = io.BytesIO()
    painted.save(data, "PNG")
    return OutgoingFile("image", "picture.png", "image/png", data.getvalue())


class ScriptedCore(SafeInbox):
    """Notes what it is asked (`heard`) and when answers end (`log`)."""

    def __init__(self, interval: float = 0.0) -> None:
        self.heard: list[Incoming] = []
        self.log: list[str] = []
        self.released = asyncio.Event()
        self.closing = asyncio.Event()
        self.lost = 0
        self._interval = interval
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, event: Incoming, channel: Channel) -> Awaitable[None]:
        self.heard.append(event)
        task = asyncio.create_task(self._answer(event, channel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return safe()

    async def complete(
        self, chat: ChatRef, person: Person, path: tuple[str, ...], option: str, typed: str
    ) -> Sequence[str]:
        return []

    async def drain(self) -> None:
        """Wait for the running answers."""
        self.closing.set()
        await asyncio.gather(*self._tasks)

    async def _answer(self, event: Incoming, channel: Channel) -> None:
        try:
            match event:
                case CommandCall(call="/stop"):
                    self.released.set()
                    await channel.send(Outgoing("Stopped, says the command."))
                case CommandCall(call=str(line)):
                    lines = ("/persona use one", "/persona use two", "/help")
                    buttons = tuple(Button(each, f"run {each}") for each in lines)
                    await channel.send(Outgoing(f"ran `{line}`", buttons=buttons))
                case Message(text="fetch", attachments=attachments):
                    await self._fetch(attachments, channel)
                case Message(text=text):
                    self.log.append(f"begin {text}")
                    await self._show(text, channel)
                    self.log.append(f"end {text}")
                case _:
                    raise AssertionError(f"the console does not send {event}")
        except ChatGone:
            self.lost += 1

    async def _show(self, text: str, channel: Channel) -> None:
        verb, _, rest = text.partition(" ")
        match verb:
            case "count":
                await self._stream([f"word{number} " for number in range(int(rest))], channel)
            case "show":
                text = rest.encode("ascii", "backslashreplace").decode("unicode_escape")
                await self._stream([f"{word} " for word in text.split(" ")], channel)
            case "hang":
                message_id = await channel.send(Outgoing("**half**", buttons=STOP))
                await self.released.wait()
                await channel.edit(message_id, Outgoing("**half** an answer\n\n*Stopped.*", buttons=RETRY))
            case "silence":
                await self.released.wait()
                await channel.send(Outgoing("*Stopped.*", buttons=RETRY))
            case "stubborn":
                message_id = await channel.send(Outgoing("stubborn", buttons=STOP))
                await self.released.wait()
                await channel.edit(message_id, Outgoing("stubborn, but it heard", buttons=STOP))
                await self.closing.wait()
                await channel.edit(message_id, Outgoing("stubborn, but it heard and ended", buttons=RETRY))
            case "paint":
                await self._paint(rest, channel)
            case "speak":
                voice = OutgoingFile("voice", "speech.ogg", "audio/ogg", b"OggS", duration=3.21)
                await channel.send(Outgoing("", files=(voice,)))
            case "late":
                await channel.send(Outgoing("early word", buttons=RETRY))
                await self.released.wait()
                await channel.send(Outgoing("late word"))
            case _:
                await channel.send(Outgoing("It failed.", buttons=RETRY))

    async def _paint(self, caption: str, channel: Channel) -> None:
        message_id = await channel.send(Outgoing("Painting", buttons=STOP))
        for colour in ("grey", "silver"):
            await clock.sleep(self._interval)
            await channel.edit(message_id, Outgoing("Painting ...", buttons=STOP, files=(picture(colour),)))
        files = (picture("blue"), picture("red", 30, 30))
        await channel.edit(message_id, Outgoing(caption, buttons=PAINT, files=files))
        await channel.edit(message_id, Outgoing(caption, files=files))

    async def _fetch(self, attachments: tuple[Attachment, ...], channel: Channel) -> None:
        lines: list[str] = []
        for each in attachments:
            try:
                content = await channel.fetch(each, 10)
                lines.append(f"{each.kind} {each.name}: {content!r}")
            except FileError as error:
                lines.append(f"{each.kind} {each.name}: {type(error).__name__}")
        await channel.send(Outgoing("\n".join(lines)))

    async def _stream(self, pieces: list[str], channel: Channel) -> None:
        message_id, shown = "", ""
        for piece in pieces:
            shown += piece
            await clock.sleep(self._interval)
            look = Outgoing(shown.rstrip(), buttons=STOP)
            if message_id:
                await channel.edit(message_id, look)
            else:
                message_id = await channel.send(look)
        await channel.edit(message_id, Outgoing(shown.rstrip(), buttons=RETRY))
