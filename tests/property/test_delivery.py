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
from bot.replies.writer import NOTHING, Delivery, Reply
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
    st.sampled_from(
        [
            "",
            "",
            "",
            "flood",
            "not-sent",
            "ambiguous",
            "ambiguous-lost",
            "bad-format",
            "gone",
            "too-long",
            "file-refused",
        ]
    ),
    max_size=12,
)
older = st.one_of(st.just(0), st.integers(min_value=1, max_value=4))
most_messages = st.one_of(st.none(), st.integers(min_value=1, max_value=3))
relaxed = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_screen(channel: SimulatedChannel, reply: Reply, text: str) -> None:
    """What the messages show is the text, range by range, each as a message of its own, or else a file with all."""
    view = reply._view
    whole = clean(text)
    assert view.parts[0].start == 0
    for part, following in itertools.pairwise(view.parts):
        assert part.end == following.start
    for index, part in enumerate(view.parts):
        expected = wrap(whole[part.start : part.end], part.opener).rstrip()
        if index == view.most:
            assert index == len(view.parts) - 1
            assert part.message_id is not None
            assert channel.screen[part.message_id] == view.caption
            assert [file.data.decode() for file in channel.files[part.message_id]] == [whole]
        elif expected.strip():
            assert part.message_id is not None
            assert channel.screen[part.message_id] == expected
            # A file that was refused only after it had been sent stays with the words.
            assert {file.data.decode() for file in channel.files[part.message_id]} <= {whole}


def with_older(channel: SimulatedChannel, count: int) -> tuple[str, ...]:
    """Messages of an older answer on the screen."""
    ids = tuple(f"old-{number}" for number in range(count))
    for message_id in ids:
        channel.screen[message_id] = "An older answer."
        channel.buttons[message_id] = ("retry 0",)
        channel.files[message_id] = ()
    return ids


def check_others(channel: SimulatedChannel, delivery: Delivery, scripted: list[str]) -> None:
    """What else is on screen: calls whose answer never came, and what the platform refused to delete."""
    others = set(channel.screen) - set(delivery.message_ids)
    refused = {other for other in others if channel.screen[other] == NOTHING}
    assert len(refused) <= scripted.count("bad-format")
    assert len(others - refused) <= channel.platform.ambiguous_sends
    assert not any(other.startswith("old") for other in others - refused)
    assert not any(channel.buttons[other] for other in refused)
    if "gone" not in scripted:  # else a new message stands below those that follow
        assert [shown for shown in channel.screen if shown not in others] == list(delivery.message_ids)


async def stream(reply: Reply, text: str, rng: random.Random) -> None:
    index = 0
    while index < len(text):
        step = rng.randint(1, 40)
        reply.feed(text[index : index + step])
        index += step
        await asyncio.sleep(rng.choice([0.0, 0.01, 0.1, 1.0]))
    reply.finish((RETRY,))


async def deliver(
    channel: SimulatedChannel,
    gates: Gates,
    text: str,
    seed: int,
    takes: tuple[str, ...] = (),
    most: int | None = None,
) -> tuple[Reply, Delivery]:
    nonce = f"n{channel.chat.chat_id}"
    reply = Reply(channel, gates, nonce=nonce, buttons=(STOP,), takes=takes, most=most)
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
@given(text=texts, seed=st.integers(), dedupes=st.booleans(), scripted=faults, count=older, most=most_messages)
def test_the_screen_ends_with_the_whole_text(
    text: str, seed: int, dedupes: bool, scripted: list[str], count: int, most: int | None
) -> None:
    platform = Platform(faults=iter(scripted))
    channel = SimulatedChannel(platform, limits=replace(LIMITS, dedupes=dedupes))
    takes = with_older(channel, count)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        reply, delivery = runner.run(deliver(channel, Gates(), text, seed, takes, most))
    assert platform.floods == 0
    if scripted.count("gone") < 2:  # who deletes a message again and again does not want it
        assert delivery.complete
        check_screen(channel, reply, text)
        check_others(channel, delivery, scripted)
    assert len(set(delivery.message_ids)) == len(delivery.message_ids)
    stops = [data for message_id in delivery.message_ids for data in channel.buttons.get(message_id, ())]
    assert "stop 1" not in stops
    assert all(len(wrapped) <= 90 for wrapped in channel.screen.values())


async def deliver_withdrawn(
    channel: SimulatedChannel, text: str, seed: int, takes: tuple[str, ...], instead: str
) -> tuple[Reply, Delivery, int]:
    """Show what comes of a text until it is withdrawn; with how many calls had begun by then."""
    rng = random.Random(seed)
    reply = Reply(channel, Gates(), nonce="n1", buttons=(STOP,), takes=takes)
    delivery = asyncio.create_task(reply.deliver())
    for start in range(0, len(text), 25):
        reply.feed(text[start : start + 25])
        await asyncio.sleep(rng.choice([0.0, 0.01, 0.1, 1.0]))
    reply.withdraw(instead)
    begun = len(channel.calls)
    await asyncio.sleep(rng.choice([0.0, 0.02, 0.2, 20.0]))
    reply.finish((RETRY,))
    return reply, await delivery, begun


@settings(relaxed, max_examples=max(1, EXAMPLES // 2))
@given(
    text=texts,
    seed=st.integers(),
    kind=st.sampled_from(["edits", "dedupes", "previews"]),
    scripted=faults,
    count=older,
    length=st.sampled_from([1, 1, 12]),
)
def test_of_a_withdrawn_text_nothing_stays(
    text: str, seed: int, kind: str, scripted: list[str], count: int, length: int
) -> None:
    limits = replace(LIMITS, dedupes=kind == "dedupes", previews=kind == "previews")
    channel = SimulatedChannel(Platform(faults=iter(scripted)), limits=limits)
    instead = "§ withheld. " * length
    takes = with_older(channel, count)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        reply, delivery, begun = runner.run(deliver_withdrawn(channel, text, seed, takes, instead))
    assert channel.platform.floods == 0
    later = [shown for _, kind, shown in channel.calls[begun:] if kind in ("send", "edit", "preview")]
    assert all(shown == NOTHING or shown in instead for shown in later)
    if scripted.count("gone") < 2:
        assert delivery.complete
        check_screen(channel, reply, instead)
        check_others(channel, delivery, scripted)
    if kind == "previews" and channel.preview_shown:
        assert channel.preview_shown in instead


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
