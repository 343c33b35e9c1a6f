"""Lines come one at a time, and whoever waits for one is never left waiting."""

from __future__ import annotations

import asyncio
import threading
from queue import SimpleQueue

from adapters.console.lines import Lines


async def test_lines_are_read_only_when_asked_for() -> None:
    source = iter(["one", "two", None])
    read: list[str | None] = []

    def next_line() -> str | None:
        read.append(next(source))
        return read[-1]

    lines = Lines(next_line)
    assert await lines.next() == "one"
    assert read == ["one"]
    assert [await lines.next(), await lines.next()] == ["two", None]
    lines.close()
    assert await lines.next() is None
    assert read == ["one", "two", None]


async def test_a_terminal_that_is_gone_has_no_more_lines() -> None:
    def hung_up() -> str | None:
        raise OSError(5, "Input/output error")

    lines = Lines(hung_up)
    async with asyncio.timeout(5):
        assert await lines.next() is None
    lines.close()


async def test_closing_ends_the_wait_for_a_line_that_never_comes() -> None:
    never: SimpleQueue[str | None] = SimpleQueue()
    lines = Lines(never.get)
    waiting = asyncio.create_task(lines.next())
    await asyncio.sleep(0)

    lines.close()

    async with asyncio.timeout(5):
        assert await waiting is None
    never.put(None)


def test_a_line_that_comes_after_the_loop_has_ended_disturbs_nobody() -> None:
    late: SimpleQueue[str | None] = SimpleQueue()

    async def give_up() -> None:
        lines = Lines(late.get)
        waiting = asyncio.create_task(lines.next())
        await asyncio.sleep(0)
        lines.close()
        await waiting

    asyncio.run(give_up())
    late.put("too late")
    for thread in threading.enumerate():
        if thread.name == "console-input":
            thread.join(5)
            assert not thread.is_alive()
