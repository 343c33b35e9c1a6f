"""Every seam of the core. What lies behind one translates; what lies before it sees only these and `bot.domain`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Literal, Protocol

from bot.domain.attachments import Attachment
from bot.domain.conversations import Answer, History, Question, Turn
from bot.domain.events import ReplyEvent
from bot.domain.ids import ChatRef, Person
from bot.domain.media import ImageEvent, ImageRequest, Picture, Sound, SpeechRequest, TranscriptionRequest
from bot.domain.messages import Incoming
from bot.domain.moderation import ModerationRequest, Verdict
from bot.domain.observed import TurnSeen
from bot.domain.outbox import KeptReply
from bot.domain.personas import Persona
from bot.domain.platform import CallKind, Limits, Outgoing
from bot.domain.prompts import ChatRequest, ModelInfo
from bot.domain.rules import Rule
from bot.domain.usage import Budget, DaySpent, Spending, Spent


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
        """Show a new message; returns its id, of an album that of its first message.

        Raises `bot.errors.OthersWouldSee` for a private message where that was possible and is not any more.
        """
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

    async def delete(self, message_id: str) -> None:
        """Take a message of the bot away; one that is gone already is fine. Raises `bot.errors.BadFormat` for one that
        the platform does not delete any more, which may still be edited."""
        ...

    async def open_thread(self, message_id: str, title: str) -> Channel:
        """Open a thread on a message (only where `limits.threads`), or find the one that is there."""
        ...

    async def typing(self) -> None:
        """Show for some seconds that an answer is being written."""
        ...

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """A file that came to this chat, of at most `limit` bytes; raises `bot.errors.FileError`. Bounded in time."""
        ...


class Inbox(Protocol):
    """The one door of the core."""

    def accept(self, event: Incoming, channel: Channel) -> Awaitable[None]:
        """Take an event. Does not wait: the order of these calls is the order in which a chat is answered.

        What it returns is done when the event is kept, so that the platform may be told that it was received. It never
        fails, and need not be awaited.
        """
        ...

    async def begin(self, platform: Platform) -> None:
        """A platform can answer from now on. What was left over from before a restart is dealt with before whatever it
        hands over next; called once more, there is nothing left over."""
        ...

    async def complete(
        self, chat: ChatRef, person: Person, path: tuple[str, ...], option: str, typed: str
    ) -> Sequence[str]:
        """At most 25 suggestions for a command's option, for platforms that complete while a person types."""
        ...


class Hook(Protocol):
    """A path of the bot's HTTP server at which a platform calls, by POST."""

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether the caller proves who it is; asked before the body is read. A header is found in any case."""
        ...

    async def take(self, body: bytes) -> int:
        """Take what was posted; returns the HTTP status of the answer."""
        ...


class Platform(Protocol):
    """A chat platform: enter it, receive until cancelled, leave it.

    Cancelling `receive` ends the intake alone: channels go on working until the platform is left, so that running
    answers can be finished. Entering never fails because the platform is down; `receive` connects, and reconnects
    for as long as it takes. It calls `Inbox.begin` when it can answer for the first time, before the first event. Once
    it has ended it may be called again.
    """

    @property
    def name(self) -> str: ...

    @property
    def healthy_at(self) -> float | None:
        """When the platform was last known to be there, on the loop's clock; None before it first was."""
        ...

    @property
    def silence(self) -> float:
        """Seconds without a sign of the platform after which the connection to it counts as dead; infinite for one
        that cannot be lost."""
        ...

    @property
    def hooks(self) -> Mapping[str, Hook]:
        """Where the platform calls the bot, by path; known once the platform is entered."""
        ...

    async def __aenter__(self) -> Platform: ...

    async def __aexit__(self, *exc: object) -> None: ...

    async def receive(self, inbox: Inbox) -> None: ...

    def channel(self, chat: ChatRef) -> Channel | None:
        """Where to go on answering in a chat after a restart; None where nobody waits any more, or another bot
        would."""
        ...

    async def check(self) -> str:
        """Reach the platform once; returns one line that names the bot. Raises a ParleyError that says why not."""
        ...


Reading = float | Mapping[str, float]
"""A number that operators look at, or several by a name."""


class Observer(Protocol):
    """Counts what happens, for operators. Its calls are quick, and raise and wait for nothing."""

    def turned(self, turn: TurnSeen) -> None:
        """A turn is over."""

    def called(self, platform: str, kind: CallKind, error: Exception | None) -> None:
        """A call to a platform came back, or failed with a `bot.errors.DeliveryError`."""

    def repeated(self, platform: str, *, found: bool) -> None:
        """A message is sent again that may have arrived; `found`: the platform then finds the first, else people may
        see it twice."""

    def failed(self, error: Exception) -> None:
        """Something else failed that we depend on: one try of a model's call, a file, the database."""

    def spent(self, spending: Spending) -> None:
        """A model's call is booked."""


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


class Moderator(Protocol):
    async def moderate(self, request: ModerationRequest) -> Verdict:
        """Whether a text may be said. Raises `bot.errors.ModelError`."""
        ...


class Conversations(Protocol):
    """Stored history. A chat (`ChatRef.key`) has one conversation at a time; its rows form a tree.

    A conversation has a head, the row behind which it goes on: the newest row that was added, or the one that was
    chosen since. The way from the head to the root is what the models are told; other branches stay beside it.
    """

    async def current(self, chat_key: str) -> int:
        """The chat's conversation, made when there is none."""
        ...

    async def known(self, chat_key: str) -> bool:
        """Whether the chat has a conversation."""
        ...

    async def start_new(self, chat_key: str) -> int: ...

    async def start_behind(self, chat_key: str, answer: int) -> int:
        """A new conversation that goes on behind an answer, perhaps another chat's (a thread that was opened there)."""
        ...

    async def add_question(self, conversation: int, question: Question) -> int | None:
        """Add a question behind the head; returns the turn's id, or None when this key was stored before."""
        ...

    async def fork_question(self, turn: int, question: Question) -> int | None:
        """Add a question beside a turn, behind what that turn follows; else like `add_question`."""
        ...

    async def add_answer(self, turn: int, answer: Answer) -> int:
        """Add an answer to a turn, which becomes the head. A second one is another version."""
        ...

    async def versions(self, turn: int) -> Sequence[Answer]:
        """The answers of a turn that say or show anything, oldest first, at most 50."""
        ...

    async def choose(self, answer: int, *, leaf: bool = True) -> None:
        """Go on behind this answer or, with `leaf`, behind the newest row of what followed it."""
        ...

    async def place(self, answer: int, message_ids: Sequence[str]) -> None:
        """These messages show this answer now; other versions of its turn are no longer shown by any of them."""
        ...

    async def before(self, turn: int, characters: int) -> History:
        """What led to this turn, back to its newest summary, or to where the texts exceed `characters`; reads no
        further."""
        ...

    async def summarise(self, end: int, text: str) -> None:
        """`text` stands for all up to the row `end` (an `Exchange.end`); a second text for a row replaces the first."""
        ...

    async def by_key(self, key: str) -> Turn | None:
        """The turn whose question has this key, with its newest answer."""
        ...

    async def last(self, conversation: int) -> Turn | None:
        """The turn at the head."""
        ...

    def branch(self, conversation: int) -> AsyncIterator[Turn]:
        """All turns from the root to the head, oldest first, read some at a time; with the answers that lie on it."""
        ...

    async def drop(self, turn: int) -> None:
        """Forget the words and pictures of a question, its answers, and the summaries that may hold them."""
        ...

    async def turn(self, turn: int) -> tuple[Turn, str] | None:
        """One turn with the key of the chat that it belongs to."""
        ...

    async def by_message(self, chat_key: str, message_id: str) -> Turn | None:
        """The newest turn whose question is this platform message."""
        ...

    async def by_answer(self, chat_key: str, message_id: str) -> Turn | None:
        """The turn of which an answer is shown by this platform message, with that answer; looks at the newest
        answers of the chat alone."""
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

    async def all(self, names: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """What is set under these names, by scope; only scopes where something is."""
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


class Ledger(Protocol):
    """Every model call, and sums of them by day (UTC)."""

    async def add(self, spending: Spending) -> None: ...

    async def spent(self, since: date, *, person: str | None = None, chat: str | None = None) -> Spent:
        """The sum from this day on: of a person, of a chat, or of all."""
        ...

    async def days(self, since: date, *, person: str | None = None) -> Sequence[DaySpent]:
        """The same for each day on which there was something, oldest first."""
        ...

    async def by(
        self, group: Literal["person", "chat", "model", "provider"], since: date, most: int
    ) -> Sequence[tuple[str, Spent]]:
        """The largest sums by person, chat, `provider/model` or provider; by cost, then by tokens."""
        ...

    async def move(self, old_chat_key: str, new_chat_key: str) -> None: ...


class Rules(Protocol):
    """Who may and who may not use the bot, as admins decided in chats."""

    async def all(self) -> Sequence[Rule]: ...

    async def put(self, rule: Rule) -> None:
        """Add a rule, or replace the one of the same subject and effect."""
        ...

    async def remove(self, rule: Rule) -> bool:
        """Remove the rule of this subject and effect; False when there is none."""
        ...


class Budgets(Protocol):
    async def all(self) -> Sequence[Budget]: ...

    async def put(self, budget: Budget) -> None:
        """Add a budget, or replace the one of the same subject, unit and period."""
        ...

    async def remove(self, subject: str) -> int:
        """Remove all budgets of this subject; returns how many."""
        ...


class Arrivals(Protocol):
    """Every event that arrived, until it is done; afterwards its key alone, for some days."""

    async def add(self, events: Sequence[Incoming]) -> Collection[str]:
        """Store events; returns the keys of those that were not known."""
        ...

    async def done(self, keys: Collection[str]) -> None:
        """These are dealt with: what they said is forgotten here, their keys stay known."""
        ...

    async def waiting(self, platforms: Collection[str]) -> Sequence[tuple[Incoming, int]]:
        """Those of these platforms that are not done, in the order of their arrival, and how often each was tried
        again."""
        ...

    async def tried(self, key: str) -> None:
        """The work on an event that was not done before a restart begins again."""
        ...

    async def active(self, since: datetime) -> Sequence[ChatRef]:
        """The chats from which something came since then."""
        ...

    async def drop_before(self, when: datetime) -> int:
        """Forget events that arrived before this time, done or not; returns how many were not."""
        ...


class Outbox(Protocol):
    """Replies that are on their way to the screen."""

    async def save(self, replies: Sequence[KeptReply]) -> None:
        """Write these down, each in the place of what was written of it before."""
        ...

    async def drop(self, nonces: Collection[str], done: Collection[str] = ()) -> None:
        """These are shown, and these events thereby done."""
        ...

    async def all(self) -> Sequence[KeptReply]:
        """All of them, in the order in which they began."""
        ...

    async def drop_before(self, when: datetime) -> int:
        """Forget those that were last written down before this time; returns how many."""
        ...


class Forgetting(Protocol):
    """Deletes for good what is stored, over all tables, some rows at a time. Sums keep their numbers without names."""

    async def person(self, handle: str, scopes: Sequence[str]) -> int:
        """What this person asked with its answers and pictures, what was preferred in these scopes, the personas they
        wrote, and their name in the ledger. Returns how many messages are gone."""
        ...

    async def chat(self, place: str, scopes: Sequence[str]) -> int:
        """The same of a chat (`ChatRef.place`) with its threads, whoever wrote there."""
        ...

    async def before(self, when: datetime) -> int:
        """Messages that are older, with the summaries and pictures of that time; what follows them stays."""
        ...


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

    @property
    def ledger(self) -> Ledger: ...

    @property
    def rules(self) -> Rules: ...

    @property
    def budgets(self) -> Budgets: ...

    @property
    def arrivals(self) -> Arrivals: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def forgetting(self) -> Forgetting: ...


StoreContext = AbstractAsyncContextManager[Store]
