"""The ports in memory: small, with the behaviour that their contracts promise. What was done stays readable."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.domain.conversations import Answer, Exchange, Question, Turn
from bot.domain.events import Finished, ReplyEvent, Started, TextDelta
from bot.domain.ids import ChatRef, Person, scope_ladder
from bot.domain.messages import CommandCall
from bot.domain.personas import Persona
from bot.domain.platform import Limits, Outgoing
from bot.domain.prompts import ChatRequest, ModelInfo
from bot.errors import MessageGone
from bot.ports import Channel


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
class MemoryConversations:
    """Turns by id; a conversation is the list of its turns' ids."""

    turns: dict[int, Turn] = field(default_factory=dict)
    threads: list[list[int]] = field(default_factory=list)
    chats: dict[str, list[int]] = field(default_factory=dict)

    async def current(self, chat_key: str) -> int:
        known = self.chats.get(chat_key)
        return known[-1] if known else await self.start_new(chat_key)

    async def start_new(self, chat_key: str) -> int:
        self.threads.append([])
        self.chats.setdefault(chat_key, []).append(len(self.threads) - 1)
        return len(self.threads) - 1

    async def add_question(self, conversation: int, question: Question) -> int | None:
        if any(turn.question.key == question.key for turn in self.turns.values()):
            return None
        turn = Turn(len(self.turns) + 1, question)
        self.turns[turn.id] = turn
        self.threads[conversation].append(turn.id)
        return turn.id

    async def add_answer(self, turn: int, answer: Answer) -> int:
        self.turns[turn] = replace(self.turns[turn], answer=answer)
        return turn

    async def before(self, turn: int, characters: int) -> Sequence[Exchange]:
        thread = next(thread for thread in self.threads if turn in thread)
        turns = self._newest(thread[: thread.index(turn)], characters)
        return [
            Exchange(each.question.author_name, each.question.text, each.answer.text if each.answer else None)
            for each in turns
        ]

    async def last(self, conversation: int) -> Turn | None:
        thread = self.threads[conversation]
        return self.turns[thread[-1]] if thread else None

    async def turn(self, turn: int) -> tuple[Turn, str] | None:
        for chat_key, conversations in self.chats.items():
            if any(turn in self.threads[conversation] for conversation in conversations):
                return self.turns[turn], chat_key
        return None

    async def by_message(self, chat_key: str, message_id: str) -> Turn | None:
        for conversation in self.chats.get(chat_key, []):
            for turn in self.threads[conversation]:
                if self.turns[turn].question.message_id == message_id:
                    return self.turns[turn]
        return None

    async def move(self, old_chat_key: str, new_chat_key: str) -> None:
        self.chats[new_chat_key] = self.chats.get(new_chat_key, []) + self.chats.pop(old_chat_key, [])

    def _newest(self, ids: Sequence[int], characters: int) -> Sequence[Turn]:
        taken: list[Turn] = []
        room = characters
        for turn in (self.turns[each] for each in reversed(ids)):
            room -= len(turn.question.text) + len(turn.answer.text if turn.answer else "")
            if room < 0:
                break
            taken.append(turn)
        return taken[::-1]


@dataclass(slots=True)
class MemoryStore:
    conversations: MemoryConversations = field(default_factory=MemoryConversations)
    preferences: MemoryPreferences = field(default_factory=MemoryPreferences)
    personas: MemoryPersonas = field(default_factory=MemoryPersonas)
    notes: MemoryNotes = field(default_factory=MemoryNotes)


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
    """Providers that offer these models and repeat the last message."""

    names: list[str]
    providers: tuple[str, ...] = ("acme", "silent")

    def knows(self, model: str) -> bool:
        return model.partition("/")[0] in self.providers

    async def models(self) -> Sequence[ModelInfo]:
        return [ModelInfo(name) for name in sorted(self.names)]

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        yield Started(model=request.model)
        yield TextDelta(text=str(request.messages[-1].content))
        yield Finished(reason="stop")


@dataclass(slots=True)
class MemoryTalk:
    """Turns that are noted instead of answered. `running` holds the chats in which an answer is being written."""

    store: MemoryStore
    shelf: MemoryShelf
    default_model: str
    running: set[ChatRef] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    retried: list[str | None] = field(default_factory=list)
    answerable: bool = True

    async def ask(self, event: CommandCall, channel: Channel, text: str) -> None:
        self.asked.append(text)

    async def retry(self, event: CommandCall, channel: Channel, model: str | None) -> bool:
        if self.answerable:
            self.retried.append(model)
        return self.answerable

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
    """A chat whose messages are kept as they look."""

    chat: ChatRef
    limits: Limits = field(default_factory=lambda: Limits(text=4096, place=()))
    messages: dict[str, Outgoing] = field(default_factory=dict)
    typings: int = 0

    @property
    def rate_key(self) -> str:
        return self.chat.chat_id

    def fits(self, source: str) -> bool:
        return len(source) <= self.limits.text

    async def send(self, message: Outgoing) -> str:
        message_id = str(len(self.messages) + 1)
        self.messages[message_id] = message
        return message_id

    async def edit(self, message_id: str, message: Outgoing) -> None:
        if message_id not in self.messages:
            raise MessageGone
        self.messages[message_id] = message

    async def preview(self, preview_id: int, message: Outgoing) -> None:
        raise AssertionError("this chat shows no previews")

    async def typing(self) -> None:
        self.typings += 1
