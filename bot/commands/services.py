"""What command handlers may use: the parts of the running bot, handed over by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.access.claim import Claimed
from bot.access.policy import AccessPolicy
from bot.conversation.manners import Manner, Name
from bot.conversation.setup import Setup
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import CommandCall
from bot.domain.personas import Persona, Variant
from bot.domain.rules import Rule
from bot.domain.usage import Account, Budget, DaySpent
from bot.ports import Channel, ChatModel, Forgetting, Store


class Talk(Protocol):
    """Turns, as commands start and stop them. Answers are shown on `channel`."""

    async def ask(self, event: CommandCall, channel: Channel, text: str) -> None:
        """Answer one question without history."""
        ...

    async def compare(self, event: CommandCall, channel: Channel, text: str, variants: Sequence[Variant]) -> None:
        """Answer one question by several personas or models, side by side."""
        ...

    async def retry(self, event: CommandCall, channel: Channel, model: str | None) -> bool:
        """Answer the last question again; False when there is none."""
        ...

    async def new(self, chat: ChatRef) -> None:
        """Start a new conversation."""
        ...

    def stop(self, chat: ChatRef) -> bool:
        """Stop the running answer; False when none is running."""
        ...

    async def setup(self, chat: ChatRef, person: Person) -> tuple[Persona, str]:
        """The persona and the `provider/model` that answer here now."""
        ...


class PersonaShelf(Protocol):
    """Personas that can be used in a chat: built in, configured, and written by people."""

    async def available(self, chat: ChatRef, person: Person) -> Sequence[Persona]:
        """All of them, sorted by name."""
        ...

    async def find(self, chat: ChatRef, person: Person, name: str) -> Persona | None:
        """One by name, or a combination such as `teacher+engineer`."""
        ...


class AdminList(Protocol):
    """Who may use the bot: the settings, and the rules that admins make. Subjects are `platform:id`."""

    @property
    def settings(self) -> AccessPolicy: ...

    @property
    def admins(self) -> frozenset[str]:
        """Handles of people."""
        ...

    def is_admin(self, person: Person) -> bool: ...

    def allows(self, chat: ChatRef, person: Person) -> bool: ...

    def listed(self) -> Sequence[Rule]:
        """The rules, the newest last."""
        ...

    async def allow(self, subject: str, by: str) -> None:
        """Let somebody in who is not on the settings' list, or was denied."""
        ...

    async def deny(self, subject: str, by: str) -> None:
        """Keep somebody out, also who is on the settings' list; admins are never kept out."""
        ...

    async def reset(self, subject: str) -> bool:
        """Take back what the rules say of a subject, an admin's right included; False when they say nothing."""
        ...

    async def move(self, old: str, new: str) -> None:
        """A place has another id: what rules say of it goes along."""
        ...


class ClaimDesk(Protocol):
    async def claim(self, person: Person, typed: str) -> Claimed:
        """Make a person the first admin, for the code that was logged at the start."""
        ...


class BudgetBook(Protocol):
    """The budgets that hold: those of the settings and those that admins set."""

    def all(self) -> Sequence[Budget]: ...

    async def remaining(self, account: Account) -> Sequence[tuple[Budget, int, int]]:
        """The budgets that hold for this account, each with what is spent of it and what is reserved now."""
        ...

    async def reload(self) -> None:
        """Read what admins set anew."""
        ...

    async def move(self, old: str, new: str) -> None:
        """A chat has another name (`platform:bot:chat`): what was set for it goes along."""
        ...


class Charts(Protocol):
    async def usage(self, days: Sequence[DaySpent]) -> bytes:
        """A PNG of what was spent on each of these days; raises `bot.errors.FileError`."""
        ...


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the bot is. `uptime` is in seconds, `models` are by what they do (`chat`, `image`), `running` counts the
    answers that are being written and `waiting` what waits for its turn."""

    version: str
    uptime: float
    platforms: tuple[str, ...]
    database: str
    models: Mapping[str, str]
    running: int
    waiting: int


class Status(Protocol):
    def vitals(self) -> Vitals: ...


class Studio(Protocol):
    """Pictures. Raises `bot.errors.UsageError` with a sentence where something cannot be done."""

    async def imagine(
        self, event: CommandCall, channel: Channel, prompt: str, size: str | None, quality: str | None, count: int
    ) -> None:
        """Make pictures, or change those that came with the command or that it replies to."""
        ...


class Voice(Protocol):
    """Speech. Raises `bot.errors.UsageError` with a sentence where something cannot be done."""

    @property
    def speaks(self) -> bool:
        """Whether a speech model is configured."""
        ...

    async def chosen(self, chat: ChatRef, person: Person) -> str | None:
        """What this chat chose: `off`, `on`, or the name of a voice; None where nobody chose."""
        ...

    async def speak(self, event: CommandCall, channel: Channel, text: str) -> None:
        """Speak a text and show it."""
        ...

    async def transcribe(self, event: CommandCall, channel: Channel) -> str | None:
        """The words of the recording that came with a command or that it replies to; None after they were shown."""
        ...


class Setups(Protocol):
    async def of(self, chat: ChatRef, person: Person) -> Setup:
        """What a question is answered with here now."""
        ...


class Manners(Protocol):
    """How the bot behaves in a chat."""

    def of(self, chat: ChatRef) -> Manner: ...

    async def put(self, chat: ChatRef, name: Name, value: str | None) -> None:
        """Set something for the thread or chat; None goes back to what holds above it."""
        ...


class Abilities(Protocol):
    """What is known of a model. `sampling`: takes temperature and the like; `max_output` is in tokens."""

    @property
    def sampling(self) -> bool: ...

    @property
    def max_output(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Services:
    """`default_model` is the `provider/model` of chats that chose none. `abilities` tells about a `provider/model`."""

    store: Store
    models: ChatModel
    personas: PersonaShelf
    talk: Talk
    studio: Studio
    voice: Voice
    access: AdminList
    claim: ClaimDesk
    budgets: BudgetBook
    charts: Charts
    status: Status
    default_model: str
    setups: Setups
    manners: Manners
    forgetting: Forgetting
    abilities: Callable[[str], Abilities]
