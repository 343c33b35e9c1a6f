"""Turns with files: what is stored, what people see above the answer, and which model looks."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

import pytest

from bot.access.budgeting import Budgeting
from bot.access.guard import Guard
from bot.conversation.course import Course, Courses
from bot.conversation.estimates import Estimates
from bot.conversation.inquirer import Inquirer
from bot.conversation.intake import Hearing
from bot.conversation.manners import Manners
from bot.conversation.material import Material
from bot.conversation.parcels import Parcel
from bot.conversation.running import Running
from bot.conversation.setup import Setup, Setups
from bot.conversation.sight import Sight
from bot.conversation.summing import Summaries
from bot.conversation.turn import TRANSCRIPT_SHOWN, Turns
from bot.domain.attachments import Attachment
from bot.domain.conversations import Answer, Question
from bot.domain.events import Finished, Started, TextDelta
from bot.domain.messages import Message, Quote
from bot.domain.moderation import ModerationRequest, Verdict
from bot.domain.personas import Persona, Sampling
from bot.domain.prompts import ImagePart
from bot.errors import CannotSee, StorageError
from bot.media.workshop import Workshop
from bot.replies.gate import Gates
from bot.tasks import TaskOwner
from tests.fakes import media
from tests.fakes.memory import MemoryModels, MemoryShelf, MemoryStore
from tests.fakes.memory_history import MemoryConversations
from tests.unit.conversation.parts import (
    ACCOUNTS,
    ANN,
    CHAT,
    EARS,
    HeldChannel,
    ScriptedChat,
    ears,
    intake_with,
    message,
)

MODEL, BLIND, EYES = "acme/sees", "acme/blind", "acme/eyes"


@dataclass
class Room:
    """A chat in which a model answers everything with the same words."""

    workshop: Workshop
    channel: HeldChannel
    model: str = MODEL
    vision_model: str | None = None
    show_transcripts: bool = True
    heard: MemoryModels = field(default_factory=ears)
    hearing: Hearing = field(default_factory=lambda: Hearing(EARS))
    chat: ScriptedChat = field(default_factory=lambda: ScriptedChat([]))
    store: MemoryStore = field(default_factory=MemoryStore)
    owner: TaskOwner = field(default_factory=TaskOwner)
    guard: Guard = field(default_factory=lambda: Guard(MemoryModels([]), None, "off"))

    def turns(self) -> Turns:
        setups = Setups(
            self.store.preferences, MemoryShelf(self.store, (Persona("assistant", "You help."),)), self.model
        )
        conversations, estimates = self.store.conversations, Estimates(len)
        inquirer = Inquirer(
            conversations,
            self.chat,
            estimates,
            Summaries(conversations, None),
            budget=lambda model: 100_000,
            most_history=100_000,
        )
        budgets = Budgeting(self.store.ledger, self.store.budgets)
        return Turns(
            self.store,
            inquirer,
            setups,
            Courses(conversations, Gates(), Running(), ACCOUNTS, self.guard, budgets, most=5),
            Sight({MODEL: True, BLIND: False}.get, lambda model: 100, self.vision_model),
            Manners(self.store.preferences),
            self.guard,
            tools=lambda course, pictured: None,
            show_transcripts=self.show_transcripts,
        )

    def parcel(self, said: Message) -> Parcel:
        parcel = Parcel(said, self.channel, intake_with(self.workshop, self.heard, hearing=self.hearing))
        parcel.begin(self.owner)
        return parcel

    async def say(self, said: Message) -> Course:
        parcel = self.parcel(said)
        self.chat.scripts.append([Started(model=self.model), TextDelta(text="Well."), Finished(reason="stop")])
        course = await self.turns().answer(parcel, self.channel)
        assert await self.owner.settle(1)
        return course

    def send(self, kind: str, data: bytes, name: str | None = None) -> Attachment:
        return self.channel.put(kind, f"f{len(self.channel.files)}", data, name)  # type: ignore[arg-type]  # a literal

    @property
    def shown(self) -> list[str]:
        return [each.source for each in self.channel.messages.values()]

    def asked(self, number: int = -1) -> list[tuple[str, int]]:
        """The words of each message of a request, and how many pictures it has."""
        told = []
        for each in self.chat.requests[number].messages[1:]:
            parts = each.content if not isinstance(each.content, str) else ()
            words = (
                each.content if isinstance(each.content, str) else "".join(getattr(part, "text", "") for part in parts)
            )
            told.append((words, sum(isinstance(part, ImagePart) for part in parts)))
        return told


@pytest.fixture
def room(workshop: Workshop, channel: HeldChannel) -> Room:
    return Room(workshop, channel)


async def test_what_was_heard_stands_above_the_answer(room: Room) -> None:
    room.heard.transcripts.append("Why?\nTell me. " + "x" * TRANSCRIPT_SHOWN)
    course = await room.say(message("", room.send("voice", media.ogg())))

    (shown,) = room.shown
    assert shown.startswith("> Why?\n> Tell me. xxx")
    assert shown.endswith("x…\n\nWell.")
    assert course.spoken
    turn = room.store.conversations.turns[1]
    assert turn.answer is not None
    assert turn.question.text.startswith("Why?\nTell me. xxx")
    assert turn.answer.text == "Well.", "what the bot adds is no part of the answer"


async def test_transcripts_need_not_be_shown(room: Room) -> None:
    room.show_transcripts = False
    room.heard.transcripts.append("Why?")
    course = await room.say(message("", room.send("voice", media.ogg())))

    assert room.shown == ["Well."]
    assert course.spoken
    assert room.asked() == [("Why?", 0)]


async def test_a_voice_note_that_comes_again_is_left_alone(room: Room) -> None:
    """Platforms deliver an update again when the bot ended before it said that it has it."""
    voice = room.send("voice", media.ogg())
    room.heard.transcripts += ["Why?", "Why?"]
    await room.say(message("", voice))
    shown = list(room.shown)
    await room.say(message("", voice))

    assert room.shown == shown == ["> Why?\n\nWell."]
    assert len(room.chat.requests) == 1


async def test_what_cannot_be_opened_is_said_above_the_answer_and_told_the_model(room: Room) -> None:
    await room.say(message("Look", room.send("image", b"", "a.png"), room.send("image", media.png())))

    problem = "`a.png` could not be read: it is broken, protected or empty."
    assert room.shown == [f"{problem}\n\nWell."]
    assert room.asked() == [(f"Look\n\n(not all that came along could be opened: {problem})", 1)]


async def test_nothing_left_to_answer_is_no_turn(room: Room) -> None:
    course = await room.say(message("", room.send("image", b"", "a.png"), room.send("video", b"", "b.mp4")))

    assert len(room.shown) == 1
    assert "`a.png` could not be read" in room.shown[0]
    assert "I cannot watch `b.mp4`." in room.shown[0]
    assert room.channel.messages["1"].buttons == ()
    assert room.chat.requests == []
    assert room.store.conversations.turns == {}
    assert course.outcome.state == "complete"


async def test_words_are_answered_even_when_no_file_can_be_opened(room: Room) -> None:
    await room.say(message("Hello", room.send("image", b"")))

    assert room.shown[0].endswith("\n\nWell.")


async def test_a_quoted_picture_needs_no_words(room: Room) -> None:
    await room.say(message("", quote=Quote("Ben", "", attachments=(room.send("image", media.png()),))))

    assert [pictures for _, pictures in room.asked()] == [1]


async def test_a_bug_while_files_are_opened_is_said_and_nothing_is_stored(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    parcel = Parcel(message("Hello"), room.channel, intake_with(room.workshop))
    parcel._opened.set_exception(ValueError("on purpose"))
    with caplog.at_level(logging.ERROR):
        await room.turns().answer(parcel, room.channel)

    assert room.shown[0].startswith("Something went wrong on the bot's side. Write it again")
    assert room.channel.messages["1"].buttons == ()
    assert "on purpose" in caplog.text


# Pictures


async def test_later_questions_see_the_pictures_again(room: Room) -> None:
    await room.say(message("Look", room.send("image", media.png()), key="k1"))
    await room.say(message("What else?", key="k2"))

    assert room.asked() == [("Look", 1), ("Well.", 0), ("What else?", 0)]


async def test_pictures_that_are_not_kept_any_more_are_told_of(room: Room) -> None:
    await room.say(message("Look", room.send("image", media.png()), key="k1"))
    room.store.pictures.chats.clear()
    await room.say(message("What else?", key="k2"))

    assert room.asked()[0] == ("Look\n\n(a picture came along, not shown to you now: 64x48)", 0)


async def test_a_model_that_cannot_see_says_so_and_goes_on_without(room: Room) -> None:
    room.model = BLIND
    await room.say(message("Look", room.send("image", media.png()), key="k1"))
    await room.say(message("Hello", key="k2"))

    assert room.shown == ["`acme/blind` cannot look at pictures. Choose a model that can with /model.", "Well."]
    assert room.channel.messages["1"].buttons[0].data == "retry 1"
    assert room.asked() == [("Hello", 0)]


async def test_another_model_looks_where_pictures_are(room: Room) -> None:
    room.model, room.vision_model = BLIND, EYES
    await room.say(message("Hello", key="k1"))
    await room.say(message("Look", room.send("image", media.png()), key="k2"))

    assert [request.model for request in room.chat.requests] == [BLIND, EYES]


async def test_a_provider_that_refuses_a_picture_is_believed(room: Room) -> None:
    room.chat.scripts.append([CannotSee(MODEL)])
    await room.say(message("Look", room.send("image", media.png())))

    assert "cannot look at pictures" in room.shown[0]
    turn = room.store.conversations.turns[1]
    assert turn.answer is not None
    assert turn.answer.state == "failed"
    assert len(await room.store.pictures.load(CHAT.key, [ref.digest for ref in turn.question.pictures])) == 1


class Strict:
    """Flags everything."""

    async def moderate(self, request: ModerationRequest) -> Verdict:
        return Verdict(True, ("violence",))


async def test_spoken_words_that_are_refused_are_not_repeated(room: Room) -> None:
    room.guard = Guard(Strict(), "acme/judge", "question")
    room.heard.transcripts += ["Something bad.", "Something bad."]
    said = message("", room.send("voice", media.ogg()))
    await room.say(said)
    parcel = room.parcel(said)

    async def opened() -> Material:
        return (await parcel.opened())[1]

    question = Question("k2", ANN.handle, ANN.name, "")
    await room.turns().answer_once(question, opened, CHAT, ANN, room.channel)

    assert len(room.shown) == 2
    assert not any("Something bad" in shown for shown in room.shown)
    assert all("flagged" in shown for shown in room.shown)
    assert room.chat.requests == []
    assert room.store.conversations.turns == {}


async def test_a_change_that_comes_again_leaves_its_answer_alone(room: Room) -> None:
    """Two changes that come again after the bot ended: the first is not the newest, and was answered."""
    await room.say(message("One", key="k1"))
    changed = [replace(message(words, key=words), message_id="mk1") for words in ("Two", "Three")]
    for each in (*changed, changed[0]):
        known = await room.store.conversations.by_message(CHAT.key, "mk1")
        assert known is not None
        room.chat.scripts.append([Started(model=MODEL), TextDelta(text=f"To {each.text}."), Finished(reason="stop")])
        await room.turns().answer_changed(known, room.parcel(each), room.channel)

    assert room.shown == ["To Three."]
    assert len(room.chat.requests) == 3


class Failing(MemoryConversations):
    """Takes no answer of one model."""

    async def add_answer(self, turn: int, answer: Answer) -> int:
        if answer.model == BLIND:
            raise StorageError("on purpose")
        return await MemoryConversations.add_answer(self, turn, answer)


@pytest.mark.virtual
async def test_answers_side_by_side_do_not_end_with_one_that_cannot_be_stored(room: Room) -> None:
    room.store.conversations = Failing()
    setups = [Setup(Persona("assistant", "You help."), model, Sampling()) for model in (BLIND, MODEL)]
    room.chat.scripts += [
        [Started(model=BLIND), TextDelta(text="One."), Finished(reason="stop")],
        [Started(model=MODEL), TextDelta(text="Two "), 9.0, TextDelta(text="goes on."), Finished(reason="stop")],
    ]
    await room.turns().compare(Question("k1", ANN.handle, ANN.name, "?"), setups, CHAT, ANN, room.channel)

    assert [shown.partition("\n\n")[2] for shown in room.shown] == ["One.", "Two goes on."]
