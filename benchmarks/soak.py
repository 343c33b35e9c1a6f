"""Whether the bot keeps its size and its pace for long: steady work over loopback, both platforms in one process.

`python -m benchmarks.soak --minutes 10 --rate 20` asks so many questions a second, each in a chat that is idle, and
prints a line a minute: answers that ended, questions still open at its end, the delay from a question to the end of its
answer, resident memory, processor time. The bot is a process of its own with a database of its own; the fakes run here.

The bars: after the warm-up the resident memory grows by less than 5 MB, and the questions that are open do not pile up.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.places import DiscordPlace, Place, Spot, TelegramPlace
from benchmarks.process import BotProcess, running
from tests.fakes.discord_api import DiscordFake
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_script import Script
from tests.fakes.telegram_api import TelegramFake

MOST_GROWTH = 5.0
"""Megabytes of resident memory after the warm-up."""

WARM_UP = 0.3
"""Share of the time after which the first measure is taken: by then caches of a fixed size are full."""

TELEGRAM_SHARE = 0.35
"""Of the questions. Telegram lets a bot send 30 messages and edits a second over all chats, Discord 50."""

CHATS = 250
"""On each platform. A chat of Telegram takes one message a second."""

ANSWER = "A short answer, seen at once."
PIECE = 6
PACE = 0.04
"""Seconds between the pieces: all of it is there before the first message would go out, which takes one call. With a
second call for each answer 20 a second would be near to what both platforms together let a bot make."""

LOOK_EVERY = 0.05
SAMPLE_EVERY = 1.0


@dataclass(slots=True)
class Minute:
    """What was seen in one minute; `delays` in seconds, `megabytes` a sample each second."""

    delays: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    waiting: int = 0
    cpu: float = 0.0


class Soak:
    def __init__(self, bot: BotProcess, places: Sequence[Place], rate: float, minutes: float) -> None:
        self._bot = bot
        self._rate = rate
        self._seconds = minutes * 60
        self._idle = [[(place, place.open(number)) for number in range(CHATS)] for place in places]
        self._busy: list[tuple[float, int, Place, Spot]] = []
        self._chance = random.Random(1)
        self.minutes = [Minute() for _ in range(max(1, round(minutes)))]

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        asking = asyncio.create_task(self._ask_on())
        sampling = asyncio.create_task(self._sample())
        while not asking.done() or (self._busy and loop.time() < self._began + self._seconds + 30):
            await asyncio.sleep(LOOK_EVERY)
            self._look()
        sampling.cancel()
        await asyncio.wait([asking, sampling])
        asking.result()

    @property
    def left(self) -> int:
        return len(self._busy)

    async def _ask_on(self) -> None:
        loop = asyncio.get_running_loop()
        for number in itertools.count():
            due = self._began + number / self._rate
            if due > self._began + self._seconds:
                return
            await asyncio.sleep(max(0.0, due - loop.time()))
            platform = 0 if self._chance.random() < TELEGRAM_SHARE else 1
            if not self._idle[platform]:
                continue  # it shows in the answers that are missing in this minute
            place, spot = self._idle[platform].pop(self._chance.randrange(len(self._idle[platform])))
            place.ask(spot, f"Question {number}: what is new?")
            self._busy.append((loop.time(), platform, place, spot))

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        still = []
        for asked, platform, place, spot in self._busy:
            last = spot.screen.messages[-1]
            if last.author != "bot" or not any(label == "Retry" for label, _ in last.buttons):
                still.append((asked, platform, place, spot))
                continue
            self._minute(now).delays.append(now - asked)
            self._idle[platform].append((place, spot))
            del spot.screen.messages[:-1]
        self._busy = still

    async def _sample(self) -> None:
        while True:
            minute = self._minute(asyncio.get_running_loop().time())
            minute.megabytes.append(self._bot.resident())
            minute.waiting = len(self._busy)
            minute.cpu = self._bot.cpu_seconds()
            await asyncio.sleep(SAMPLE_EVERY)

    def _minute(self, now: float) -> Minute:
        return self.minutes[min(len(self.minutes) - 1, int((now - self._began) // 60))]


def growth(minutes: Sequence[Minute]) -> float:
    """Megabytes from the first minute after the warm-up to the last, by their medians."""
    samples = [megabytes for minute in minutes for megabytes in minute.megabytes]
    first = int(len(samples) * WARM_UP)
    width = max(1, min(60, (len(samples) - first) // 2))
    return statistics.median(samples[-width:]) - statistics.median(samples[first : first + width])


def _table(minutes: Sequence[Minute]) -> str:
    lines = [f"{'minute':>6} {'answers':>8} {'open':>6} {'delay':>7} {'p95':>7} {'MB':>7} {'CPU s':>7}"]
    before = 0.0
    for number, minute in enumerate(minutes, 1):
        delay = statistics.median(minute.delays) if minute.delays else float("nan")
        late = statistics.quantiles(minute.delays, n=20)[-1] if len(minute.delays) > 1 else float("nan")
        megabytes = statistics.median(minute.megabytes) if minute.megabytes else float("nan")
        lines.append(
            f"{number:>6} {len(minute.delays):>8} {minute.waiting:>6} {delay:>7.2f} {late:>7.2f}"
            f" {megabytes:>7.1f} {minute.cpu - before:>7.1f}"
        )
        before = minute.cpu
    return "\n".join(lines)


async def soak(minutes: float, rate: float, folder: Path) -> bool:
    """One soak; whether it kept the bars."""
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(TelegramFake())
        discord = await stack.enter_async_context(DiscordFake())
        model = await stack.enter_async_context(OpenAIFake(lambda _: Script.of(ANSWER, size=PIECE, pace=PACE)))
        places: tuple[Place, ...] = (TelegramPlace(telegram, "private"), DiscordPlace(discord))
        environment = {name: value for place in places for name, value in place.environment.items()}
        async with running(environment, model, folder / "soak.db") as bot:
            for place in places:
                await place.ready()
            work = Soak(bot, places, rate, minutes)
            forgetting = asyncio.create_task(_forget(telegram, discord, model))
            await work.run()
            forgetting.cancel()
    grown = growth(work.minutes)
    floods = sum(place.floods for place in places)
    sys.stdout.write(f"{_table(work.minutes)}\n\n")
    sys.stdout.write(f"growth of resident memory after the warm-up: {grown:.1f} MB (bar: {MOST_GROWTH:.0f} MB)\n")
    sys.stdout.write(f"questions without an answer: {work.left}; refusals for flooding: {floods}\n")
    return grown < MOST_GROWTH and not work.left and not floods


async def _forget(telegram: TelegramFake, discord: DiscordFake, model: OpenAIFake) -> None:
    """The fakes keep every call for tests, which nobody looks at here."""
    while True:
        await asyncio.sleep(10)
        for kept in (telegram.calls, discord.calls, model.requests):
            kept.clear()


def main() -> int:
    parser = argparse.ArgumentParser(description="Steady work for long: memory, queues, delays.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=20, help="questions a second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if asyncio.run(soak(options.minutes, options.rate, Path(folder))) else 1


if __name__ == "__main__":
    sys.exit(main())
