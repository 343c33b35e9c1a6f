"""The real program as a process of its own: signals, a sudden death, a pipe. Its clock is the real one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from bot.replies.outbox import SAVE_EVERY
from tests.e2e.discord_side import DiscordSide
from tests.e2e.search import Search
from tests.e2e.side import Person, Place, Side
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.texts import differs
from tests.e2e.world import offers
from tests.e2e.worlds import DISCORD_TOKEN, MODEL_KEY
from tests.fakes.discord_api import DiscordFake
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_script import Script
from tests.fakes.telegram_api import TOKEN, TelegramFake

ROOT = Path(__file__).parents[2]
SLOW = "word " * 2000


class Process:
    """`python -m bot` with an environment of its own; what it writes is kept in `log` and `output`."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
        self.log, self.output = folder / "log", folder / "output"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                *arguments,
                cwd=self._folder,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        return self._process

    async def end(self, number: signal.Signals) -> int:
        """Send the signal and wait; the exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        await self.talk(within=10)
        assert self._process.returncode is not None
        return self._process.returncode

    async def talk(self, words: bytes = b"", *, within: float = 30) -> bytes:
        """Say this to its input, and wait until it ends; returns its output, which is also kept in `output`."""
        assert self._process is not None
        said, _ = await asyncio.wait_for(self._process.communicate(words), within)
        with self.output.open("ab") as output:
            output.write(said)
        return said

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self.talk()


@asynccontextmanager
async def running(folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Process]:
    process = Process(folder, environment)
    try:
        yield process
    finally:
        await process.close()


@pytest.fixture(autouse=True)
def searched(tmp_path: Path, search: Search) -> Iterator[None]:
    """What a process wrote, to whichever file, shows no secret."""
    search.know((MODEL_KEY, DISCORD_TOKEN, TOKEN))
    yield
    search.take_folder("process", tmp_path)
    assert search.leaks() == [], "a secret got out"


@pytest.fixture
async def model() -> AsyncIterator[OpenAIFake]:
    async with OpenAIFake(key=MODEL_KEY) as fake:
        yield fake


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramSide]:
    async with TelegramFake() as fake:
        yield TelegramSide(fake)


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSide]:
    async with DiscordFake(token=DISCORD_TOKEN) as fake:
        yield DiscordSide(fake)


def environment(model: OpenAIFake, *sides: Side) -> dict[str, str]:
    providers = {"fake": {"base_url": model.url, "api_key": model.key}}
    found = {"PROVIDERS": orjson.dumps(providers).decode(), "CHAT_MODEL": "fake/test-model", "ALLOWED": "*"}
    found["LOG_LEVEL"] = "debug"
    for side in sides:
        found |= {name.upper(): value for name, value in side.settings().items()}
    return found


async def ended(side: Side, place: Place, count: int) -> None:
    """Wait until so many answers have ended here."""
    await side.screen(place).until(lambda screen: sum(offers(each, "Retry") for each in screen.by_bot()) == count)


async def begun(side: Side, place: Place, person: Person, model: OpenAIFake) -> None:
    model.answers.append(Script.of(SLOW, size=5, pace=0.02))
    side.say(place, person, "Talk for a long time")
    await side.screen(place).until(lambda screen: "word word" in screen.bot_text())


async def test_after_a_sudden_death_a_half_answer_says_so(
    tmp_path: Path, model: OpenAIFake, telegram: TelegramSide
) -> None:
    async with running(tmp_path, environment(model, telegram)) as process:
        await process.start()
        ann = telegram.person("Ann")
        place = telegram.private(ann)
        telegram.say(place, ann, "One")
        await ended(telegram, place, 1)
        await begun(telegram, place, ann, model)
        telegram.say(place, ann, "Two")
        await asyncio.sleep(SAVE_EVERY + 0.5)
        assert await process.end(signal.SIGKILL) == -signal.SIGKILL

        telegram.rest()
        await process.start()
        await ended(telegram, place, 3)
        _, half, whole = telegram.screen(place).by_bot()
        words, _, notice = half.text.partition("The bot was restarted")
        assert notice
        assert len(words.strip()) > 30
        assert SLOW.startswith(words.strip())
        assert [label for label, _ in half.buttons] == ["Retry"]
        assert whole.text == "Two"
        asked = [message["content"].strip() for message in model.bodies[-1]["messages"] if message["role"] != "system"]
        assert asked == ["One", "One", "Talk for a long time", words.strip(), "Two"]
        telegram.push(place, ann, half, half.buttons[0][1])
        await telegram.screen(place).until(lambda screen: screen.by_bot()[1].text == "Talk for a long time")
        assert await process.end(signal.SIGTERM) == 0
    assert telegram.floods == 0


async def test_after_a_sudden_death_whoever_was_not_answered_is(
    tmp_path: Path, model: OpenAIFake, telegram: TelegramSide, discord: DiscordSide
) -> None:
    sides: tuple[Side, ...] = (telegram, discord)
    async with running(tmp_path, environment(model, *sides)) as process:
        await process.start()
        people = [side.person("Ann") for side in sides]
        places = [side.private(person) for side, person in zip(sides, people, strict=True)]
        for side, person, place in zip(sides, people, places, strict=True):
            await side.up()
            model.answers.append(Script.of("never", header_delay=1000))
            side.say(place, person, "One")
            side.say(place, person, "Two")
        await model.until(lambda: model.running == 2)
        assert await process.end(signal.SIGKILL) == -signal.SIGKILL

        model.answers.clear()
        for side, person, place in zip(sides, people, places, strict=True):
            side.rest()
            side.say(place, person, "Three")
        await process.start()
        for side, place in zip(sides, places, strict=True):
            await ended(side, place, 3)
            assert [shown.text for shown in side.screen(place).by_bot()] == ["One", "Two", "Three"]
        assert await process.end(signal.SIGTERM) == 0
    assert (telegram.floods, discord.floods) == (0, 0)


async def test_one_process_serves_both_platforms_and_ends_in_order(
    tmp_path: Path, model: OpenAIFake, telegram: TelegramSide, discord: DiscordSide
) -> None:
    sides: tuple[Side, ...] = (telegram, discord)
    async with running(tmp_path, environment(model, *sides) | {"DRAIN_SECONDS": "0.5"}) as process:
        await process.start()
        people = [side.person("Ann") for side in sides]
        places = [side.private(person) for side, person in zip(sides, people, strict=True)]
        for side, person, place in zip(sides, people, places, strict=True):
            await side.up()
            await begun(side, place, person, model)
        assert await process.end(signal.SIGTERM) == 0
        for side, place in zip(sides, places, strict=True):
            (shown,) = side.screen(place).by_bot()
            words, _, notice = shown.text.partition("The bot was restarted")
            assert notice
            assert SLOW.startswith(words.strip())
            assert not offers(shown, "Stop")

        await process.start()
        for side, person, place in zip(sides, people, places, strict=True):
            (shown,) = side.screen(place).by_bot()
            await side.up()
            side.push(place, person, shown, next(data for label, data in shown.buttons if label == "Retry"))
            await side.screen(place).until(lambda screen: screen.bot_text() == "Talk for a long time")
            await ended(side, place, 1)
        assert await process.end(signal.SIGINT) == 0
    log = process.log.read_text()
    assert log, "at level debug something is logged"
    for secret in (telegram.secret, discord.secret, MODEL_KEY):
        assert secret not in log
    assert "Traceback" not in log
    assert (telegram.floods, discord.floods) == (0, 0)


async def test_the_console_over_a_pipe(tmp_path: Path, model: OpenAIFake) -> None:
    model.answers.append(Script.of("Four, **of course**.", size=3, pace=0.01))
    async with running(tmp_path, environment(model)) as process:
        console = await process.start("console")
        output = await process.talk(b"2 + 2?\n/persona use teacher\nagain?\n")
        assert console.returncode == 0
        text = output.decode()
        places = [text.index(words) for words in ("Four, **of course**.", "teacher", "again?")]
        assert places == sorted(places)
        assert [m["content"] for m in model.bodies[-1]["messages"] if m["role"] != "system"] == [
            "2 + 2?",
            "Four, **of course**.",
            "again?",
        ]

        console = await process.start("console")
        output = await process.talk(b"and after a restart?\n")
        assert console.returncode == 0
        assert differs([output.decode()], "and after a restart?") is None
        assert len(model.bodies[-1]["messages"]) == 6


async def test_the_console_without_a_provider(tmp_path: Path) -> None:
    """The model is named so that a model server on this machine, if there is one, is left alone."""
    async with running(tmp_path, {"CHAT_MODEL": "demo/echo"}) as process:
        console = await process.start()
        output = await process.talk("hello, שלום 👩‍👩‍👧‍👦\n".encode())
        assert console.returncode == 0
        assert "hello" in output.decode()
        assert process.log.read_text() == ""


async def test_a_wrong_setting_is_explained(tmp_path: Path) -> None:
    async with running(tmp_path, {"HISTORY_TOKENS": "many"}) as process:
        started = await process.start()
        await process.talk()
        assert started.returncode == 1
    log = process.log.read_text()
    assert "HISTORY_TOKENS" in log
    assert "Traceback" not in log
