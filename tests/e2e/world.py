"""A whole bot in a small world: someone says something somewhere, someone sees something.

The bot is the real one with its real clients; around it stand a chat platform, a model provider, and a database that
outlives restarts.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from bot.app import run
from bot.settings import Settings
from bot.telemetry.logs import formatter
from bot.telemetry.metrics import Metrics
from bot.telemetry.redaction import Redactor
from tests.e2e.asked import Asked, read
from tests.e2e.search import Search
from tests.e2e.side import Person, Place, Sent, Side
from tests.e2e.texts import differs
from tests.fakes.database import empty_database
from tests.fakes.loops import patient
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.screen import Screen, SeenFile, Shown

MODEL = "fake/test-model"
PATIENCE = 60.0
"""Seconds on the loop's clock that something may take to be seen."""


TELLING = 12
"""Characters of a message that no log line has by accident."""

THE_FAKES_OWN = ("aiohttp.server",)
"""The fakes' web server, which is sorry when a client leaves in the middle of an answer."""


class Log(logging.Handler):
    """Keeps what the program logs at info and above, and whatever the libraries have to say, as they say it.

    What an operator would see of all this, and of what is logged at debug, is searched for secrets.
    """

    def __init__(self, search: Search | None = None) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.metrics: list[Metrics] = []
        self.search = search
        self._records: list[tuple[Redactor, logging.LogRecord]] = []
        self.hide(())

    def hide(self, secrets: Iterable[str]) -> None:
        """The secrets of the bot that is started next."""
        self._redact = Redactor(secrets)

    def emit(self, record: logging.LogRecord) -> None:
        if self.search is not None:
            # Formatted later: a bot on a fast clock has no time for it.
            kept = logging.makeLogRecord(record.__dict__ | {"msg": record.getMessage(), "args": ()})
            self._records.append((self._redact, kept))
        if record.levelno < logging.INFO:
            return
        line = logging.Formatter("%(name)s: %(message)s").format(record)
        self.lines.append(line)
        if record.levelno >= logging.ERROR and record.name not in THE_FAKES_OWN:
            self.errors.append(line)

    def written(self) -> str:
        """What an operator sees at level debug, in both formats."""
        formats: dict[Redactor, list[logging.Formatter]] = {}
        for redact, _ in self._records:
            formats.setdefault(redact, [formatter("json", redact), formatter("console", redact)])
        return "\n".join(each.format(record) for redact, record in self._records for each in formats[redact])


class World:
    """The bot on one platform (or on more: `others`), its model, and the people."""

    def __init__(self, side: Side, model: OpenAIFake, folder: Path, log: Log) -> None:
        self.side = side
        self.model = model
        self.log = log
        self.others: tuple[Side, ...] = ()
        self._folder = folder
        # Making the tables takes longer than most tests; what opens a new database is tested elsewhere.
        (folder / "parley.db").write_bytes(empty_database())
        self._settings: dict[str, Any] = {}
        self._bot: asyncio.Task[None] | None = None
        self._expected: list[str] = []
        self._said: list[str] = []

    # The bot's life

    async def start(self, **settings: Any) -> None:
        """Start the bot, with these settings from now on."""
        self.launch(**settings)
        for side in self._sides:
            await side.up()

    def launch(self, **settings: Any) -> None:
        """Start the bot without waiting for it."""
        assert self._bot is None, "the bot runs already"
        self._settings |= settings
        made = self.settings()
        self.log.hide(made.secrets())
        if self.log.search is not None:
            self.log.search.know((*made.secrets(), self.model.key, *(side.secret for side in self._sides)))
        for side in self._sides:
            side.rest()
        factories = [side.factory(made) for side in self._sides]
        self._bot = asyncio.create_task(run(made, factories), name="the bot")

    async def stop(self) -> None:
        """Ask the bot to end, as a process host does, and wait until it has."""
        self.signal()
        await self.ended()

    def signal(self) -> None:
        assert self._bot is not None
        assert not self._bot.done(), "the bot has ended by itself"
        os.kill(os.getpid(), signal.SIGTERM)

    async def ended(self) -> None:
        assert self._bot is not None
        async with asyncio.timeout(patient(PATIENCE)):
            await self._bot
        self._bot = None

    async def restart(self, **settings: Any) -> None:
        await self.stop()
        await self.start(**settings)

    @property
    def _sides(self) -> tuple[Side, ...]:
        return (self.side, *self.others)

    @property
    def running(self) -> bool:
        return self._bot is not None

    def settings(self) -> Settings:
        usual: dict[str, Any] = {
            "providers": {"fake": {"base_url": self.model.url, "api_key": self.model.key}},
            "chat_model": MODEL,
            "database_url": f"sqlite:///{self._folder}/parley.db",
            "allowed": ("*",),
            "messages_per_minute": 0,  # tests type faster than people
            "turns_per_person": 50,
        }
        for side in self._sides:
            usual |= side.settings()
        return Settings(_env_file=None, **(usual | self._settings))  # type: ignore[call-arg]  # known to the base class, not to mypy

    # What people do

    def person(self, name: str) -> Person:
        return self.side.person(name)

    def private(self, name: str = "Ann") -> tuple[Person, Place]:
        """Somebody new, and their chat with the bot."""
        person = self.side.person(name)
        return person, self.side.private(person)

    def say(self, place: Place, person: Person, text: str, reply_to: str | None = None) -> str:
        """Say something to the bot, which in a group takes a mention; returns the message's id."""
        words = text if place.kind == "private" else self.side.mention(text)
        self._said.append(text)
        return self.side.say(place, person, words, reply_to)

    def send(self, place: Place, person: Person, *files: Sent, text: str = "", reply_to: str | None = None) -> str:
        """Send files to the bot, which in a group takes a mention; returns the message's id."""
        words = text if place.kind == "private" else self.side.mention(text)
        self._said.append(text)
        return self.side.send(place, person, files, words, reply_to)

    async def ask(self, place: Place, person: Person, text: str, reply_to: str | None = None) -> list[Shown]:
        """Say something to the bot and wait for the whole answer; returns the messages that show it."""
        if place.kind == "private":
            return await self.answer_after(place, lambda: self.say(place, person, text, reply_to))
        question = self.say(place, person, text, reply_to)
        await self.until(place, lambda: any(offers(shown, "Retry") for shown in self.answer_to(place, question)))
        return self.answer_to(place, question)

    def answer_to(self, place: Place, question: str) -> list[Shown]:
        """In a group: the messages from the one that replies to this question on."""
        shown = self.shown(place)
        first = next((index for index, each in enumerate(shown) if each.reply_to == question), len(shown))
        return shown[first:]

    async def answer_after(self, place: Place, act: Callable[[], object], timeout: float = PATIENCE) -> list[Shown]:
        """Do something and wait until one more answer has ended; returns the messages that are new since."""
        before = {shown.message_id for shown in self.shown(place)}
        count = self.answers(place)
        act()
        await self.until(place, lambda: self.answers(place) > count, timeout)
        return [shown for shown in self.shown(place) if shown.message_id not in before]

    async def offered_after(
        self, place: Place, act: Callable[[], object], label: str, timeout: float = PATIENCE
    ) -> Shown:
        """Do something and wait until one more message offers this button; returns that message."""
        before = {shown.message_id for shown in self.shown(place) if offers(shown, label)}

        def new() -> list[Shown]:
            return [each for each in self.shown(place) if offers(each, label) and each.message_id not in before]

        act()
        await self.until(place, new, timeout)
        return new()[-1]

    async def changed_after(
        self, place: Place, act: Callable[[], object], label: str = "Retry", timeout: float = PATIENCE
    ) -> Shown:
        """Do something and wait until a message that was there looks different and offers this button; returns it."""
        before = {shown.message_id: len(shown.versions) for shown in self.shown(place)}

        def changed() -> list[Shown]:
            there = [each for each in self.shown(place) if each.message_id in before]
            return [each for each in there if len(each.versions) > before[each.message_id] and offers(each, label)]

        act()
        await self.until(place, changed, timeout)
        return changed()[-1]

    @staticmethod
    async def pass_time(seconds: float) -> None:
        """Let time pass on the loop's clock, to see that nothing happens."""
        await asyncio.sleep(seconds)

    def press(self, place: Place, person: Person, label: str) -> None:
        """Press the newest button of this name."""
        self.side.push(place, person, *self._button(place, label))

    async def fill_in(self, place: Place, person: Person, label: str, words: str) -> None:
        """Press the newest button of this name, which asks for words, and say them."""
        await self.side.fill_in(place, person, *self._button(place, label), words)

    def _button(self, place: Place, label: str) -> tuple[Shown, str]:
        """The newest of this name: the message and the button's data."""
        for shown in reversed(self.shown(place)):
            for name, data in shown.buttons:
                if name == label:
                    return shown, data
        raise AssertionError(f"no button {label!r} in {[shown.buttons for shown in self.shown(place)]}")

    # What people see

    def screen(self, place: Place) -> Screen:
        return self.side.screen(place)

    def shown(self, place: Place) -> list[Shown]:
        """The bot's messages that are on screen."""
        return self.screen(place).by_bot()

    def answers(self, place: Place) -> int:
        """How many answers have ended here: each shows a Retry button."""
        return sum(offers(shown, "Retry") for shown in self.shown(place))

    def files(self, place: Place) -> list[SeenFile]:
        """The files that the bot shows, oldest message first."""
        return [file for shown in self.shown(place) for file in shown.files]

    def text(self, place: Place) -> str:
        return self.screen(place).bot_text()

    async def until(self, place: Place, seen: Callable[[], object], timeout: float = PATIENCE) -> None:
        await self.screen(place).until(lambda _: bool(seen()), patient(timeout))

    async def sees(self, place: Place, words: str, timeout: float = PATIENCE) -> None:
        """Wait until these words stand on screen, said by the bot."""
        await self.until(place, lambda: words in self.text(place), timeout)

    def check_shows(self, messages: list[Shown], text: str) -> None:
        """The messages show this Markdown text as the platform renders it: all of it, once, in order."""
        problem = differs([shown.text for shown in messages], self.side.rendered(text))
        assert problem is None, problem

    # What the model was asked

    def prompts(self) -> list[list[dict[str, Any]]]:
        """The messages of each request."""
        return [body["messages"] for body in self.model.bodies]

    def roles(self, request: int = -1) -> list[tuple[str, str]]:
        """(role, text) of a request without its system prompt."""
        return [(m["role"], m["content"]) for m in self.prompts()[request] if m["role"] != "system"]

    def asked(self, request: int = -1) -> Asked:
        """The question of a request, which is its last message."""
        return read(self.prompts()[request][-1])

    def pictured(self, request: int = -1) -> list[int]:
        """How many pictures each message of a request carries, the system prompt left out."""
        return [len(read(message).pictures) for message in self.prompts()[request] if message["role"] != "system"]

    def system(self, request: int = -1) -> str:
        return "\n".join(m["content"] for m in self.prompts()[request] if m["role"] == "system")

    # What is stored

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What the database answers, by column; ask once the bot has ended, or for what it has long written."""
        with closing(sqlite3.connect(self._folder / "parley.db")) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]

    def execute(self, statement: str) -> None:
        """Change what is stored, while the bot does not run."""
        with closing(sqlite3.connect(self._folder / "parley.db")) as connection, connection:
            connection.execute(statement)

    # What is counted

    def counted(self, name: str, **labels: str) -> float:
        """The sum over the samples of this name that have these labels, of the bot that was started last."""
        families = text_string_to_metric_families(self.log.metrics[-1].render()[0].decode())
        samples = [sample for family in families for sample in family.samples if sample.name == f"parley_{name}"]
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    # What must hold after every test

    def expect_error(self, pattern: str) -> None:
        """A line that the log may hold at level error, as a regular expression."""
        self._expected.append(pattern)

    async def end(self) -> None:
        """Stop the bot if it runs, and judge what it left behind."""
        if self._bot is not None and not self._bot.done():
            self.signal()
        if self._bot is not None:
            await self.ended()
        for side in self._sides:
            assert side.floods == 0, f"{side.name}: the bot brought {side.floods} refusals for flooding on itself"
            assert side.unresolved() == [], f"{side.name}: left standing"
            left = [shown.text for screen in side.all_screens() for shown in screen.by_bot() if offers(shown, "Stop")]
            assert left == [], f"{side.name}: a finished answer offers Stop"
            self._check_secret(side.secret)
            self._check_kept(side.secret, side.address)
        self._check_secret(self.model.key)
        self._check_words()
        self._search()
        unexpected = [line for line in self.log.errors if not any(re.search(each, line) for each in self._expected)]
        assert unexpected == []

    def _check_secret(self, secret: str) -> None:
        leaks = [line for line in self.log.lines if secret in line]
        assert leaks == [], "a secret was logged"

    def _check_words(self) -> None:
        """What people write is not logged, not at level info."""
        words = {each for each in self._said if len(each) >= TELLING and not each.startswith("/")}
        assert [line for line in self.log.lines if any(each in line for each in words)] == []

    def _search(self) -> None:
        """All that the bot put out."""
        search = self.log.search
        if search is None:
            return
        search.take("log", self.log.written())
        search.take_folder("file", self._folder)
        for seen in self.model.requests:
            search.take("request", repr(seen["body"]))
        for side in self._sides:
            for screen in side.all_screens():
                search.take("screen", repr(screen.messages))
        for metrics in self.log.metrics:
            search.take("metrics", metrics.render()[0])
        assert search.leaks() == [], "a secret got out"

    def _check_kept(self, *private: str) -> None:
        """The platform's secret, and the addresses of its files, are neither sent to a provider nor stored."""
        asked = [repr(seen["body"]) for seen in self.model.requests]
        stored = [path.read_bytes().decode(errors="replace") for path in self._folder.glob("parley.db*")]
        for words in private:
            assert not any(words in body for body in asked), f"{words} was sent to a provider"
            assert not any(words in content for content in stored), f"{words} was stored"


def offers(shown: Shown, label: str) -> bool:
    return any(name == label for name, _ in shown.buttons)
