"""The console over real pipes: lines in, plain text out, an end."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pytest

from adapters.console import ConsolePlatform
from adapters.console.attached import Attached
from adapters.console.channel import ConsoleChannel
from adapters.console.folder import Folder
from adapters.console.output import Output
from adapters.console.plain import PlainView
from adapters.console.translate import CHAT
from bot.domain.messages import CommandCall, Message
from bot.domain.platform import Outgoing
from bot.errors import ChatGone, MessageGone
from tests.unit.console.core import RETRY, STOP, ScriptedCore, picture

NOWHERE = Path(os.devnull)


@contextmanager
def pipe() -> Iterator[tuple[TextIO, TextIO]]:
    """The reading and the writing end."""
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8") as source, open(writing, "w", encoding="utf-8") as sink:  # noqa: PTH123
        yield source, sink


def channel(view: PlainView) -> ConsoleChannel:
    return ConsoleChannel(CHAT, Attached(), Folder(NOWHERE), view)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def opened(path: Path) -> TextIO:
    return path.open(encoding="utf-8")


async def talk(core: ScriptedCore, lines: str | bytes, folder: Path = NOWHERE) -> str:
    """What a run over this input prints."""
    with pipe() as (stdin, feed), pipe() as (result, stdout):
        os.write(feed.fileno(), lines if isinstance(lines, bytes) else lines.encode())
        feed.close()
        async with ConsolePlatform(stdin, stdout, folder) as console:
            await console.receive(core)
        await core.drain()
        reading_ends()
        stdout.close()
        return result.read()


async def test_lines_are_answered_one_after_the_other() -> None:
    core = ScriptedCore()

    assert await talk(core, "count 3\ncount 2\n") == "word0 word1 word2\n\nword0 word1\n"
    assert core.log == ["begin count 3", "end count 3", "begin count 2", "end count 2"]


async def test_the_events_say_who_and_where() -> None:
    core = ScriptedCore()
    await talk(core, "count 1\n/help me\n/etc/hosts?\n")

    first, second, third = core.heard
    assert isinstance(first, Message)
    assert isinstance(second, CommandCall)
    assert isinstance(third, Message)
    assert (first.text, first.addressing, first.chat.kind, first.author.handle) == (
        "count 1",
        "direct",
        "private",
        "console:local",
    )
    assert second.call == "/help me"
    assert len({event.key for event in core.heard}) == 3


@pytest.mark.parametrize(
    ("lines", "heard"),
    [
        ("count 1", ["count 1"]),
        ("\n  \n count 1 \r\n\n", ["count 1"]),
        (b"fail \xff\n", ["fail \ufffd"]),
        ("fail " + "x" * 200_000 + "\ncount 1", ["fail " + "x" * 200_000, "count 1"]),
        ("", []),
    ],
)
async def test_every_kind_of_line_is_read(lines: str | bytes, heard: list[str], tmp_path: Path) -> None:
    core = ScriptedCore()
    source = tmp_path / "input.txt"
    source.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
    with opened(source) as stdin, pipe() as (_, stdout):
        async with ConsolePlatform(stdin, stdout) as console:
            await console.receive(core)

    assert [event.text for event in core.heard if isinstance(event, Message)] == heard


async def test_a_command_and_a_failure_are_complete_at_once() -> None:
    assert await talk(ScriptedCore(), "/model\nfail\n/new\n") == "ran `/model`\n\nIt failed.\n\nran `/new`\n"


async def test_pictures_and_voices_are_lines(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    assert await talk(ScriptedCore(), "paint A *blue* cat\npaint\nspeak\n", folder) == (
        "Painting ...\n"
        "A *blue* cat\n"
        f"[picture saved: {folder}/picture-1.png, 600 × 400]\n"
        f"[picture saved: {folder}/picture-2.png, 30 × 30]\n"
        "\n"
        "Painting ...\n"
        f"[picture saved: {folder}/picture-3.png, 600 × 400]\n"
        f"[picture saved: {folder}/picture-4.png, 30 × 30]\n"
        "\n"
        f"[voice saved: {folder}/speech-1.ogg, 3.2 s]\n"
    )
    assert (folder / "picture-1.png").read_bytes() == picture("blue").data


async def test_named_files_come_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat.png").write_bytes(b"PNG")
    (tmp_path / "a memo.ogg").write_bytes(b"more than ten bytes")
    core = ScriptedCore()
    lines = f"fetch @cat.png @'a memo.ogg' @\n/imagine make it blue @cat.png\n{tmp_path}/cat.png\n"
    shown = await talk(core, "fetch @cat.png @'a memo.ogg'\n" + lines)

    assert shown.startswith("image cat.png: b'PNG'\naudio a memo.ogg: FileTooLarge\n")
    _, words, command, alone = core.heard
    assert isinstance(words, Message)
    assert words.text == "fetch @"
    assert isinstance(command, CommandCall)
    assert command.call == "/imagine make it blue"
    assert isinstance(alone, Message)
    assert alone.text == ""
    named = [[file.name for file in event.attachments] for event in (words, command, alone)]
    assert named == [["cat.png", "a memo.ogg"], ["cat.png"], ["cat.png"]]


async def test_an_empty_input_ends() -> None:
    core = ScriptedCore()
    with opened(Path(os.devnull)) as stdin, pipe() as (_, stdout):
        async with asyncio.timeout(5), ConsolePlatform(stdin, stdout) as console:
            await console.receive(core)

    assert core.heard == []


async def test_a_process_without_any_input_ends() -> None:
    with pipe() as (_, stdout):
        async with asyncio.timeout(5), ConsolePlatform(None, stdout) as console:
            await console.receive(ScriptedCore())


async def test_text_is_written_as_it_arrives() -> None:
    core = ScriptedCore()
    async with running(core, "hang\n") as run:
        await run.prints("**half**")
        assert not run.task.done()
        core.released.set()
        await run.prints(" an answer\n\n*Stopped.*\n")
        run.feed.close()
        async with asyncio.timeout(5):
            await run.task


async def test_cancelling_ends_the_intake_and_not_the_answer() -> None:
    core = ScriptedCore()
    async with running(core, "hang\n") as run:
        await run.prints("**half**")
        run.task.cancel()
        await asyncio.wait([run.task], timeout=5)
        assert run.task.cancelled()
        core.released.set()
        await core.drain()
        await run.prints(" an answer\n\n*Stopped.*\n")


async def test_cancelling_while_no_line_comes() -> None:
    core = ScriptedCore()
    async with running(core, "count 1\n") as run:
        await run.prints("word0\n")
        run.task.cancel()
        await asyncio.wait([run.task], timeout=5)
        assert run.task.cancelled()


async def test_when_nobody_reads_any_more_it_ends() -> None:
    core = ScriptedCore()
    async with running(core, "hang\ncount 1\n") as run:
        await run.prints("**half**")
        run.result.close()
        core.released.set()
        async with asyncio.timeout(5):
            await run.task

    assert core.lost == 1
    assert core.log == ["begin hang"]


@dataclass(slots=True)
class Run:
    """A console whose input (`feed`) stays open; `task` is its receiving."""

    feed: TextIO
    result: TextIO
    task: asyncio.Task[None]

    async def prints(self, text: str) -> None:
        """Wait for the next text of this length, which must be this one."""
        read = b""
        async with asyncio.timeout(5):
            while len(read) < len(text.encode()):
                await self._readable()
                read += os.read(self.result.fileno(), len(text.encode()) - len(read))
        assert read.decode() == text

    async def _readable(self) -> None:
        ready = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.result.fileno(), ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self.result.fileno())


@asynccontextmanager
async def running(core: ScriptedCore, lines: str) -> AsyncIterator[Run]:
    with pipe() as (stdin, feed), pipe() as (result, stdout):
        os.write(feed.fileno(), lines.encode())
        async with ConsolePlatform(stdin, stdout) as console:
            task = asyncio.create_task(console.receive(core))
            try:
                yield Run(feed, result, task)
            finally:
                feed.close()
                task.cancel()
                await asyncio.wait([task])
        reading_ends()


def reading_ends() -> None:
    """Wait for the thread that reads, before its descriptor is closed and belongs to the next test."""
    for thread in threading.enumerate():
        if thread.name == "console-input":
            thread.join(5)
            assert not thread.is_alive()


def shown(*looks: tuple[str, str, bool]) -> str:
    """What the plain view writes for these (message, text, running)."""
    with pipe() as (result, stdout):
        view = PlainView(Output(stdout))
        for message_id, text, still in looks:
            view.show(message_id, Outgoing(text, buttons=STOP if still else RETRY), running=still)
        view.close()
        stdout.close()
        return result.read()


@pytest.mark.parametrize(
    ("looks", "text"),
    [
        ([("1", "a", True), ("1", "a b", True), ("1", "a b", False)], "a b\n"),
        ([("1", "a", False), ("2", "b", False)], "a\n\nb\n"),
        ([("1", "a b", True), ("1", "a", True), ("1", "a b c", False)], "a b c\n"),
        (
            [("1", "```\na\n```", True), ("1", "```\na\nb\n```", True), ("1", "```\na\nb\n```", False)],
            "```\na\nb\n```\n",
        ),
        ([("1", "a\nb\nc", True), ("1", "a\nB\nc", False)], "a\nb\nc\nB\nc\n"),
        ([("1", "a\nb", True), ("1", "a", False)], "a\nb\na\n"),
        ([("1", "a", False), ("1", "a", False)], "a\n"),
        ([("1", "a", False), ("1", "a\n\nmore", False)], "a\nmore\n"),
        ([("1", "a", True), ("2", "b", False), ("1", "a c", False)], "a\n\nb\n c\n"),
        ([("1", "a", True)], "a\n"),
        ([("1", "", True), ("1", "a", False)], "a\n"),
    ],
)
def test_what_was_written_is_not_written_again(looks: list[tuple[str, str, bool]], text: str) -> None:
    assert shown(*looks) == text


def test_letters_that_the_output_lacks_become_question_marks() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as result, open(writing, "w", encoding="ascii") as stdout:  # noqa: PTH123
        PlainView(Output(stdout)).show("1", Outgoing("naïve 🐍"), running=False)
        stdout.close()
        assert result.read() == b"na?ve ?\n"


async def test_an_answer_is_complete_when_its_stop_button_is_gone() -> None:
    with pipe() as (_, stdout):
        view = PlainView(Output(stdout))
        old, new = channel(view), channel(view)
        earlier = await old.send(Outgoing("before", buttons=RETRY))
        assert old.finished.is_set()

        with pytest.raises(MessageGone):
            await new.edit(earlier, Outgoing("before"))
        assert not new.finished.is_set()
        answer = await new.send(Outgoing("a", buttons=STOP))
        assert not new.finished.is_set()
        await new.edit(answer, Outgoing("a b", buttons=RETRY))
        assert new.finished.is_set()


async def test_what_was_printed_stays() -> None:
    with pipe() as (result, stdout):
        asked = channel(PlainView(Output(stdout)))
        assert asked.limits.folds
        message_id = await asked.send(Outgoing("a", buttons=STOP))
        await asked.delete(message_id)
        assert not asked.finished.is_set()
        await asked.edit(message_id, Outgoing("a b"))
        assert asked.finished.is_set()
        stdout.close()
        assert result.read() == "a b\n"


async def test_files_without_a_stop_button_complete_an_answer(tmp_path: Path) -> None:
    with pipe() as (_, stdout):
        painting = ConsoleChannel(CHAT, Attached(), Folder(tmp_path), PlainView(Output(stdout)))
        message_id = await painting.send(Outgoing("", buttons=STOP, files=(picture("grey"),)))
        assert not painting.finished.is_set()
        assert names(tmp_path) == []
        await painting.edit(message_id, Outgoing("", files=(picture("blue"),)))
        assert painting.finished.is_set()
        assert names(tmp_path) == ["picture-1.png"]


async def test_a_caption_may_be_of_any_length() -> None:
    with pipe() as (_, stdout):
        assert channel(PlainView(Output(stdout))).fits_caption("x" * 100_000)


async def test_a_message_of_an_earlier_run_is_gone() -> None:
    with pipe() as (_, stdout), pytest.raises(MessageGone):
        await channel(PlainView(Output(stdout))).edit("12ab", Outgoing("x"))


async def test_a_closed_output_is_a_chat_that_is_gone() -> None:
    with pipe() as (result, stdout):
        closed = channel(PlainView(Output(stdout)))
        result.close()
        with pytest.raises(ChatGone):
            await closed.send(Outgoing("x"))
        assert closed.finished.is_set()


async def test_it_must_be_entered_first() -> None:
    with pipe() as (stdin, _), pipe() as (_, stdout), pytest.raises(RuntimeError, match="entered"):
        await ConsolePlatform(stdin, stdout).receive(ScriptedCore())
