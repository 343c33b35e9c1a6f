"""What one person writes while an answer is being written: answered together, once, and nothing of it is lost."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.intake import Intake
from bot.conversation.lanes import Lanes
from bot.conversation.merging import MOST, Bundle, Merging
from bot.conversation.parcels import Parcel
from bot.domain.ids import Person
from bot.domain.messages import Heard, Message, Quote
from bot.media.workshop import Workshop
from bot.tasks import TaskOwner
from tests.fakes import media
from tests.fakes.loops import VirtualLoop
from tests.unit.conversation.parts import ANN, BEN, CHAT, HeldChannel, ears, intake_with, message

pytestmark = pytest.mark.virtual


@pytest.fixture
async def owner() -> AsyncIterator[TaskOwner]:
    """At the end of a test all work has ended by itself."""
    owner = TaskOwner()
    yield owner
    assert await owner.settle(0)


@dataclass(slots=True)
class Desk:
    """Puts messages into their lanes, as the router does where a chat wants them merged, and keeps what is answered."""

    intake: Intake
    owner: TaskOwner
    channel: HeldChannel = field(default_factory=lambda: HeldChannel(CHAT))
    merging: Merging = field(default_factory=Merging)
    answered: list[str] = field(default_factory=list)
    seconds: float = 10
    lanes: Lanes = field(init=False)

    def __post_init__(self) -> None:
        self.lanes = Lanes(self.owner)

    def parcel(self, sent: Message) -> Parcel:
        parcel = Parcel(sent, self.channel, self.intake)
        parcel.begin(self.owner)
        return parcel

    def write(self, text: str, person: Person = ANN) -> bool:
        """False when the lane is full."""
        bundle = self.merging.take(self.parcel(replace(message(text, key=text), author=person)))
        if bundle is None or self.lanes.submit(CHAT.key, lambda: self._answer(bundle)):
            return True
        bundle.drop()
        return False

    async def _answer(self, bundle: Bundle) -> None:
        bundle.close()
        whole, _ = await bundle.opened()
        self.answered.append(whole.text)
        await asyncio.sleep(self.seconds)


@pytest.fixture
def desk(workshop: Workshop, owner: TaskOwner) -> Desk:
    return Desk(intake_with(workshop, ears("One.", "Two.")), owner)


async def test_what_waits_is_answered_together(desk: Desk, owner: TaskOwner) -> None:
    desk.write("first")
    await asyncio.sleep(1)
    for text in ("second", "third", "fourth"):
        desk.write(text)
    await asyncio.sleep(10)
    desk.write("fifth")
    assert await owner.settle(100)

    assert desk.answered == ["first", "second\n\nthird\n\nfourth", "fifth"]


async def test_everybody_for_themselves_in_the_order_in_which_they_began(desk: Desk, owner: TaskOwner) -> None:
    desk.write("first")
    await asyncio.sleep(1)
    desk.write("ann 1", ANN)
    desk.write("ben 1", BEN)
    desk.write("ann 2", ANN)
    desk.write("ben 2", BEN)
    assert await owner.settle(100)

    assert desk.answered == ["first", "ann 1\n\nann 2", "ben 1\n\nben 2"]


async def test_chats_are_told_apart(desk: Desk) -> None:
    merging, other = Merging(), replace(message("there"), chat=replace(CHAT, chat_id="200"))

    assert merging.take(desk.parcel(message("here"))) is not None
    assert merging.take(desk.parcel(other)) is not None


async def test_files_words_and_quotes_come_along(desk: Desk, channel: HeldChannel) -> None:
    desk.channel = channel
    voice = [channel.put("voice", key, media.wav(0.1)) for key in "ab"]
    quotes = [Quote("Ben", "Look!"), Quote("Cem", "Here!")]
    heard = [Heard("Ben", "Well"), Heard("Cem", "Hm")]
    sent = [
        replace(message("What?", voice[0], key="1", quote=quotes[0]), context=(heard[0],)),
        message("", voice[1], key="2"),
        replace(message("And that?", key="3", quote=quotes[1]), context=(heard[1],)),
    ]
    merging = Merging()
    bundle = merging.take(desk.parcel(sent[0]))
    assert bundle is not None
    assert [merging.take(desk.parcel(each)) for each in sent[1:]] == [None, None]

    whole, material = await bundle.opened()

    assert (bundle.first, bundle.chat, bundle.person) == (sent[0], CHAT, ANN)
    assert (whole.key, whole.message_id, whole.quote) == ("1", "m1", quotes[0])
    assert whole.text.startswith("What?\n\n")
    assert "Here!" in whole.text
    assert whole.text.endswith("And that?")
    assert whole.attachments == tuple(voice)
    assert whole.context == tuple(heard)
    assert sorted(material.spoken) == ["One.", "Two."]


async def test_files_are_fetched_while_it_waits(desk: Desk, channel: HeldChannel) -> None:
    desk.channel = channel
    channel.hold("v")
    bundle = desk.merging.take(desk.parcel(message("Hm", channel.put("voice", "v", media.wav(0.1)))))
    assert bundle is not None
    await channel.until_fetching("v")
    channel.hold("v").set()

    assert (await bundle.opened())[1].spoken == ("One.",)


async def test_a_bundle_has_an_end(desk: Desk, owner: TaskOwner) -> None:
    desk.write("first")
    await asyncio.sleep(1)
    for number in range(MOST + 1):
        desk.write(f"{number}")
    assert await owner.settle(100)

    assert [len(text.split()) for text in desk.answered] == [1, MOST, 1]


async def test_what_has_no_room_is_not_joined(desk: Desk, owner: TaskOwner) -> None:
    people = [replace(ANN, user_id=str(number)) for number in range(21)]
    taken = [desk.write(person.user_id, person) for person in people]
    assert taken == [True] * 20 + [False]
    await asyncio.sleep(11)

    assert desk.write("again", people[-1])
    assert await owner.settle(1000)
    assert desk.answered == [*(person.user_id for person in people[:-1]), "again"]


async def test_what_fails_ends_the_work_on_the_others(desk: Desk, channel: HeldChannel) -> None:
    async def fails() -> Message:
        raise RuntimeError("on purpose")

    desk.channel = channel
    channel.hold("v")
    broken = Parcel(message("one"), channel, desk.intake, fails)
    broken.begin(desk.owner)
    bundle = desk.merging.take(broken)
    assert bundle is not None
    desk.merging.take(desk.parcel(message("", channel.put("voice", "v", b""), key="2")))
    await channel.until_fetching("v")

    with pytest.raises(RuntimeError, match="on purpose"):
        await bundle.opened()
    assert await desk.owner.settle(0.01)
    assert channel.fetching == set()


# The four cancellations.


async def test_cancelled_while_it_is_opened(desk: Desk, channel: HeldChannel) -> None:
    desk.channel = channel
    for key in "vw":
        channel.hold(key)
    sent = [message("", channel.put("voice", key, b""), key=key) for key in "vw"]
    bundle = desk.merging.take(desk.parcel(sent[0]))
    assert bundle is not None
    desk.merging.take(desk.parcel(sent[1]))
    waiting = asyncio.create_task(bundle.opened())
    await channel.until_fetching("v", "w")
    waiting.cancel()
    await asyncio.wait([waiting])

    assert waiting.cancelled()
    assert await desk.owner.settle(0.01)
    assert channel.fetching == set()
    assert desk.merging.take(desk.parcel(message("next", key="3"))) is not None


async def test_cancelled_before_the_first_step(desk: Desk) -> None:
    """A turn that is stopped at once leaves nothing behind that others could join."""
    bundle = desk.merging.take(desk.parcel(message("one")))
    assert bundle is not None
    bundle.close()
    opening = asyncio.create_task(bundle.opened())
    opening.cancel()
    await asyncio.wait([opening])

    assert desk.merging.take(desk.parcel(message("two", key="2"))) is not None


async def test_what_comes_before_the_first_step_joins(desk: Desk, owner: TaskOwner) -> None:
    desk.write("first")
    desk.write("joins")
    await asyncio.sleep(0)
    desk.write("waits")
    assert await owner.settle(100)

    assert desk.answered == ["first\n\njoins", "waits"]


async def test_dropped_while_it_waits(desk: Desk) -> None:
    bundle = desk.merging.take(desk.parcel(message("one")))
    assert bundle is not None
    bundle.drop()

    assert desk.merging.take(desk.parcel(message("two", key="2"))) is not None
    with pytest.raises(asyncio.CancelledError):
        await bundle.opened()


async def test_dropped_after_the_end(desk: Desk) -> None:
    bundle = desk.merging.take(desk.parcel(message("one")))
    assert bundle is not None
    whole, _ = await bundle.opened()
    bundle.drop()

    assert whole.text == "one"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.0, 1.0, 4.0, 15.0]), st.booleans()), max_size=15))
def test_nothing_is_lost_and_each_keeps_their_order(arrivals: list[tuple[float, bool]]) -> None:
    async def run() -> list[str]:
        owner = TaskOwner()
        async with Workshop() as workshop:
            desk = Desk(intake_with(workshop), owner)
            for number, (after, ann) in enumerate(arrivals):
                await asyncio.sleep(after)
                assert desk.write(f"{'ann' if ann else 'ben'}{number}", ANN if ann else BEN)
            assert await owner.settle(1000)
        return desk.answered

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        answered = runner.run(run())

    words = [word for text in answered for word in text.split()]
    assert sorted(words) == sorted(f"{'ann' if ann else 'ben'}{number}" for number, (_, ann) in enumerate(arrivals))
    for person in ("ann", "ben"):
        own = [int(word[3:]) for word in words if word.startswith(person)]
        assert own == sorted(own)
    assert all(len({word[:3] for word in text.split()}) == 1 for text in answered)


async def test_what_is_answered_is_not_kept(desk: Desk, owner: TaskOwner) -> None:
    """Files of many megabytes may have come along."""
    parcel = desk.parcel(message("one", key="one"))
    bundle = desk.merging.take(parcel)
    assert bundle is not None
    await bundle.opened()
    assert await owner.settle(1)
    gone = weakref.ref(parcel)
    del parcel
    gc.collect()
    assert gone() is None
    assert (bundle.chat, bundle.person, bundle.first.text) == (CHAT, ANN, "one")
