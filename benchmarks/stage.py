"""A conversation with the bot as a transcript: what people did, and what they saw then.

The bot is the real one in front of the fake Telegram and a scripted model, on a clock that runs faster; what day it is,
is fixed.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import Any
from unittest.mock import patch

from tests.e2e.side import Place, Sent
from tests.e2e.world import Log, World
from tests.e2e.worlds import side_of
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_rules import FakeModel
from tests.fakes.openai_script import Script
from tests.fakes.screen import SeenFile, Shown, Version

SPEED = 10.0
"""How much faster than the real one the clock runs."""

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""When every transcript begins."""

CHAT_MODEL = "openai/gpt-4.1"
"""It takes a temperature and the like. Prices that ship do not hold for an address of one's own, so it gets one."""

MODELS = (
    FakeModel("gpt-4.1"),
    FakeModel("gpt-4.1-mini"),
    FakeModel("gpt-6-luna", reasoning=True),
    FakeModel("gpt-image-2", capability="image"),
    FakeModel("gpt-transcribe", capability="transcription"),
    FakeModel("gpt-4o-mini-tts", capability="speech"),
)

BOT = "Parley"
WIDTH = 100
"""Characters of a line of a transcript, the name aside."""

_MARGIN = 8
_QUOTES = ("blockquote", "expandable_blockquote")
_FILES = {"image": "picture", "voice": "voice note", "audio": "sound"}
_UPTIME = re.compile(r"(?<=, up for )[^\n]+")
_CODE = re.compile(r"/claim ([A-Z0-9-]+)")


class Stage:
    """Ann's chat with the bot; she is its admin. Bob is allowed, too."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people = {name: world.person(name) for name in ("Ann", "Bob")}
        self._places = {name: world.side.private(person) for name, person in self.people.items()}
        self._lines: list[str] = []
        self._began = asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=asyncio.get_running_loop().time() - self._began)

    @property
    def transcript(self) -> str:
        return "\n".join(self._lines)

    @property
    def claim_code(self) -> str:
        """The code that the bot logged at its start."""
        return next(found[1] for line in self.world.log.lines if (found := _CODE.search(line)))

    async def say(self, line: str, *shows: str, who: str = "Ann") -> None:
        """Somebody writes, and the bot shows something new: all of `shows`, each as the transcript has it; what stands
        there twice comes twice."""
        place = self._places[who]
        await self._do(who, line, place, lambda: self._say(place, who, line), shows)

    async def send(self, file: Sent, told: str, line: str, *shows: str) -> None:
        """Ann sends a file with words."""
        place, person = self._places["Ann"], self.people["Ann"]
        said = f"({told}) {line}".strip()
        await self._do("Ann", said, place, lambda: self.world.send(place, person, file, text=line), shows)

    async def press(self, label: str, *shows: str) -> None:
        """Ann presses the newest button of this name."""
        place, person = self._places["Ann"], self.people["Ann"]
        await self._do("Ann", f"presses [{label}]", place, lambda: self.world.press(place, person, label), shows)

    async def begin(self, line: str, seen: str) -> None:
        """Ann asks for something, and its beginning is seen."""
        self._note("Ann", line)
        self._say(self._places["Ann"], "Ann", line)
        await self.world.sees(self._places["Ann"], seen)

    def _say(self, place: Place, who: str, line: str) -> str:
        return self.world.say(place, self.people[who], line)

    async def _do(self, who: str, told: str, place: Place, act: Callable[[], object], shows: Sequence[str]) -> None:
        before = {shown.message_id: _look(shown) for shown in self.world.shown(place)}
        self._note(who, told)

        def news() -> list[Shown]:
            return [each for each in self.world.shown(place) if _look(each) != before.get(each.message_id)]

        def complete() -> bool:
            looks = "\n".join(_look(each) for each in self.world.shown(place))
            new = "\n".join(_look(each) for each in news())
            there = all(new.count(part) >= count for part, count in Counter(shows).items())
            return bool(new) and there and "[Stop]" not in looks

        act()
        await self.world.until(place, complete)
        for shown in news():
            self._note(BOT, _UPTIME.sub("3 days", _look(shown)), changed=shown.message_id in before)

    def _note(self, who: str, words: str, *, changed: bool = False) -> None:
        words = words.replace(self.claim_code, "K7QM-4WXP") if "/claim" in words else words
        lines = ["(the message changes)"] if changed else []
        lines += [part for line in words.split("\n") for part in _wrapped(line)]
        self._lines += [
            f"{name:<{_MARGIN}}{line}".rstrip() for name, line in zip([who, *[""] * len(lines)], lines, strict=False)
        ]


def _wrapped(line: str) -> list[str]:
    indent = re.match(r"(\s*([>•-]\s+)?)", line)
    hanging = " " * len(indent[1]) if indent else ""
    return wrap(line, WIDTH, subsequent_indent=hanging, drop_whitespace=True, break_on_hyphens=False) or [""]


def _look(shown: Shown) -> str:
    """A message in characters: its files, its text, its buttons."""
    parts = [*(_told(file) for file in shown.files), _text(shown.versions[-1])]
    buttons = " ".join(f"[{label}]" for label, _ in shown.buttons)
    return "\n".join(part for part in (*parts, buttons) if part)


def _told(file: SeenFile) -> str:
    return f"({_FILES[file.kind]})" if file.kind in _FILES else f"(file {file.name})"


def _text(version: Version) -> str:
    """With the bars of quotations. Telegram counts UTF-16 units."""
    units = version.text.encode("utf-16-le")
    lines = set()
    entities = version.raw.get("entities") or version.raw.get("caption_entities") or []
    for entity in (each for each in entities if each["type"] in _QUOTES):
        first = units[: 2 * entity["offset"]].decode("utf-16-le").count("\n")
        inside = units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")
        lines |= set(range(first, first + inside.rstrip("\n").count("\n") + 1))
    return "\n".join(f"> {line}" if at in lines else line for at, line in enumerate(version.text.split("\n")))


@asynccontextmanager
async def staged(answers: Mapping[str, Script], settings: Mapping[str, Any]) -> AsyncIterator[Stage]:
    """The bot at work; a question that holds a key of `answers` is answered so."""

    def respond(body: dict[str, Any]) -> Script:
        asked = body["messages"][-1]["content"]
        system = body["messages"][0]["content"]
        words = asked if isinstance(asked, str) else " ".join(part.get("text", "") for part in asked)
        return next((answers[key] for key in answers if key in f"{system}\n{words}"), Script.of("All right."))

    log = Log()
    with TemporaryDirectory() as folder, _listening(log):
        async with side_of("telegram") as side, OpenAIFake(respond, models=MODELS) as model:
            world = World(side, model, Path(folder), log)
            stage = Stage(world)
            usual: dict[str, Any] = {
                "providers": {},
                "openai_api_key": model.key,
                "openai_base_url": model.url,
                "chat_model": CHAT_MODEL,
                "prices": {CHAT_MODEL: {"input": 2, "output": 8}},
                "admins": (stage.people["Ann"].handle,),
                "allowed": (stage.people["Bob"].handle,),
            }
            with patch("bot.clock.utc_now", stage.now):
                await world.start(**{**usual, **settings})
                yield stage
                await world.end()


@contextmanager
def _listening(log: Log) -> Iterator[None]:
    """All that is logged at info and above goes to `log`."""
    root = logging.getLogger()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(log)
