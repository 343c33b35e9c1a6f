"""Every seam of the core. What lies behind one translates; what lies before it sees only these and `bot.domain`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from bot.domain.attachments import Attachment
from bot.domain.conversations import Answer, Exchange, Question, Turn
from bot.domain.events import ReplyEvent
from bot.domain.ids import ChatRef, Person
from bot.domain.media import ImageEvent, ImageRequest, Picture, Sound, SpeechRequest, TranscriptionRequest
from bot.domain.messages import Incoming
from bot.domain.personas import Persona
from bot.domain.platform import Limits, Outgoing
from bot.domain.prompts import ChatRequest, ModelInfo


class Channel(Protocol):
    """Where one reply is shown. Calls raise `bot.errors.DeliveryError` and never wait for a rate limit themselves.

    `rate_key` names the place that the platform meters: channels with the same key share one gate.
    """

    @property
    def chat(self) -> ChatRef: ...

    @property
    def rate_key(self) -> str: ...

    @property
    def limits(self) -> Limits: ...

    def fits(self, source: str) -> bool:
        """Whether one message can carry this Markdown once it is rendered. Pure."""
        ...

    def fits_caption(self, source: str) -> bool:
        """The same for the text beside files. Pure."""
        ...

    async def send(self, message: Outgoing) -> str:
        """Show a new message; returns its id, of an album that of its first message."""
        ...

    async def edit(self, message_id: str, message: Outgoing) -> None:
        """Make a message look like this; buttons that are not in `message` go away.

        A message may be given files, or others in their place, but never loses them; one that has files and is edited
        without any keeps them, and `source` is then its caption. An album that stands apart cannot be edited.
        """
        ...

    async def preview(self, preview_id: int, message: Outgoing) -> None:
        """Show a passing preview (only where `limits.previews`); a later `send` replaces it."""
        ...

    async def typing(self) -> None:
        """Show for some seconds that an answer is being written."""
        ...

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """A file that came to this chat, of at most `limit` bytes; raises `bot.errors.FileError`. Bounded in time."""
        ...


class Inbox(Protocol):
    """The one door of the core."""

    def accept(self, event: Incoming, channel: Channel) -> None:
        """Take an event. Does not wait: the order of these calls is the order in which a chat is answered."""
        ...

    async def complete(
        self, chat: ChatRef, person: Person, path: tuple[str, ...], option: str, typed: str
    ) -> Sequence[str]:
        """At most 25 suggestions for a command's option, for platforms that complete while a person types."""
        ...


class Platform(Protocol):
    """A chat platform: enter it, receive until cancelled, leave it.

    Cancelling `receive` ends the intake alone: channels go on working until the platform is left, so that running
    answers can be finished. Entering never fails because the platform is down; `receive` connects, and reconnects
    for as long as it takes.
    """

    @property
    def name(self) -> str: ...

    async def __aenter__(self) -> Platform: ...

    async def __aexit__(self, *exc: object) -> None: ...

    async def receive(self, inbox: Inbox) -> None: ...

    async def check(self) -> str:
        """Reach the platform once; returns one line that names the bot. Raises a ParleyError that says why not."""
        ...


class ChatModel(Protocol):
    def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        """The answer as it is made: Started first, Finished last, in between text, reasoning and usage.

        Raises `bot.errors.ModelError`. The caller closes the generator (`contextlib.aclosing`), which ends the request.
        """
        ...

    def knows(self, model: str) -> bool:
        """Whether the provider of this `provider/model` is configured."""
        ...

    async def models(self) -> Sequence[ModelInfo]:
        """What the providers offer now, sorted by `provider/model` name; those that do not answer are left out."""
        ...


class Transcriber(Protocol):
    async def transcribe(self, request: TranscriptionRequest) -> str:
        """The words of a recording, "" where nobody speaks. Raises `bot.errors.ModelError`."""
        ...


class ImageModel(Protocol):
    def paint(self, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """Sketches while the picture is made, where the model shows them, and then as many pictures as were asked for,
        or at least one. Raises `bot.errors.ModelError`; closing the generator ends the request."""
        ...


class SpeechModel(Protocol):
    async def speak(self, request: SpeechRequest) -> Sound:
        """The text spoken; Ogg/Opus where the provider can. Raises `bot.errors.ModelError`."""
        ...


class Conversations(Protocol):
    """Stored history. A chat (`ChatRef.key`) has one conversation at a time; its rows form a tree."""

    async def current(self, chat_key: str) -> int:
        """The chat's conversation, made when there is none."""
        ...

    async def start_new(self, chat_key: str) -> int: ...

    async def add_question(self, conversation: int, question: Question) -> int | None:
        """Add a question behind the newest answer; returns the turn's id, or None when this key was stored before."""
        ...

    async def add_answer(self, turn: int, answer: Answer) -> int:
        """Add an answer to a turn. A second one is another version; the newest is the one that counts."""
        ...

    async def before(self, turn: int, characters: int) -> Sequence[Exchange]:
        """What led to this turn, oldest first, back to where the texts exceed `characters`; reads no further."""
        ...

    async def last(self, conversation: int) -> Turn | None:
        """The newest turn."""
        ...

    async def turn(self, turn: int) -> tuple[Turn, str] | None:
        """One turn with the key of the chat that it belongs to."""
        ...

    async def by_message(self, chat_key: str, message_id: str) -> Turn | None:
        """The turn whose question is this platform message."""
        ...

    async def move(self, old_chat_key: str, new_chat_key: str) -> None: ...


class Pictures(Protocol):
    """Pictures of a chat's conversations, by their content."""

    async def keep(self, chat_key: str, pictures: Sequence[Picture]) -> None:
        """Store what is not stored yet; what is gets the age of a new one."""
        ...

    async def load(self, chat_key: str, digests: Collection[str]) -> Mapping[str, Picture]:
        """Those of them that are still stored, by digest."""
        ...

    async def drop_before(self, when: datetime) -> int:
        """Forget pictures that were last kept before this time; returns how many."""
        ...

    async def move(self, old_chat_key: str, new_chat_key: str) -> None: ...


class Preferences(Protocol):
    """Settings of a scope (`bot.domain.ids.scope_ladder`): short texts by name."""

    async def get(self, scopes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """What is set in each of these scopes."""
        ...

    async def put(self, scope: str, name: str, value: str | None) -> None:
        """Set a value, or remove it."""
        ...

    async def move(self, old_scope: str, new_scope: str) -> None: ...


class Personas(Protocol):
    """Personas that people wrote, by scope."""

    async def list(self, scopes: Sequence[str]) -> Sequence[Persona]:
        """All of these scopes, sorted by name; where two share a name, the one of the earlier scope."""
        ...

    async def save(self, scope: str, persona: Persona) -> None: ...

    async def delete(self, scope: str, name: str) -> bool: ...

    async def move(self, old_scope: str, new_scope: str) -> None: ...


class Notes(Protocol):
    """Small facts that an adapter must remember over a restart, such as the hash of the commands it registered."""

    async def read(self, name: str) -> str | None: ...

    async def write(self, name: str, value: str) -> None: ...


class Store(Protocol):
    """All that is stored; open between entering and leaving."""

    @property
    def conversations(self) -> Conversations: ...

    @property
    def pictures(self) -> Pictures: ...

    @property
    def preferences(self) -> Preferences: ...

    @property
    def personas(self) -> Personas: ...

    @property
    def notes(self) -> Notes: ...


StoreContext = AbstractAsyncContextManager[Store]
