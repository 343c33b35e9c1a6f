"""What must never happen to an answer whose process dies at whatever moment: that it is lost, cut or doubled."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import clock
from bot.conversation.reviving import Reviving
from bot.domain.conversations import Answer, Question
from bot.domain.outbox import Fate, KeptReply
from bot.domain.platform import Button
from bot.domain.text import clean
from bot.receipts import Receipt, working_on
from bot.recovery import plan
from bot.replies.gate import Gates, place_of
from bot.replies.outbox import SAVE_EVERY, Outbox
from bot.replies.splitter import below
from bot.replies.writer import Reply
from tests.fakes.channel import LIMITS, Platform, SimulatedChannel
from tests.fakes.loops import VirtualLoop
from tests.fakes.memory import MemoryNotes, MemoryStore
from tests.fakes.memory_mail import MemoryOutbox
from tests.property.test_delivery import texts

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "1000"))

STOP, RETRY = Button("Stop", "stop 1"), Button("Retry", "retry 1")
WORDS = "§ broken off"
ANEW = "§ anew "
faults = st.lists(
    st.sampled_from(["", "", "", "flood", "not-sent", "ambiguous", "ambiguous-lost", "bad-format"]), max_size=8
)


class SlowOutbox(MemoryOutbox):
    """Writing takes its time, too."""

    async def save(self, replies: Sequence[KeptReply]) -> None:
        await asyncio.sleep(0.01)
        await super().save(replies)


@dataclass(slots=True)
class SlowChannel(SimulatedChannel):
    """What arrived is known only a while later. `unheard` are sends whose answer never came back; after `deadly` of
    them `dying` is set, before the answer to the last one comes."""

    unheard: int = 0
    deadly: int = 0
    dying: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, message: object) -> str:
        message_id = await SimulatedChannel.send(self, message)  # type: ignore[arg-type]  # as it came
        self.unheard += 1
        self.deadly -= 1
        if self.deadly == 0:
            self.dying.set()
        await asyncio.sleep(0.05)
        self.unheard -= 1
        return message_id


@dataclass(slots=True)
class Life:
    """What the first process left. `fed` is when how much of the text had been fed."""

    rows: list[KeptReply] = field(default_factory=list)
    fed: list[tuple[float, int]] = field(default_factory=list)
    died_at: float = 0.0
    finished_at: float = float("inf")
    anew: tuple[str, ...] = ()


def _last(life: Life) -> int:
    return life.fed[-1][1] if life.fed else 0


async def live(channel: SlowChannel, store: MemoryStore, turn: int, text: str, seed: int, dies: float) -> Life:
    """A process that answers until it dies."""
    rng, life, loop = random.Random(seed), Life(), asyncio.get_running_loop()
    outbox = Outbox(store.outbox, MemoryNotes())
    running = asyncio.create_task(outbox._run())
    with working_on(Receipt("event", lambda keys: None)):
        entry = outbox.entry()
    reply = Reply(
        channel,
        Gates(),
        nonce=entry.nonce,
        buttons=(STOP,),
        entry=entry,
        fate=lambda: Fate(WORDS, "lane", (RETRY,), turn, Answer(reply.text, "incomplete", "m", "p")),
    )
    delivery = asyncio.create_task(reply.deliver())

    async def stream() -> None:
        index = 0
        while index < len(text):
            index += rng.randint(1, 40)
            reply.feed(text[_last(life) : index])
            life.fed.append((loop.time(), min(index, len(text))))
            await asyncio.sleep(rng.choice([0.0, 0.01, 0.1, 1.0]))
        reply.finish((RETRY,))
        life.finished_at = loop.time()

    streaming = asyncio.create_task(stream())
    await clock.wait_until(channel.dying, loop.time() + dies)
    life.rows, life.died_at = list(store.outbox.rows.values()), loop.time()
    store.outbox.rows = {}
    for task in (streaming, delivery, running):
        task.cancel()
    await asyncio.wait([streaming, delivery, running])
    return life


async def two_lives(channel: SlowChannel, text: str, seed: int, dies: float) -> tuple[Life, MemoryStore, int]:
    store = MemoryStore()
    store.outbox = SlowOutbox(store.arrivals)
    conversation = await store.conversations.current("chat")
    turn = await store.conversations.add_question(conversation, Question("event", "p:1", "Ann", "?"))
    assert turn is not None
    life = await live(channel, store, turn, text, seed, dies)
    gates = Gates()
    gates.spent(*place_of(channel), channel.limits)
    found = plan(life.rows, [])
    async with Outbox(store.outbox, MemoryNotes()) as outbox:
        for kept in found.first:
            store.outbox.rows[kept.nonce] = kept
            await Reviving(store.conversations, gates).go_on(kept, channel, outbox.resumed(kept.nonce))
        if not found.first and life.finished_at == float("inf"):
            life.anew = await answer_anew(channel, gates, outbox, text)
    assert store.outbox.rows == {}
    return life, store, turn


async def answer_anew(channel: SlowChannel, gates: Gates, outbox: Outbox, text: str) -> tuple[str, ...]:
    """The event is dealt with once more, since nothing of its answer was seen."""

    async def tried() -> None: ...

    with working_on(Receipt("event", lambda keys: None, tried)):
        entry = outbox.entry()
        reply = Reply(channel, gates, nonce=entry.nonce, buttons=(STOP,), entry=entry)
    reply.feed(ANEW + text)
    reply.finish((RETRY,))
    return (await reply.deliver()).message_ids


@settings(max_examples=max(1, EXAMPLES // 8), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.lists(texts, min_size=1, max_size=4).map("".join),
    seed=st.integers(),
    dedupes=st.booleans(),
    scripted=faults,
    dies=st.floats(0.0, 20.0),
    deadly=st.integers(0, 4),
    room=st.sampled_from([60, 600]),
)
def test_the_next_process_brings_it_to_its_end(
    text: str, seed: int, dedupes: bool, scripted: list[str], dies: float, deadly: int, room: int
) -> None:
    platform = Platform(faults=iter(scripted))
    channel = SlowChannel(platform, limits=replace(LIMITS, text=room, dedupes=dedupes), deadly=deadly)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        life, store, turn = runner.run(two_lives(channel, text, seed, dies))
    text = clean(text)
    doubtful = platform.ambiguous_sends + (0 if dedupes else channel.unheard)
    kept = next(iter(life.rows), None)
    if kept is None or not (kept.shown or kept.finished):
        shown = [channel.screen[message_id] for message_id in life.anew]
        if life.finished_at == float("inf"):
            assert squeezed("".join(shown)) == squeezed(ANEW + text) or "```" in text or "~~~" in text
            assert len(channel.screen) - len(life.anew) <= doubtful
        assert platform.floods == 0
        return
    whole = kept.text if kept.finished else kept.text + below(kept.text, WORDS)
    assert kept.finished or life.died_at < life.finished_at + 0.1
    if kept.finished:
        assert kept.text == text
    else:
        due = max((count for at, count in life.fed if at <= life.died_at - 2 * SAVE_EVERY), default=0)
        assert kept.text == text[: len(kept.text)]
        assert len(kept.text) >= due or not kept.text.strip()
    [version] = [row.answer for row in store.conversations._answers(turn)]
    assert version.text == kept.text
    assert platform.floods == 0
    assert not any("stop 1" in channel.buttons[message_id] for message_id in version.message_ids)
    shown = [channel.screen[message_id] for message_id in version.message_ids]
    assert squeezed("".join(shown)) == squeezed(whole) or "```" in whole or "~~~" in whole
    assert len(channel.screen) - len(version.message_ids) <= doubtful


def squeezed(text: str) -> str:
    """Without the white space that the borders of messages cost."""
    return "".join(text.split())
