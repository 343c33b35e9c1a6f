"""`parley backup` beside a bot at work, and a bot that goes on from the copy."""

from __future__ import annotations

import asyncio
import shlex
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.__main__ import main
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.test_process import ended, environment, running
from tests.e2e.worlds import MODEL_KEY
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_script import Script
from tests.fakes.screen import Screen
from tests.fakes.telegram_api import TelegramFake


@pytest.fixture
async def model() -> AsyncIterator[OpenAIFake]:
    async with OpenAIFake(key=MODEL_KEY) as fake:
        yield fake


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramSide]:
    async with TelegramFake() as fake:
        yield TelegramSide(fake)


async def parley(folder: Path, settings: dict[str, str], *arguments: str) -> tuple[int | None, str, str]:
    """Run the command to its end: its status, what it printed, and its complaints."""
    own = folder / "command"
    own.mkdir(exist_ok=True)
    (own / "log").unlink(missing_ok=True)
    async with running(own, settings) as command:
        started = await command.start(*arguments)
        output, _ = await asyncio.wait_for(started.communicate(), 50)
    return started.returncode, output.decode(), command.log.read_text()


async def test_a_bot_goes_on_from_a_copy_that_was_made_while_it_worked(
    tmp_path: Path, model: OpenAIFake, telegram: TelegramSide
) -> None:
    settings = environment(model, telegram)
    people = [telegram.person(f"Person {number}") for number in range(3)]
    places = [telegram.private(person) for person in people]

    async def everybody(words: str, count: int) -> None:
        for number, (person, place) in enumerate(zip(people, places, strict=True)):
            telegram.say(place, person, f"{words} {number}")
        await asyncio.gather(*(ended(telegram, place, count) for place in places))

    async with running(tmp_path, settings) as process:
        await process.start()
        await everybody("My number is", 1)
        model.answers.extend(Script.of("word " * 100, size=5, pace=0.02) for _ in people)
        talking = asyncio.create_task(everybody("Talk about", 2))
        await asyncio.gather(*(telegram.screen(place).until(_writes) for place in places))
        source, copy = tmp_path / "data" / "parley.db", tmp_path / "copy.db"
        backup = {**settings, "DATABASE_URL": f"sqlite:///{source}"}
        status, line, complaint = await parley(tmp_path, backup, "backup", str(copy))
        assert (status, complaint) == (0, "")
        await talking
        assert await process.end(signal.SIGTERM) == 0

        lose(tmp_path / "data")
        _, _, command = line.strip().partition("stop the bot, then ")
        assert shlex.split(command)[0] == "rm"
        assert (await (await asyncio.create_subprocess_shell(command)).wait()) == 0
        await process.start()
        await everybody("What is my number?", 3)
        assert await process.end(signal.SIGTERM) == 0
    asked = [[message["content"] for message in body["messages"] if message["role"] == "user"] for body in model.bodies]
    for number in range(len(people)):
        (last,) = [words for words in asked if words[-1] == f"What is my number? {number}"]
        assert last[0] == f"My number is {number}"
    assert telegram.floods == 0


def _writes(screen: Screen) -> bool:
    return "word word" in screen.bot_text()


def lose(folder: Path) -> None:
    """The file is gone, what belongs to it is not."""
    (folder / "parley.db").unlink()
    (folder / "parley.db-wal").write_bytes(b"left over")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///none.db", "parley: there is no database at none.db."),
        ("postgresql://ada:secret@127.0.0.1/parley", "parley: PostgreSQL is backed up with its own tool: pg_dump"),
        ("mysql://ada:secret@127.0.0.1/parley", "parley: DATABASE_URL: names mysql"),
    ],
)
def test_what_keeps_a_backup_from_being_made_is_one_line(
    url: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["backup", "copy.db"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(words)
    assert printed.err.count("\n") == 1
    assert "secret" not in printed.err
    assert list(tmp_path.iterdir()) == []
