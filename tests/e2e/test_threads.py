"""Discord threads on an answer: the conversation goes on there, and goes its own way in the channel."""

from __future__ import annotations

import pytest

from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Person, Place
from tests.e2e.world import World
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(25)


@pytest.fixture(autouse=True)
async def _started(discord: World) -> None:
    await discord.start()


def opened(world: World, group: Place, person: Person, message_id: str) -> Place:
    """A thread that this person opens on a message."""
    assert isinstance(world.side, DiscordSide)
    return world.side.thread_on(group, person, message_id)


async def asked(world: World, place: Place, person: Person, text: str) -> str:
    """Say something without a mention, and wait for the answer; returns the id of the first message that shows it."""
    answer = await world.answer_after(place, lambda: world.side.say(place, person, text))
    return answer[0].message_id


async def kept(world: World, group: Place, person: Person) -> None:
    """Wait until the channel's last answer is stored, which nobody sees: a command comes behind it."""
    world.side.command(group, person, "/model")
    await world.until(group, lambda: world.side.whispered(group, person) or "test-model" in world.text(group))


def told(world: World) -> list[str]:
    return [text.removeprefix("Ann: ").removeprefix("Ben: ") for _, text in world.roles()]


async def test_threads_on_the_newest_and_on_an_older_answer(discord: World) -> None:
    group, ann, ben = discord.side.group(), discord.person("Ann"), discord.person("Ben")
    one, two = [(await discord.ask(group, ann, text))[0] for text in ("one", "two")]
    await kept(discord, group, ben)
    newest, older = (opened(discord, group, ben, each.message_id) for each in (two, one))
    await asked(discord, newest, ben, "newest?")
    assert told(discord) == ["one", "one", "two", "two", "newest?"]
    await asked(discord, older, ann, "older?")
    assert told(discord) == ["one", "one", "older?"]
    await discord.restart()
    await asked(discord, older, ben, "and further?")
    assert told(discord) == ["one", "one", "older?", "older?", "and further?"]
    await discord.ask(group, ann, "three")
    assert told(discord) == ["one", "one", "two", "two", "three"], "the channel knows nothing of its threads"
    await asked(discord, newest, ann, "still the newest?")
    assert told(discord) == ["one", "one", "two", "two", "newest?", "newest?", "still the newest?"]


async def test_a_thread_on_an_answer_of_several_messages_and_after_a_restart(discord: World) -> None:
    group, ann = discord.side.group(), discord.person("Ann")
    long = " ".join(["A sentence of which there are many."] * 100)
    discord.model.answers.append(Script.of(long, size=500))
    answer = await discord.ask(group, ann, "one")
    assert len(answer) == 2
    await discord.ask(group, ann, "two")
    await discord.restart()
    thread = opened(discord, group, ann, answer[1].message_id)
    await asked(discord, thread, ann, "in the thread")
    assert told(discord) == ["one", long, "in the thread"]


async def test_a_thread_on_another_version(discord: World) -> None:
    """What the answer shows when somebody first speaks in its thread is what the thread goes on from."""
    group, ann = discord.side.group(), discord.person("Ann")
    discord.model.answers += [Script.of("Version one."), Script.of("Version two.")]
    (shown,) = await discord.ask(group, ann, "one")
    discord.press(group, ann, "Retry")
    await discord.until(group, lambda: shown.text == "Version two." and "‹ 1" in dict(shown.buttons))
    discord.press(group, ann, "‹ 1")
    await discord.until(group, lambda: shown.text == "Version one." and "2 ›" in dict(shown.buttons))
    await kept(discord, group, ann)
    thread = opened(discord, group, ann, shown.message_id)
    await asked(discord, thread, ann, "in the thread")
    assert told(discord) == ["one", "Version one.", "in the thread"]
    discord.press(group, ann, "2 ›")
    await discord.until(group, lambda: shown.text == "Version two.")
    await asked(discord, thread, ann, "and further")
    assert told(discord) == ["one", "Version one.", "in the thread", "in the thread", "and further"]


async def test_what_is_done_in_a_thread_stays_there(discord: World) -> None:
    group, ann = discord.side.group(), discord.person("Ann")
    (shown,) = await discord.ask(group, ann, "one")
    await kept(discord, group, ann)
    thread = opened(discord, group, ann, shown.message_id)
    discord.side.command(thread, ann, "/retry")
    await discord.sees(thread, "There is no question yet")
    await asked(discord, thread, ann, "in the thread")
    discord.model.answers.append(Script.of("Anew."))
    await discord.answer_after(thread, lambda: discord.side.command(thread, ann, "/retry"))
    await asked(discord, thread, ann, "behind it")
    assert told(discord) == ["one", "one", "in the thread", "Anew.", "behind it"]
    discord.side.command(thread, ann, "/new")
    await discord.sees(thread, "New conversation")
    await asked(discord, thread, ann, "fresh")
    assert told(discord) == ["fresh"]
    await discord.ask(group, ann, "two")
    assert told(discord) == ["one", "one", "two"]
