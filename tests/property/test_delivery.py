"""What must never happen to an answer on its way to the screen, whatever the text, the timing and the faults."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.platform import Button
from bot.domain.text import clean, utf16_length
from bot.replies.gate import Gates
from bot.replies.splitter import cut, fence_after, wrap
from bot.replies.writer import Delivery, Reply
from tests.fakes.channel import LIMITS, Platform, SimulatedChannel
from tests.fakes.loops import VirtualLoop

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "1000"))
"""How many answers each property is tried on."""

STOP, RETRY = Button("Stop", "stop 1"), Button("Retry", "retry 1")

words = st.sampled_from(
    [
        "word ",
        "\n",
        "\n\n",
        "```",
        "```python\n",
        "~~~\n",
        "a" * 70,
        "😀",
        "👩\u200d👩\u200d👧",
        "🇩🇪",
        "e\u0301",
        "  ",
        ". ",
    ]
)
odd_words = st.sampled_from(
    ["`x`", "- item\n", "\x00", "\ud83d", "\u202eRTL ", "| a | b |\n", "@everyone ", "<think>", "0", "\r\n", "Ende. "]
)
texts = st.lists(st.one_of(words, odd_words, st.text(max_size=20)), min_size=1, max_size=40).map("".join)
faults = st.lists(
    st.sampled_from(["", "", "", "flood", "not-sent", "ambiguous", "ambiguous-lost", "bad-format", "gone", "too-long"]),
    max_size=12,
)
relaxed = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_screen(channel: SimulatedChannel, reply: Reply, text: str) -> None:
    """What the messages show is the text, range by range, each as a message of its own."""
    parts = reply._view.parts
    whole = clean(text)
    assert parts[0].start == 0
    for part, following in itertools.pairwise(parts):
        assert part.end == following.start
    for part in parts:
        expected = wrap(whole[part.start : part.end], part.opener).rstrip()
        if expected.strip():
            assert part.message_id is not None
            assert channel.screen[part.message_id] == expected


async def stream(reply: Reply, text: str, rng: random.Random) -> None:
    index = 0
    while index < len(text):
        step = rng.randint(1, 40)
        reply.feed(text[index : index + step])
        index += step
        await asyncio.sleep(rng.choice([0.0, 0.01, 0.1, 1.0]))
    reply.finish((RETRY,))


async def deliver(channel: SimulatedChannel, gates: Gates, text: str, seed: int) -> tuple[Reply, Delivery]:
    reply = Reply(channel, gates, nonce=f"n{channel.chat.chat_id}", buttons=(STOP,))
    async with asyncio.TaskGroup() as group:
        delivery = group.create_task(reply.deliver())
        group.create_task(stream(reply, text, random.Random(seed)))
    return reply, delivery.result()


@relaxed
@given(text=texts, limit=st.integers(min_value=20, max_value=90))
def test_every_part_fits_and_the_parts_are_the_text(text: str, limit: int) -> None:
    text = clean(text)
    start, opener, pieces = 0, "", []
    while utf16_length(wrap(text[start:], opener)) > limit:
        end = cut(text, start, opener, lambda source: utf16_length(source) <= limit, limit)
        assert end > start
        shown = wrap(text[start:end], opener)
        # A single character is the least that can be taken, even where a reopened fence leaves no room for it.
        assert utf16_length(shown) <= limit or end == start + 1
        pieces.append(text[start:end])
        opener = fence_after(f"{opener}\n{text[start:end]}" if opener else text[start:end])
        start = end
    assert "".join([*pieces, text[start:]]) == text


@relaxed
@given(text=texts, seed=st.integers(), dedupes=st.booleans(), scripted=faults)
def test_the_screen_ends_with_the_whole_text(text: str, seed: int, dedupes: bool, scripted: list[str]) -> None:
    platform = Platform(faults=iter(scripted))
    channel = SimulatedChannel(platform, limits=replace(LIMITS, dedupes=dedupes))
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        reply, delivery = runner.run(deliver(channel, Gates(), text, seed))
    assert platform.floods == 0
    if scripted.count("gone") < 2:  # who deletes a message again and again does not want it
        assert delivery.complete
        check_screen(channel, reply, text)
    ghosts = set(channel.screen) - set(delivery.message_ids)
    assert len(ghosts) <= platform.ambiguous_sends
    assert len(set(delivery.message_ids)) == len(delivery.message_ids)
    stops = [data for message_id in delivery.message_ids for data in channel.buttons.get(message_id, ())]
    assert "stop 1" not in stops
    assert all(len(wrapped) <= 90 for wrapped in channel.screen.values())


@relaxed
@given(answers=st.lists(st.tuples(texts, st.integers()), min_size=2, max_size=12), seed=st.integers())
def test_many_answers_at_once_flood_nobody(answers: list[tuple[str, int]], seed: int) -> None:
    platform = Platform()
    rng = random.Random(seed)
    places: dict[str, SimulatedChannel] = {}
    for index in range(len(answers)):
        channel = SimulatedChannel(platform)
        places[str(index)] = replace(channel, chat=replace(channel.chat, chat_id=str(index)))

    async def all_of_them() -> list[Reply]:
        gates = Gates()
        async with asyncio.TaskGroup() as group:
            tasks = []
            for channel, (text, pace) in zip(places.values(), answers, strict=True):
                tasks.append(group.create_task(deliver(channel, gates, text, pace)))
                await asyncio.sleep(rng.choice([0.0, 0.3]))
        return [task.result()[0] for task in tasks]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        replies = runner.run(all_of_them())
    assert platform.floods == 0
    for channel, reply, (text, _) in zip(places.values(), replies, answers, strict=True):
        check_screen(channel, reply, text)
