"""How soon text is on screen, and what it costs: the bot as one process against the platforms' fakes.

`python -m benchmarks.delivery` prints, for each platform and for 1, 10 and 50 answers at once (2,000 characters, 80
chunks a second), delays beside the best schedule that a search finds which knows the future and spends the same
meters; then the time from a message's arrival to the model's request, for chats with long histories. All in seconds
unless the heading says otherwise; a character that is never shown counts as late until the measurement ends.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.ideal import Emissions, Ideal, ideal, percentile
from benchmarks.places import Place, Spot, opened
from benchmarks.process import running
from bot.domain.conversations import Answer, Question
from bot.storage.database import open_store
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_script import Script

PLACES = ("telegram private", "telegram group", "discord")
ANSWERS = (1, 10, 50)
HISTORIES = (20, 2_000, 20_000)
CHARACTERS = 2_000
CHUNK = 4
PACE = 1 / 80
FIRST_CHUNK = 0.3
QUESTIONS = 15
PATIENCE = 120.0

IDEAL = """\
The ideal knows every emission in advance and spends the same meters, reserves included. It is the best schedule that a
search finds: evenly spread calls, bent towards the start or the end, shifted between chats, pushed through the meters;
for one chat improved by 1,500 random moves of single calls. Our final lag may be below it, as its aim is the mean."""

TEXT = " ".join(f"word{number:03}" for number in range(1000))[:CHARACTERS].rstrip().ljust(CHARACTERS, ".")


@dataclass(frozen=True, slots=True)
class Figures:
    first: float
    mean: float
    p95: float
    last: float
    calls: float
    floods: int
    cpu: float
    megabytes: float
    unseen: int


async def measure(name: str, answers: int, folder: Path) -> tuple[Figures, Ideal]:
    """One round: so many people ask at the same moment, each in a chat of their own."""
    model = OpenAIFake(lambda _: Script.of(TEXT, CHUNK, pace=PACE, first_delay=FIRST_CHUNK), record_emissions=True)
    async with model, opened(name) as place:
        spots = [place.open(number) for number in range(answers)]
        async with running(place.environment, model, folder / f"{name}-{answers}.db") as bot:
            await place.ready()
            await asyncio.sleep(0.5)
            cpu, calls = bot.cpu_seconds(), place.calls
            for spot in spots:
                place.ask(spot, f"question {spot.number}")
            await asyncio.gather(*(_finished(spot) for spot in spots))
            end = asyncio.get_running_loop().time()
            emissions = [_emissions(model, spot) for spot in spots]
            pairs = [pair for spot, sent in zip(spots, emissions, strict=True) for pair in _delays(spot, sent, end)]
            figures = Figures(
                first=_mean(_versions(spot)[0][0] - sent[0][0] for spot, sent in zip(spots, emissions, strict=True)),
                mean=sum(delay * count for delay, count in pairs) / sum(count for _, count in pairs),
                p95=percentile(pairs, 0.95),
                last=_mean(_complete_at(spot, end) - sent[-1][0] for spot, sent in zip(spots, emissions, strict=True)),
                calls=(place.calls - calls) / answers,
                floods=place.floods,
                cpu=bot.cpu_seconds() - cpu,
                megabytes=bot.megabytes(),
                unseen=sum(CHARACTERS - _seen(_versions(spot)[-1][1]) for spot in spots),
            )
            return figures, ideal(emissions, place.limits)


async def request_delays(name: str, history: int, folder: Path) -> list[float]:
    """Seconds from what a person says to the model's request, in a chat with so many earlier turns."""
    model = OpenAIFake(lambda _: Script.of("Yes."))
    async with model, opened(name) as place:
        spot = place.open(0)
        database = folder / f"{name}-history-{history}.db"
        await _fill(database, spot.chat_key, history)
        async with running(place.environment, model, database):
            await place.ready()
            await asyncio.sleep(0.5)
            return [await _request_delay(place, spot, model, number) for number in range(QUESTIONS)]


async def _request_delay(place: Place, spot: Spot, model: OpenAIFake, number: int) -> float:
    asked = asyncio.get_running_loop().time()
    shown = len(spot.screen.by_bot())
    question = f"question {number}"
    place.ask(spot, question)
    await model.until(lambda: bool(_requests(model, question)), timeout=PATIENCE)
    await spot.screen.until(lambda screen: len(screen.by_bot()) > shown and _done(screen.by_bot()[-1]), PATIENCE)
    return float(_requests(model, question)[0]["time"]) - asked


def _requests(model: OpenAIFake, question: str) -> list[dict[str, Any]]:
    """Those that ask this; others sum up what was said before."""
    return [seen for seen in model.requests if seen["body"]["messages"][-1]["content"].endswith(question)]


async def _fill(database: Path, chat_key: str, turns: int) -> None:
    async with open_store(f"sqlite:///{database}") as store:
        conversation = await store.conversations.current(chat_key)
        for number in range(turns):
            question = Question(f"seed:{number}", "telegram:1", "Ann", f"What about matter number {number}? " * 3)
            turn = await store.conversations.add_question(conversation, question)
            assert turn is not None
            answer = Answer("An answer of a usual length. " * 8, "complete", "fake/test-model", "assistant")
            await store.conversations.add_answer(turn, answer)


async def _finished(spot: Spot) -> None:
    await spot.screen.until(lambda screen: bool(screen.by_bot()) and _done(screen.by_bot()[-1]), PATIENCE)


def _done(shown: Any) -> bool:
    return bool(shown.buttons) and all("stop" not in data for _, data in shown.buttons)


def _emissions(model: OpenAIFake, spot: Spot) -> Emissions:
    asked = next(
        seen for seen in model.requests if seen["body"]["messages"][-1]["content"].endswith(f"n {spot.number}")
    )
    return [(at, count) for at, count in asked["emissions"]]


def _versions(spot: Spot) -> list[tuple[float, str]]:
    """The whole visible text after each change, over all messages."""
    changes = sorted(
        (version.at, index, version.text)
        for index, shown in enumerate(spot.screen.by_bot())
        for version in shown.versions
    )
    texts: dict[int, str] = {}
    found = []
    for at, index, text in changes:
        texts[index] = text
        found.append((at, " ".join(texts[key] for key in sorted(texts))))
    return found


def _seen(text: str) -> int:
    """How many characters of the answer this shows; a space at a cut end is not missed."""
    shown = next((length for length in range(len(text), 0, -1) if TEXT.startswith(text[:length])), 0)
    return shown + 1 if TEXT[shown : shown + 1] == " " else shown


def _delays(spot: Spot, emissions: Emissions, end: float) -> list[tuple[float, int]]:
    versions = [(at, _seen(text)) for at, text in _versions(spot)]
    lengths = [length for _, length in versions]
    found, emitted = [], 0
    for at, count in emissions:
        emitted += count
        index = bisect_left(lengths, emitted)
        found.append(((versions[index][0] if index < len(versions) else end) - at, count))
    return found


def _complete_at(spot: Spot, end: float) -> float:
    return next((at for at, text in _versions(spot) if _seen(text) >= CHARACTERS), end)


def _mean(values: Any) -> float:
    return statistics.fmean(values)


def _print_round(name: str, answers: int, got: Figures, best: Ideal) -> None:
    columns = [
        f"{name:17}{answers:4}",
        f"{got.first:6.2f}{best.first:6.2f}",
        f"{got.mean:7.3f}{best.mean:7.3f}{got.mean / best.mean:6.2f}",
        f"{got.p95:6.2f}{best.p95:6.2f}",
        f"{got.last:6.2f}{best.last:6.2f}",
        f"{got.calls:5.1f}{best.calls:6.1f}",
        f"{got.floods:4}{got.unseen:7}",
        f"{got.cpu:6.2f}",
        f"{got.megabytes:6.0f}",
    ]
    print("  ".join(columns), flush=True)


async def main(places: Sequence[str], answers: Sequence[int], histories: Sequence[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if answers:
            print(f"Display delay of a character (emitted by the model -> visible), ours beside the ideal.\n{IDEAL}\n")
            print("                           first          mean            p95          final         calls")
            print(
                "platform       answers   ours ideal    ours  ideal ratio   ours ideal    ours ideal  ours ideal",
                end="",
            )
            print("   429s unseen   CPU s  RSS MB")
        for place in places:
            for count in answers:
                _print_round(place, count, *await measure(place, count, folder))
        if histories:
            print("\nFrom a message to the model's request, milliseconds\n\nplatform          turns  median     max")
        for place in places:
            for history in histories:
                delays = [1000 * delay for delay in await request_delays(place, history, folder)]
                print(f"{place:17}{history:6}  {statistics.median(delays):6.1f}  {max(delays):6.1f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--places", nargs="*", default=PLACES, choices=PLACES)
    parser.add_argument("--answers", nargs="*", type=int, default=ANSWERS)
    parser.add_argument("--histories", nargs="*", type=int, default=HISTORIES)
    chosen = parser.parse_args()
    asyncio.run(main(chosen.places, chosen.answers, chosen.histories))
