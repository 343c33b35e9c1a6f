"""The world of a story: both platforms and the model as fakes, and twenty chats with somebody in each."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson

from tests.chaos.answers import answer_text, asked_in, pieces_of, question_text, read
from tests.chaos.judge import Seen
from tests.chaos.story import Fault, Question, Seat, Story, Trouble
from tests.chaos.telegram import WatchedTelegram
from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Person, Place, Side
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.worlds import DISCORD_TOKEN, MODEL_KEY
from tests.fakes import faults
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_limits import Rules
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_script import BROKEN_JSON, Script
from tests.fakes.telegram_limits import FloodRules

WORDS_A_PIECE = 3
READING = "GET /channels/{id}/messages"


@dataclass(frozen=True, slots=True)
class Chat:
    number: int
    seat: Seat
    side: Side
    place: Place
    person: Person
    key: str


class Town:
    def __init__(self, story: Story, telegram: WatchedTelegram, discord: DiscordFake, model: OpenAIFake) -> None:
        self.telegram = telegram
        self.discord = discord
        self.model = model
        self.sides: tuple[Side, ...] = (TelegramSide(telegram), DiscordSide(discord))
        self.attempts: Counter[int] = Counter()
        self.failures: list[float] = []
        self._requests: dict[int, list[int]] = defaultdict(list)
        self._questions = {question.number: question for question in story.questions}
        self._groups: list[Place] = []
        self.chats = tuple(self._chat(number, seat) for number, seat in enumerate(story.seats))
        model.respond = self._respond

    def environment(self) -> dict[str, str]:
        providers = {"fake": {"base_url": self.model.url, "api_key": self.model.key}}
        found = {
            "PROVIDERS": orjson.dumps(providers).decode(),
            "CHAT_MODEL": "fake/test-model",
            "ALLOWED": "*",
            "ADMINS": "telegram:1",  # with none it says so at each start
            "MESSAGES_PER_MINUTE": "0",
            "DRAIN_SECONDS": "4",
            "LOG_FORMAT": "json",
        }
        for side in self.sides:
            found |= {name.upper(): value for name, value in side.settings().items()}
        return found

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.telegram.token, self.discord.token, self.model.key)

    @property
    def floods(self) -> int:
        return self.telegram.floods + self.discord.floods

    def refused(self) -> list[str]:
        """The calls that were refused for flooding, those that the story refused among them."""
        telegram = [call for call in self.telegram.calls if call.status == 429]
        discord = [call for call in self.discord.calls if call.status == 429]
        mine = [f"{call.at:.2f} {call.method} {call.chat_id}" for call in telegram]
        return mine + [f"{call.at:.2f} {call.route} {call.parameters}" for call in discord]

    def calls(self) -> tuple[list[str], list[str]]:
        """What the bot called at each platform; polls of Telegram are left out, and what is read on Discord, which
        happens whenever its client has connected anew, however late that is."""
        telegram = [f"{call.method} {call.parameters}" for call in self.telegram.calls if call.method != "getUpdates"]
        return telegram, [f"{call.route} {call.parameters}" for call in self.discord.calls if call.route != READING]

    async def quiet(self, seconds: float, *, within: float) -> None:
        """Wait until the bot has called nothing for so long: what it does last may change nothing that people see."""
        deadline = asyncio.get_running_loop().time() + within
        before, calls = None, self.calls()
        while before != calls and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(seconds)
            before, calls = calls, self.calls()

    def emissions(self, number: int) -> list[list[tuple[float, int]]]:
        """When each piece of each attempt at an answer went out, and how many words it had."""
        found = []
        for attempt, index in enumerate(self._requests[number]):
            pieces = self._pieces(self._questions[number], attempt)
            times = [at for at, _ in self.model.requests[index]["emissions"]]
            found.append([(at, len(read(piece).words)) for at, piece in zip(times, pieces, strict=False)])
        return found

    def ask(self, question: Question) -> str:
        """Let somebody ask; returns the message's id."""
        chat = self.chats[question.chat]
        text = question_text(question.number)
        words = text if chat.place.kind == "private" else chat.side.mention(text)
        return chat.side.say(chat.place, chat.person, words)

    def disturb(self, fault: Fault) -> None:
        """Let a call go wrong from now on."""
        fields: dict[str, Any] = {"skip": fault.skip, "times": fault.times, "seconds": fault.seconds, "status": 502}
        if fault.call == "poll":
            self.telegram.faults.add(faults.Fault(fault.kind, "getUpdates", **fields))
            return
        assert fault.chat is not None
        chat = self.chats[fault.chat]
        chat.side.fault(fault.kind, fault.call, chat.place, **fields)

    def calm(self) -> Counter[str]:
        """Nothing goes wrong any more; tells what did not come to pass."""
        left: Counter[str] = Counter()
        for plan in (self.telegram.faults, self.discord.faults):
            for fault in plan.faults:
                left[fault.kind] += fault.times
            plan.faults.clear()
        return left

    def seen(self, chat: Chat, unsure: frozenset[str] = frozenset()) -> tuple[Seen, ...]:
        """The bot's messages on the screen."""
        return tuple(
            Seen(
                shown.message_id,
                shown.text,
                tuple(label for label, _ in shown.buttons),
                shown.reply_to,
                unsure=shown.message_id in unsure,
            )
            for shown in chat.side.screen(chat.place).by_bot()
        )

    def _chat(self, number: int, seat: Seat) -> Chat:
        platform, _, kind = seat.partition(" ")
        side = self.sides[0 if platform == "telegram" else 1]
        person = side.person(f"Person{number}")
        if kind == "private":
            place = side.private(person)
        elif kind == "topic":
            group = self._groups[number % len(self._groups)]
            place = side.topic(group, f"Topic {number}", person)
        else:
            place = side.group(f"Group {number}".replace(" ", "-"))
        if seat == "telegram group":
            self._groups.append(place)
        return Chat(number, seat, side, place, person, self._key(place, platform))

    def _key(self, place: Place, platform: str) -> str:
        if platform == "discord":
            return f"discord:{self.discord.bot_user.id}:{place.raw.id}"
        chat, thread = place.raw
        key = f"telegram:{self.telegram.bot_user.id}:{chat.id}"
        return key if thread is None else f"{key}:{thread}"

    def _respond(self, body: dict[str, Any]) -> Script:
        number = asked_in(_words(body["messages"][-1]["content"]))
        question = None if number is None else self._questions.get(number)
        if question is None:
            return Script.of("Nothing to say about that.")
        attempt = self.attempts[question.number]
        self.attempts[question.number] += 1
        self._requests[question.number].append(self._index_of(body))
        script = Script(self._pieces(question, attempt), pace=question.pace, first_delay=question.pace * 4)
        if attempt < len(question.troubles):
            self.failures.append(asyncio.get_running_loop().time())
            return _troubled(script, question.troubles[attempt])
        return script

    @staticmethod
    def _pieces(question: Question, attempt: int) -> list[str]:
        return pieces_of(answer_text(question.number, attempt, question.words), WORDS_A_PIECE)

    def _index_of(self, body: dict[str, Any]) -> int:
        newest = range(len(self.model.requests) - 1, -1, -1)
        return next(index for index in newest if self.model.requests[index]["body"] is body)


def _words(content: object) -> str:
    if isinstance(content, str):
        return content
    assert isinstance(content, list)
    return " ".join(part.get("text", "") for part in content)


def _troubled(script: Script, trouble: Trouble) -> Script:
    after = min(trouble.after // WORDS_A_PIECE, len(script.pieces))
    match trouble.kind:
        case "rate limited":
            return Script.rate_limited({"retry-after": "2"})
        case "unavailable":
            return Script.error(503, "The server is overloaded.")
        case "page":
            return Script.web_page()
        case "cut":
            return replace(script, cut_after=after)
        case "short":
            return replace(script, end_after=after)
        case "stalled":
            return replace(script, stall_after=after)
        case "broken":
            return replace(script, insert={after: BROKEN_JSON})


@asynccontextmanager
async def town_of(story: Story, speed: float) -> AsyncIterator[Town]:
    """What a platform tolerates of the network it tolerates in real time, however fast the clock is."""
    usual = FloodRules()
    rules = replace(usual, slack=usual.slack * speed, in_flight=usual.in_flight * speed)
    patient = replace(Rules(), respond_within=Rules().respond_within * speed)
    async with AsyncExitStack() as stack:
        telegram = WatchedTelegram(rules=rules)
        await stack.enter_async_context(telegram)
        discord = await stack.enter_async_context(DiscordFake(token=DISCORD_TOKEN, rules=patient))
        model = await stack.enter_async_context(OpenAIFake(key=MODEL_KEY, record_emissions=True))
        yield Town(story, telegram, discord, model)
