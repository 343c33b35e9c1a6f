"""What an end-to-end test sees of a chat platform: people, places, what they do there, and what they see."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot.app import PlatformFactory
from bot.settings import Settings
from tests.fakes.faults import Fault, FaultKind
from tests.fakes.screen import Screen, Shown

CallName = Literal["send", "edit", "typing", "fetch"]
"""fetch: the bot gets a file, wherever it lies."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody; `raw` is the platform's own object."""

    name: str
    handle: str
    raw: Any


@dataclass(frozen=True, slots=True)
class Place:
    """A private chat, a group, or a topic of one; `raw` is what the platform's side needs to find it."""

    kind: Literal["private", "group", "topic"]
    raw: Any


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that somebody sends; `seconds` is how long a recording lasts."""

    kind: Literal["photo", "voice", "audio", "round video", "video", "document", "sticker"]
    data: bytes
    name: str | None = None
    mime: str | None = None
    seconds: int | None = None


class Side(ABC):
    """One platform. Message ids are text. Faults name the core's calls, which each side translates."""

    name: str
    part_length: int

    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """The settings that switch this platform on."""

    @abstractmethod
    def factory(self, settings: Settings) -> PlatformFactory: ...

    @abstractmethod
    async def up(self) -> None:
        """Wait until the bot hears what people say."""

    @abstractmethod
    def person(self, name: str) -> Person: ...

    @abstractmethod
    def private(self, person: Person) -> Place: ...

    @abstractmethod
    def group(self, title: str = "Lab", *, hears_all: bool = False) -> Place:
        """A group, or a server's channel, in which topics can be opened.

        `hears_all`: the bot is told also what is not said to it (`say` without `mention`), which on Telegram takes an
        administrator; on Discord it always is.
        """

    @abstractmethod
    def topic(self, group: Place, name: str, person: Person) -> Place:
        """A topic, or a thread, that a person opens."""

    @abstractmethod
    def say(self, place: Place, person: Person, text: str, reply_to: str | None = None) -> str:
        """Say something, to nobody unless the text mentions somebody (`mention`); returns the message's id."""

    @abstractmethod
    def send(
        self, place: Place, person: Person, files: Sequence[Sent], text: str = "", reply_to: str | None = None
    ) -> str:
        """Send files with words; several are an album. Returns the id of the message with the words."""

    @abstractmethod
    def mention(self, text: str) -> str:
        """The text behind a mention of the bot."""

    @abstractmethod
    def command(
        self,
        place: Place,
        person: Person,
        line: str,
        *,
        file: Sent | None = None,
        about: str | None = None,
    ) -> None:
        """Use a command, given as a line of text whatever the platform makes of it.

        `file` comes along, as the platform lets people do that. `about`: it is used on this message, by a reply or, on
        Discord, through the message's menu.
        """

    @abstractmethod
    def push(self, place: Place, person: Person, message: Shown, data: str) -> None:
        """Press the button with this data."""

    @abstractmethod
    async def fill_in(self, place: Place, person: Person, message: Shown, data: str, words: str) -> None:
        """Press a button that asks for words, and say them as the platform lets people do that."""

    @abstractmethod
    def edit(self, place: Place, person: Person, message_id: str, text: str) -> None:
        """A person changes a message of their own; the new text is said as in `say`."""

    @abstractmethod
    def delete(self, place: Place, message_id: str) -> None:
        """Somebody takes a message away, anybody's. Telegram tells bots nothing of it."""

    @abstractmethod
    def screen(self, place: Place) -> Screen: ...

    @abstractmethod
    def whispered(self, place: Place, person: Person) -> list[Shown]:
        """The bot's messages on the screen that this person alone sees; on Telegram there are none."""

    @abstractmethod
    def rendered(self, text: str) -> str:
        """The Markdown text as this platform shows it."""

    @abstractmethod
    def fault(
        self, kind: FaultKind, call: CallName, place: Place | None = None, *, final: bool = False, **fields: Any
    ) -> None:
        """Let a call go wrong, in this place alone if one is given. `final`: only the call that ends an answer."""

    @property
    @abstractmethod
    def floods(self) -> int:
        """Refusals for flooding that the bot brought on itself."""

    def rest(self) -> None:
        """The bot was away for a while: what the platform counts, and tells nobody, starts afresh."""
        return

    @property
    @abstractmethod
    def fetches(self) -> int:
        """How often the bot tried to get a file."""

    @property
    @abstractmethod
    def secret(self) -> str: ...

    @property
    @abstractmethod
    def address(self) -> str:
        """Where its servers are, as addresses of files begin."""

    @abstractmethod
    def unresolved(self) -> list[str]:
        """What is left standing for ever: signs of thinking that nothing took the place of."""

    @abstractmethod
    def all_screens(self) -> list[Screen]: ...


def ends_an_answer(parameters: Mapping[str, Any]) -> bool:
    """Whether a call shows the Retry button, which the last call of each answer does."""
    return "retry " in json.dumps(parameters, default=str)


def fault_of(kind: FaultKind, call: str, where: tuple[str, str] | None, *, final: bool, **fields: Any) -> Fault:
    """A fault for a call whose parameter `where[0]` is `where[1]`."""

    def when(parameters: dict[str, Any]) -> bool:
        if where is not None and str(parameters.get(where[0])) != where[1]:
            return False
        return not final or ends_an_answer(parameters)

    return Fault(kind, call, when=when, **fields)
