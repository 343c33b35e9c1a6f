"""The processes for files that could take all memory or never end."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.errors import FileTooLarge, FileUnreadable, FileUnsupported
from bot.media.child import Facts, serve
from bot.media.sandbox import Job, Sandbox

ROOT = Path(__file__).parents[3]
SECONDS = 20


def job(memory: int = 256, seconds: int = SECONDS, output: int = 1000) -> Job:
    return Job(__name__, memory, seconds, output)


def work(data: bytes, arguments: Sequence[str]) -> tuple[Facts, bytes]:
    """What the processes of these tests do."""
    match arguments[0]:
        case "echo":
            return {"arguments": arguments, "environment": dict(os.environ)}, data
        case "hog":
            return {}, bytes(len(bytearray(1 << 30)))
        case "spin":
            while True:
                pass
        case "wait":
            return {}, os.read(os.pipe()[0], 1)
        case "write":
            with tempfile.TemporaryFile() as file:
                file.write(b"x")
        case "die":
            os.abort()
        case "refuse":
            raise FileUnsupported("no such kind")
        case "limit":
            raise FileTooLarge(7)
        case "flood":
            return {}, bytes(10_000_000)
        case "mumble":
            os.write(1, b"no json\n")
            os._exit(0)
    return {}, b""


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(2)


async def test_the_bytes_go_in_and_come_out(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", "secret")
    data = os.urandom(3_000_000)
    result = await sandbox.run(job(output=4_000_000), data, "echo", 5)
    assert result.payload == data
    assert result.facts["arguments"] == ["echo", "5"]
    assert result.facts["environment"].keys() <= {"PYTHONPATH", "LC_ALL", "LC_CTYPE"}


@pytest.mark.parametrize("what", ["hog", "write", "die", "mumble", "flood"])
async def test_whatever_goes_wrong_the_file_is_unreadable(sandbox: Sandbox, what: str) -> None:
    with pytest.raises(FileUnreadable):
        await sandbox.run(job(output=100), b"data", what)


@pytest.mark.parametrize("what", ["spin", "wait"])
async def test_it_ends_in_time(sandbox: Sandbox, what: str) -> None:
    with pytest.raises(FileUnreadable):
        await sandbox.run(job(seconds=1), b"data", what)


async def test_it_says_what_is_wrong(sandbox: Sandbox) -> None:
    with pytest.raises(FileUnsupported, match="no such kind"):
        await sandbox.run(job(), b"", "refuse")
    with pytest.raises(FileTooLarge) as raised:
        await sandbox.run(job(), b"", "limit")
    assert raised.value.limit == 7


async def test_input_that_is_never_read(sandbox: Sandbox) -> None:
    """The process ends before it took what it was given."""
    with pytest.raises(FileUnreadable):
        await sandbox.run(Job("no.such.module", 256, SECONDS, 100), bytes(5_000_000), "x")


async def test_cancelling_ends_the_process(sandbox: Sandbox) -> None:
    before = _children()
    running = asyncio.create_task(sandbox.run(job(seconds=300), b"data", "wait"))
    while not _children() - before:  # noqa: ASYNC110  (the kernel has no event for it)
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert _children() == before


async def test_no_more_than_its_slots(sandbox: Sandbox) -> None:
    before = _children()
    running = [asyncio.create_task(sandbox.run(job(seconds=300), b"data", "wait")) for _ in range(4)]
    while len(_children() - before) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    for _ in range(200):
        await asyncio.sleep(0)
        assert len(_children() - before) <= 2
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert _children() == before


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


if __name__ == "__main__":
    serve(work)
