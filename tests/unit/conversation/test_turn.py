"""Turns with files: what is stored, what people see above the answer, and which model looks."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest

from bot.access.budgeting import Budgeting
from bot.access.guard import Guard
from bot.conversation.course import Course, Courses
from bot.conversation.estimates import Estimates
from bot.conversation.inquirer import Inquirer
from bot.conversation.intake import Hearing
from bot.conversation.manners import Manners
from bot.conversation.parcels import Parcel
from bot.conversation.running import Running
from bot.conversation.setup import Setups
from bot.conversation.sight import Sight
from bot.conversation.summing import Summaries
from bot.conversation.turn import TRANSCRIPT_SHOWN, Turns
from bot.domain.attachments import Attachment
from bot.domain.events import Finished, Started, TextDelta
from bot.domain.messages import Message, Quote
from bot.domain.personas import Persona
from bot.domain.prompts import ImagePart
from bot.errors import CannotSee
from bot.media.workshop import Workshop
from bot.replies.gate import Gates
from bot.tasks import TaskOwner
from tests.fakes import media
from tests.fakes.memory import MemoryModels, MemoryShelf, MemoryStore
from tests.unit.conversation.parts import ACCOUNTS, CHAT, EARS, HeldChannel, ScriptedChat, ears, intake_with, message

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
        guard = Guard(self.heard, None, "off")
        budgets = Budgeting(self.store.ledger, self.store.budgets)
        return Turns(
            self.store,
            inquirer,
            setups,
            Courses(conversations, Gates(), Running(), ACCOUNTS, guard, budgets, most=5),
            Sight({MODEL: True, BLIND: False}.get, lambda model: 100, self.vision_model),
            Manners(self.store.preferences),
            guard,
            tools=lambda course, pictured: None,
            show_transcripts=self.show_transcripts,
        )

    async def say(self, said: Message) -> Course:
        parcel = Parcel(said, self.channel, intake_with(self.workshop, self.heard, hearing=self.hearing))
        parcel.begin(self.owner)
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
