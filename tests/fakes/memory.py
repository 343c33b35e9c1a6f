"""The ports in memory: small, with the behaviour that their contracts promise. What was done stays readable."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bot.domain.attachments import Attachment
from bot.domain.events import Finished, ReplyEvent, Started, TextDelta
from bot.domain.ids import ChatRef, Person, scope_ladder
from bot.domain.media import ImageEvent, ImageRequest, Sound, SpeechRequest, TranscriptionRequest
from bot.domain.messages import CommandCall
from bot.domain.moderation import ModerationRequest, Verdict
from bot.domain.personas import Persona, Variant
from bot.domain.platform import Limits, Outgoing
from bot.domain.prompts import ChatRequest, ModelInfo
from bot.domain.text import utf16_length
from bot.errors import FileTooLarge, FileUnavailable, MessageGone, ModelError
from bot.ports import Channel
from tests.fakes.memory_accounts import MemoryBudgets, MemoryForgetting, MemoryLedger, MemoryRules
from tests.fakes.memory_history import MemoryConversations, MemoryPictures
from tests.fakes.memory_mail import MemoryArrivals, MemoryOutbox

T = TypeVar("T")


@dataclass(slots=True)
class MemoryPreferences:
    scopes: dict[str, dict[str, str]] = field(default_factory=dict)

    async def get(self, scopes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        return {scope: dict(self.scopes[scope]) for scope in scopes if scope in self.scopes}

    async def put(self, scope: str, name: str, value: str | None) -> None:
        values = self.scopes.setdefault(scope, {})
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value

    async def all(self, names: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        chosen = {
            scope: {name: value for name, value in values.items() if name in names}
            for scope, values in self.scopes.items()
        }
        return {scope: values for scope, values in chosen.items() if values}

    async def move(self, old_scope: str, new_scope: str) -> None:
        self.scopes[new_scope] = self.scopes.pop(old_scope, {}) | self.scopes.get(new_scope, {})


@dataclass(slots=True)
class MemoryPersonas:
    scopes: dict[str, dict[str, Persona]] = field(default_factory=dict)

    async def list(self, scopes: Sequence[str]) -> Sequence[Persona]:
        found: dict[str, Persona] = {}
        for scope in scopes:
            found = self.scopes.get(scope, {}) | found
        return [found[name] for name in sorted(found)]

    async def save(self, scope: str, persona: Persona) -> None:
        self.scopes.setdefault(scope, {})[persona.name] = persona

    async def delete(self, scope: str, name: str) -> bool:
        return self.scopes.get(scope, {}).pop(name, None) is not None

    async def move(self, old_scope: str, new_scope: str) -> None:
        self.scopes[new_scope] = self.scopes.pop(old_scope, {}) | self.scopes.get(new_scope, {})


@dataclass(slots=True)
class MemoryNotes:
    texts: dict[str, str] = field(default_factory=dict)

    async def read(self, name: str) -> str | None:
        return self.texts.get(name)

    async def write(self, name: str, value: str) -> None:
        self.texts[name] = value


@dataclass(slots=True)
class MemoryStore:
    conversations: MemoryConversations = field(default_factory=MemoryConversations)
    pictures: MemoryPictures = field(default_factory=MemoryPictures)
    preferences: MemoryPreferences = field(default_factory=MemoryPreferences)
    personas: MemoryPersonas = field(default_factory=MemoryPersonas)
    notes: MemoryNotes = field(default_factory=MemoryNotes)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    rules: MemoryRules = field(default_factory=MemoryRules)
    budgets: MemoryBudgets = field(default_factory=MemoryBudgets)
    arrivals: MemoryArrivals = field(default_factory=MemoryArrivals)
    outbox: MemoryOutbox = field(init=False)

    def __post_init__(self) -> None:
        self.outbox = MemoryOutbox(self.arrivals)

    @property
    def forgetting(self) -> MemoryForgetting:
        return MemoryForgetting(
            self.conversations,
            self.pictures,
            self.preferences.scopes,
            self.personas.scopes,
            self.ledger,
            self.outbox,
        )


@dataclass(slots=True)
class MemoryShelf:
    """Built-in personas, and the stored ones of a chat."""

    store: MemoryStore
    built_in: tuple[Persona, ...]

    async def available(self, chat: ChatRef, person: Person) -> Sequence[Persona]:
        written = await self.store.personas.list(scope_ladder(chat, person))
        return sorted((*self.built_in, *written), key=lambda persona: persona.name)

    async def find(self, chat: ChatRef, person: Person, name: str) -> Persona | None:
        known = {persona.name: persona for persona in await self.available(chat, person)}
        parts = [known.get(part) for part in name.split("+")]
        found = [persona for persona in parts if persona is not None]
        if len(found) < len(parts):
            return None
        return found[0] if len(found) == 1 else Persona(name, "\n\n".join(persona.prompt for persona in found))


@dataclass(slots=True)
class MemoryModels:
    """Providers that offer these models and repeat the last message.

    Each call that hears, paints or speaks takes the next of what is prepared for it; an error is raised.
    """

    names: list[str]
    providers: tuple[str, ...] = ("acme", "silent")
    transcripts: list[str | ModelError] = field(default_factory=list)
    paintings: list[Sequence[ImageEvent | ModelError]] = field(default_factory=list)
    sounds: list[Sound | ModelError] = field(default_factory=list)
    requests: list[TranscriptionRequest | ImageRequest | SpeechRequest | ModerationRequest] = field(
        default_factory=list
    )

    def knows(self, model: str) -> bool:
        return model.partition("/")[0] in self.providers

    async def models(self) -> Sequence[ModelInfo]:
        return [ModelInfo(name) for name in sorted(self.names)]

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        yield Started(model=request.model)
        yield TextDelta(text=str(request.messages[-1].content))
        yield Finished(reason="stop")

    async def moderate(self, request: ModerationRequest) -> Verdict:
        self.requests.append(request)
        return Verdict(flagged=False)

    async def transcribe(self, request: TranscriptionRequest) -> str:
        self.requests.append(request)
        return _unless_error(self.transcripts.pop(0))

    async def paint(self, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        self.requests.append(request)
        for event in self.paintings.pop(0):
            if isinstance(event, ModelError):
                raise event
            yield event

    async def speak(self, request: SpeechRequest) -> Sound:
        self.requests.append(request)
        return _unless_error(self.sounds.pop(0))


def _unless_error(prepared: T | ModelError) -> T:
    if isinstance(prepared, ModelError):
        raise prepared
    return prepared


@dataclass(slots=True)
class MemoryTalk:
    """Turns that are noted instead of answered. `running` holds the chats in which an answer is being written."""

    store: MemoryStore
    shelf: MemoryShelf
    default_model: str
    running: set[ChatRef] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    retried: list[str | None] = field(default_factory=list)
    compared: list[tuple[str, tuple[Variant, ...]]] = field(default_factory=list)
    answerable: bool = True

    async def ask(self, event: CommandCall, channel: Channel, text: str) -> None:
        self.asked.append(text)

    async def retry(self, event: CommandCall, channel: Channel, model: str | None) -> bool:
        if self.answerable:
            self.retried.append(model)
        return self.answerable

    async def compare(self, event: CommandCall, channel: Channel, text: str, variants: Sequence[Variant]) -> None:
        self.compared.append((text, tuple(variants)))

    async def new(self, chat: ChatRef) -> None:
        await self.store.conversations.start_new(chat.key)

    def stop(self, chat: ChatRef) -> bool:
        running = chat in self.running
        self.running.discard(chat)
        return running

    async def setup(self, chat: ChatRef, person: Person) -> tuple[Persona, str]:
        chosen: dict[str, str] = {}
        for values in (await self.store.preferences.get(scope_ladder(chat, person))).values():
            chosen = {**values, **chosen}
        persona = await self.shelf.find(chat, person, chosen.get("persona", self.shelf.built_in[0].name))
        return persona or self.shelf.built_in[0], chosen.get("model", self.default_model)


@dataclass(frozen=True, slots=True)
class Admins:
    handles: frozenset[str] = frozenset()

    def is_admin(self, person: Person) -> bool:
        return person.handle in self.handles


@dataclass(slots=True)
class MemoryChannel:
    """A chat whose messages are kept as they look. `files` are those that people sent, by handle."""

    chat: ChatRef
    limits: Limits = field(default_factory=lambda: Limits(text=4096, place=()))
    messages: dict[str, Outgoing] = field(default_factory=dict)
    typings: int = 0
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def rate_key(self) -> str:
        return self.chat.chat_id

    def fits(self, source: str) -> bool:
        return utf16_length(source) <= self.limits.text

    def fits_caption(self, source: str) -> bool:
        return utf16_length(source) <= self.limits.caption

    async def send(self, message: Outgoing) -> str:
        message_id = str(len(self.messages) + 1)
        self.messages[message_id] = message
        return message_id

    async def edit(self, message_id: str, message: Outgoing) -> None:
        if message_id not in self.messages:
            raise MessageGone
        self.messages[message_id] = replace(message, files=message.files or self.messages[message_id].files)

    async def preview(self, preview_id: int, message: Outgoing) -> None:
        raise AssertionError("this chat shows no previews")

    async def delete(self, message_id: str) -> None:
        self.messages.pop(message_id, None)

    async def open_thread(self, message_id: str, title: str) -> Channel:
        return MemoryChannel(replace(self.chat, thread_id=message_id), replace(self.limits, threads=False))

    async def typing(self) -> None:
        self.typings += 1

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        if attachment.handle not in self.files:
            raise FileUnavailable
        data = self.files[attachment.handle]
        if len(data) > limit:
            raise FileTooLarge(limit)
        return data
