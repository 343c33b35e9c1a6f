"""Plays a story: starts the bot, lets people ask and things go wrong, waits until all has settled, and judges."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.database import Database, Rows, SqliteFile, answers_in, heard, written_down
from tests.chaos.judge import Asked, Excuse, Record, Verdict, judge
from tests.chaos.nursery import LEFT_BEHIND
from tests.chaos.process import Bot, Nursery
from tests.chaos.story import Act, Fault, Question, Story, name_of, told
from tests.chaos.town import Town, town_of

SPEED = 12.0
"""How many times as fast as the real one the clock of the bot and of the fakes runs."""

SETTLES_WITHIN = 25.0
"""Real seconds after the last event until every chat looks as it should."""

STARTS_WITHIN = 30.0
ENDS_WITHIN = 15.0
"""Real seconds, of a busy machine."""

QUIET = 8.0
"""Seconds on the clock in which a bot with nothing to do must do nothing: longer than a sign of typing lasts."""

CALM = 2.0
"""Real seconds without a call after which a question that was not answered may be one that cannot be."""

LATENESS = 0.5
"""Real seconds that a busy machine may be late with what is due each second."""

MAY_BE_LOST = 2.0
"""Seconds of an answer's text that a sudden death may cost."""

JUST_BEFORE = 1.0
"""Real seconds before a sudden death in which a message may have been sent and not yet written down."""

DESCRIPTORS = 60
"""Open files and sockets of a bot that has nothing to do: at most so many."""

LEFT_ALONE_AFTER = 3
"""Calls to the model that failed, after which a bot may leave it alone for a while (`bot.llm.circuit`) and tell people
so who asked meanwhile; as many must have failed at most `LEFT_ALONE_FOR` seconds before or after the question."""

LEFT_ALONE_FOR = 60.0

FORGETFUL = 20 * 3600.0
"""Seconds by which the clock must jump ahead until a bot does not look any more for what was said while it was away."""

UNEVENTFUL = ("freeze", "jump", "lock", "full", "cut")
"""What keeps the bot connected to Discord's gateway."""

EXPECTED_WITH_STORAGE = (
    r"something failed in|turn \S+ failed|database|is shown and not stored|"
    r"Exception closing connection|intake does not end"
)
"""What may be logged as an error when the database was in trouble."""

TELLTALE = re.compile(r"Task was destroyed|never retrieved|never awaited|Unclosed|Traceback|" + LEFT_BEHIND)
"""Words in a log that mean that something was left behind or not expected."""


@dataclass(slots=True)
class Report:
    """What came of a story. `left` are the replies that were on their way when a process ended."""

    story: Story
    violations: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    ends: int = 0
    repeats: int = 0
    seconds: float = 0.0
    screens: str = ""
    log: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(
            [
                f"SEED={self.story.seed}: {len(self.violations)} violations",
                *(f"  {violation}" for violation in self.violations),
                "the story:",
                told(self.story),
                "the screens of the chats concerned:",
                self.screens,
            ]
        )


async def play(
    story: Story, nursery: Nursery, folder: Path, *, speed: float = SPEED, database: Database | None = None
) -> Report:
    """Takes some seconds; the loop must run `speed` times as fast as the real clock. Without a `database` there is a
    file in the folder."""
    began = time.monotonic()
    report = Report(story)
    async with town_of(story, speed) as town:
        stage = _Stage(story, town, nursery, database or SqliteFile(folder), folder, report, speed)
        try:
            await stage.perform()
        finally:
            await stage.clear()
    report.seconds = time.monotonic() - began
    return report


class _Stage:
    def __init__(
        self,
        story: Story,
        town: Town,
        nursery: Nursery,
        database: Database,
        folder: Path,
        report: Report,
        speed: float,
    ) -> None:
        self._story = story
        self._town = town
        self._nursery = nursery
        self._database = database
        self._folder = folder
        self._report = report
        self._speed = speed
        self._bots: list[Bot] = []
        self._deaths: list[float] = []
        self._freezes: list[tuple[float, float]] = []
        self._troubles: list[tuple[float, float]] = []
        self._cuts: list[float] = []
        self._asked: dict[int, tuple[str, float]] = {}
        self._unsure: set[str] = set()
        self._unheard: set[int] = set()
        self._process = asyncio.Lock()
        self._going_on = asyncio.Event()
        self._going_on.set()
        self._settled = False
        self._polls = 0
        self._origin = 0.0

    async def perform(self) -> None:
        """From the first start to the last line of the log."""
        self._nursery.set_wall(0.0)
        await self._start()
        await self._up()
        await self._greet()
        self._origin = _now()
        async with asyncio.TaskGroup() as group:
            for question in self._story.questions:
                if not question.greets:
                    group.create_task(self._at(question.at, self._ask, question))
            for fault in self._story.faults:
                group.create_task(self._at(fault.at, self._disturb, fault))
            for act in self._story.acts:
                group.create_task(self._at(act.at, self._act, act))
        left = self._town.calm()
        for fault in self._story.faults:
            self._report.faults[fault.kind] += fault.times
        self._report.faults.subtract(left)
        for act in self._story.acts:
            self._report.faults[act.deed] += 1
        for question in self._story.questions:
            for trouble in question.troubles[: self._town.attempts[question.number]]:
                self._report.faults[f"model {trouble.kind}"] += 1
        await self._up()
        await self._settle()
        if not self._report.violations:
            await self._be_quiet()
        await self._end()
        self._judge_chats(self._database.rows_left())
        self._judge_process()

    async def clear(self) -> None:
        for bot in self._bots:
            if bot.status is None:
                bot.signal(signal.SIGKILL)
                await bot.ended.wait()

    # The events of the story

    async def _at(self, at: float, act: Callable[[Any], Awaitable[None]], event: Any) -> None:
        while (wait := self._origin + at - _now()) > 0:
            await asyncio.sleep(wait)
            await self._going_on.wait()
        await act(event)

    async def _greet(self) -> None:
        """The first words in some chats, which are answered before anything goes wrong."""
        greetings = [question for question in self._story.questions if question.greets]
        for greeting in greetings:
            await self._ask(greeting)
        places = [self._town.chats[greeting.chat] for greeting in greetings]
        deadline = _now() + SETTLES_WITHIN * self._speed
        while not all(any("Retry" in seen.buttons for seen in self._town.seen(place)) for place in places):
            if _now() > deadline:
                self._report.violations.append("the greetings were not answered")
                return
            await asyncio.sleep(0.02 * self._speed)

    async def _ask(self, question: Question) -> None:
        self._asked[question.number] = (self._town.ask(question), _now())

    async def _disturb(self, fault: Fault) -> None:
        self._town.disturb(fault)

    async def _act(self, act: Act) -> None:
        match act.deed:
            case "kill" | "terminate":
                async with self._process:
                    await (self._restart_in_peace(act) if act.waits else self._restart(act))
            case "freeze":
                async with self._process:
                    began = _now()
                    self._bot.signal(signal.SIGSTOP)
                    await asyncio.sleep(act.seconds)
                    self._bot.signal(signal.SIGCONT)
                    self._freezes.append((began, _now()))
            case "jump":
                self._nursery.set_wall(act.seconds)
            case "lock":
                await self._trouble(self._database.lock(act.seconds))
            case "full":
                await self._trouble(self._database.fill(self._bot.pid, act.seconds))
            case "cut":
                await self._trouble(self._database.cut())
            case "drop":
                await self._town.discord.drop_gateway(resumable=True)
            case "lose":
                await self._town.discord.drop_gateway(resumable=False)
            case "outage":
                await self._town.discord.stop_listening()
                await asyncio.sleep(act.seconds)
                await self._town.discord.start_listening()

    async def _trouble(self, trouble: Awaitable[None]) -> None:
        began = _now()
        await trouble
        self._troubles.append((began, _now()))

    async def _restart_in_peace(self, act: Act) -> None:
        """Nothing happens until the bot is up again."""
        stopped = _now()
        self._going_on.clear()
        await self._restart(act)
        await self._up()
        self._origin += _now() - stopped
        self._going_on.set()

    async def _restart(self, act: Act) -> None:
        """A sudden death may come at any time, also while the bot starts; SIGTERM is understood once it is up."""
        bot = self._bot
        self._cuts.append(_now())
        if act.deed == "kill":
            bot.signal(signal.SIGKILL)
            await bot.ended.wait()
            self._report.kills += 1
        else:
            await self._up()
            bot.signal(signal.SIGTERM)
            await self._wait_for_end(bot)
            self._report.ends += 1
        self._deaths.append(_now())
        self._take_stock(sudden=act.deed == "kill")
        await asyncio.sleep(act.seconds)
        await self._start()

    # The process

    @property
    def _bot(self) -> Bot:
        return self._bots[-1]

    async def _start(self) -> None:
        self._town.telegram.life += 1
        self._polls = self._town.telegram.counted()["getUpdates"]
        environment = self._town.environment() | {"DATABASE_URL": self._database.url}
        self._bots.append(await self._nursery.start(self._folder, environment, self._speed))

    async def _up(self) -> None:
        """Wait until the bot hears what people say."""
        patience = STARTS_WITHIN * self._speed
        try:
            await self._town.telegram.until_called("getUpdates", self._polls + 1, timeout=patience)
            await self._town.discord.ready(timeout=patience)
        except TimeoutError:
            self._report.violations.append(f"the bot did not start: {self._bot.lines[-5:]}")

    async def _wait_for_end(self, bot: Bot) -> None:
        try:
            async with asyncio.timeout(ENDS_WITHIN * self._speed):
                await bot.ended.wait()
        except TimeoutError:
            self._report.violations.append("the bot did not end after SIGTERM")
            bot.signal(signal.SIGKILL)
            await bot.ended.wait()
        if bot.status != 0:
            self._report.violations.append(f"the bot ended with status {bot.status}: {bot.lines[-5:]}")

    async def _end(self) -> None:
        bot = self._bot
        if bot.status is not None:
            self._report.violations.append(f"the bot ended by itself with status {bot.status}: {bot.lines[-5:]}")
            return
        bot.signal(signal.SIGTERM)
        await self._wait_for_end(bot)

    def _take_stock(self, *, sudden: bool) -> None:
        """What the bot that has ended cannot know: messages on Telegram whose answer did not reach it, and after a
        sudden death those that were sent just before and stand nowhere in the database."""
        telegram, rows = self._town.telegram, self._database.rows_left()
        self._report.left += [f"left at {_now():.1f}: {row}" for row in rows.get("outbox", ())]
        mine = [sending for sending in telegram.sendings if sending.life == telegram.life]
        self._unsure |= {sending.message_id for sending in mine if sending.heard is False}
        since = _now() - JUST_BEFORE * self._speed
        # A bot that was frozen meanwhile wrote nothing down.
        since = min([since, *(began - JUST_BEFORE * self._speed for began, end in self._freezes if end >= since)])
        recent = [sending.message_id for sending in mine if sudden and sending.at >= since]
        self._unsure |= {message_id for message_id in recent if not written_down(rows, message_id)}

    # Waiting and judging

    async def _settle(self) -> None:
        deadline = _now() + SETTLES_WITHIN * self._speed
        # Twenty screens and a database are watched here, which no single event tells about.
        calls, calm_since = self._town.calls(), _now()
        while (found := self._look(None)) and _now() < deadline and self._bot.status is None:
            await asyncio.sleep(0.1 * self._speed)
            now = self._town.calls()
            if self._town.model.running or now != calls:
                calls, calm_since = now, _now()
            elif _now() - calm_since > CALM * self._speed:
                self._listen(self._database.rows())
                self._settled = True
        self._settled = True
        self._report.violations += found

    def _listen(self, rows: Rows) -> None:
        """Find out what the bot was never told: on Discord, in places where it had not talked before it was away, or
        none at all when its clock says that all of that was long ago."""
        self._unheard.clear()
        if not [act for act in self._story.acts if act.deed not in UNEVENTFUL]:
            return
        forgetful = any(act.deed == "jump" and act.seconds > FORGETFUL for act in self._story.acts)
        known: set[int] = set()
        for question in self._story.questions:
            discord = self._story.seats[question.chat].startswith("discord")
            if not discord or heard(rows, self._asked[question.number][0]):
                known.add(question.chat)
            elif forgetful or question.chat not in known:
                self._unheard.add(question.number)

    def _look(self, rows: Rows | None) -> list[str]:
        return [violation for verdict in self._verdicts(rows) for violation in verdict.violations]

    def _verdicts(self, rows: Rows | None) -> list[Verdict]:
        sendings = self._town.telegram.sendings
        unsure = self._unsure | {sending.message_id for sending in sendings if sending.heard is False}
        if late := {sending.message_id for sending in sendings if sending.heard is None}:
            known = rows or self._database.rows()
            unsure |= {message_id for message_id in late if not written_down(known, message_id)}
        return [judge(self._record(chat.number, rows, frozenset(unsure))) for chat in self._town.chats]

    def _record(self, number: int, rows: Rows | None, unsure: frozenset[str]) -> Record:
        chat = self._town.chats[number]
        asked = tuple(self._asked_of(question) for question in self._story.questions if question.chat == number)
        stored = None if rows is None else answers_in(rows, chat.key)
        replies = chat.place.kind != "private"
        return Record(name_of(self._story, number), asked, self._town.seen(chat, unsure), stored, replies)

    def _asked_of(self, question: Question) -> Asked:
        message_id, _ = self._asked[question.number]
        excuses, kept = self._excuses(question), self._kept(question)
        unheard = question.number in self._unheard
        unkept = self._settled and self._unkept(question)
        return Asked(question.number, message_id, question.words, excuses, kept, unheard=unheard, unkept=unkept)

    def _unkept(self, question: Question) -> bool:
        """Whether the process died when it could not write down what became of the question."""
        late = JUST_BEFORE * self._speed
        ends = [death for death in self._deaths if death >= self._asked[question.number][1]]
        return any(began <= death <= end + late for began, end in self._troubles for death in ends)

    def _kept(self, question: Question) -> Mapping[int, int]:
        """How many words the model had written some time before the bot had to end, for each of its attempts."""
        margin = MAY_BE_LOST + LATENESS * self._speed
        found = {}
        for attempt, emitted in enumerate(self._town.emissions(question.number)):
            ends = zip(self._cuts, self._deaths, strict=False)
            cut = next((cut for cut, death in ends if emitted and death >= emitted[-1][0]), None)
            if cut is not None:
                found[attempt] = sum(words for at, words in emitted if self._reached(at) < cut - margin)
        return found

    def _reached(self, at: float) -> float:
        """When the bot can have read what the model wrote then."""
        late = LATENESS * self._speed
        return max([at, *(end for began, end in self._freezes if began - late <= at <= end)])

    def _excuses(self, question: Question) -> frozenset[Excuse]:
        found: set[Excuse] = set()
        asked_at = self._asked[question.number][1]
        failures = [at for at in self._town.failures if abs(at - asked_at) < LEFT_ALONE_FOR]
        if question.troubles or len(failures) >= LEFT_ALONE_AFTER:
            found.add("model")
        deaths = sum(death >= asked_at for death in self._deaths)
        if deaths:
            found.add("restart")
        if self._story.has("lock", "full", "cut"):
            found.add("storage")
        return frozenset(found)

    async def _be_quiet(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLES_WITHIN * self._speed):
                # A call that worked and failed for the bot is repeated, which a busy machine may make late.
                while self._database.rows().get("outbox"):  # noqa: ASYNC110  # of another process
                    await asyncio.sleep(self._speed)
        await self._town.quiet(CALM * self._speed, within=SETTLES_WITHIN * self._speed)
        before = self._town.calls()
        await asyncio.sleep(QUIET)
        for known, calls in zip(before, self._town.calls(), strict=True):
            self._report.violations += [f"called with nothing left to do: {call}" for call in calls[len(known) :]]
        if self._town.model.running:
            self._report.violations.append(f"{self._town.model.running} requests to the model are still open")
        found = self._bot.descriptors()
        if len(found) > DESCRIPTORS:
            self._report.violations.append(f"{len(found)} open files: {Counter(found).most_common(5)}")
        if children := self._bot.children():
            self._report.violations.append(f"processes are left: {children}")

    def _judge_chats(self, rows: Rows) -> None:
        report = self._report
        self._listen(rows)
        verdicts = self._verdicts(rows)
        for verdict in verdicts:
            report.violations += [each for each in verdict.violations if each not in report.violations]
            report.outcomes.update(verdict.outcomes.values())
            report.repeats += verdict.repeats
        report.screens = "\n".join(
            f"{name_of(self._story, chat.number)}: {self._town.seen(chat, frozenset(self._unsure))}"
            for chat, verdict in zip(self._town.chats, verdicts, strict=True)
            if verdict.violations
        )

    def _judge_process(self) -> None:
        report, town = self._report, self._town
        if town.floods:
            report.violations.append(f"{town.floods} refusals for flooding: {town.refused()}")
        report.log = [line for bot in self._bots for line in bot.lines]
        report.violations += [f"a secret was logged: {secret}" for secret in town.secrets if secret in str(report.log)]
        report.violations += [f"logged: {line[:2000]}" for line in report.log if self._unexpected(line)]

    def _unexpected(self, line: str) -> bool:
        excused = self._story.has("lock", "full", "cut") and re.search(EXPECTED_WITH_STORAGE, line)
        try:
            level = json.loads(line)["level"]
        except (ValueError, KeyError, TypeError):
            return bool(line.strip())
        return not excused and (level in ("error", "critical") or bool(TELLTALE.search(line)))


def _now() -> float:
    return asyncio.get_running_loop().time()
