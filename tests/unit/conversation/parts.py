"""What tests of conversations are made of: people, chats, files that come when they are let go, a small web."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from bot.conversation.accounts import Accounts
from bot.conversation.intake import Hearing, Intake
from bot.domain.attachments import Attachment, AttachmentKind
from bot.domain.events import ReplyEvent
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Message, Quote
from bot.domain.prompts import ChatRequest, ModelInfo
from bot.errors import FileUnavailable, ModelError
from bot.media.download import Downloader
from bot.media.workshop import Workshop
from tests.fakes.memory import MemoryChannel, MemoryModels

CHAT = ChatRef("telegram", "1", "100", "private")
GROUP = ChatRef("telegram", "1", "-5", "group")
ANN = Person("telegram", "42", "Ann")
BEN = Person("telegram", "43", "Ben")

ACCOUNTS = Accounts(lambda _: False)
ACCOUNT = ACCOUNTS.of(CHAT, ANN)

EARS = "acme/ears"
SIDE = 256
"""The longest side of pictures in these tests."""


def message(
    text: str = "",
    *attachments: Attachment,
    key: str = "k1",
    chat: ChatRef = CHAT,
    quote: Quote | None = None,
    album: str | None = None,
) -> Message:
    addressing = "direct" if chat.kind == "private" else "mention"
    return Message(
        key=key,
        chat=chat,
        author=ANN,
        message_id=f"m{key}",
        text=text,
        addressing=addressing,  # type: ignore[arg-type]  # one of two literals
        attachments=attachments,
        quote=quote,
        album_id=album,
    )


@dataclass(slots=True)
class HeldChannel(MemoryChannel):
    """Files in `held` come once they are let go, those in `broken` fail with a bug. `fetching` are on their way, `most`
    is how many were so at once."""

    held: dict[str, asyncio.Event] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    fetching: set[str] = field(default_factory=set)
    most: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, kind: AttachmentKind, handle: str, data: bytes, name: str | None = None) -> Attachment:
        """A file that somebody sent."""
        self.files[handle] = data
        return Attachment(kind, handle, name)

    def hold(self, handle: str) -> asyncio.Event:
        return self.held.setdefault(handle, asyncio.Event())

    async def until_fetching(self, *handles: str) -> None:
        """Wait until just these are on their way."""
        while self.fetching != set(handles):
            self._changed.clear()
            await self._changed.wait()

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        self.fetching.add(attachment.handle)
        self._changed.set()
        self.most = max(self.most, len(self.fetching))
        try:
            if attachment.handle in self.held:
                await self.held[attachment.handle].wait()
            if attachment.handle in self.broken:
                raise RuntimeError("a bug, on purpose")
            return await MemoryChannel.fetch(self, attachment, limit)
        finally:
            self.fetching.discard(attachment.handle)
            self._changed.set()


class Web(Downloader):
    """Pages by address, without a network. `asked` are those that were looked for; an error is raised."""

    def __init__(self, pages: dict[str, bytes | Exception] | None = None) -> None:
        super().__init__()
        self.pages = pages or {}
        self.asked: list[str] = []

    async def fetch(self, url: str, limit: int) -> bytes:
        self.asked.append(url)
        page = self.pages.get(url)
        if isinstance(page, Exception):
            raise page
        if page is None:
            raise FileUnavailable("nothing there")
        return page


def ears(*transcripts: str | ModelError) -> MemoryModels:
    """A model that hears these words, one recording after another."""
    return MemoryModels([], transcripts=list(transcripts))


def intake_with(
    workshop: Workshop,
    models: MemoryModels | None = None,
    *,
    web: Web | None = None,
    hearing: Hearing = Hearing(EARS),  # noqa: B008  # a frozen value
    tokens: int = 1000,
) -> Intake:
    async def side(chat: ChatRef, person: Person) -> int:
        return SIDE

    models = models or ears()
    return Intake(workshop, web or Web(), models, hearing, ACCOUNTS, side=side, document_tokens=tokens)


@dataclass(slots=True)
class ScriptedChat:
    """Answers each request with the next script; an error in it is raised where it stands, a pause is waited for."""

    scripts: list[Sequence[ReplyEvent | ModelError | float]]
    requests: list[ChatRequest] = field(default_factory=list)

    def knows(self, model: str) -> bool:
        return True

    async def models(self) -> Sequence[ModelInfo]:
        return []

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        self.requests.append(request)
        for event in self.scripts.pop(0):
            if isinstance(event, ModelError):
                raise event
            if isinstance(event, float):
                await asyncio.sleep(event)
            else:
                yield event
