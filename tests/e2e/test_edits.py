"""Questions that are changed or deleted: their answers follow, on screen and in what the model is told."""

from __future__ import annotations

import pytest

from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Person, Place, Sent
from tests.e2e.world import World, offers
from tests.fakes import media
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(25)

LONG = " ".join(["A sentence of which there are many."] * 330)
"""Three messages on Telegram, seven on Discord."""
SLOW = "word " * 400


async def asked(world: World, place: Place, person: Person, text: str) -> str:
    """Ask, wait for the answer, and return the id of the question."""
    count = world.answers(place)
    question = world.say(place, person, text)
    await world.until(place, lambda: world.answers(place) > count)
    return question


def ids(world: World, place: Place) -> list[str]:
    return [shown.message_id for shown in world.shown(place)]


@pytest.mark.not_started
async def test_the_new_answer_has_more_messages_or_fewer(world: World) -> None:
    await world.start(answer_messages=9)
    ann, place = world.private()
    world.model.answers += [Script.of(LONG, size=500), Script.of("Short."), Script.of(f"Anew. {LONG}", size=500)]
    question = await asked(world, place, ann, "Tell me a lot")
    first = ids(world, place)
    assert len(first) >= 3
    world.side.edit(place, ann, question, "Tell me little")
    await world.until(place, lambda: world.text(place) == "Short.")
    assert ids(world, place) == first[:1], "it stands in the first message, the others are gone"
    world.side.edit(place, ann, question, "Tell me a lot again")
    await world.until(place, lambda: world.answers(place) == 1 and len(world.shown(place)) >= 3)
    world.check_shows(world.shown(place), f"Anew. {LONG}")
    assert ids(world, place)[0] == first[0]
    await world.ask(place, ann, "Next")
    assert world.roles() == [("user", "Tell me a lot again"), ("assistant", f"Anew. {LONG}"), ("user", "Next")]


@pytest.mark.not_started
async def test_an_answer_that_went_on_as_a_file(world: World) -> None:
    await world.start(answer_messages=1)
    ann, place = world.private()
    world.model.answers += [Script.of(LONG, size=500), Script.of(f"Anew. {LONG}", size=500), Script.of("Short.")]
    question = await asked(world, place, ann, "Tell me a lot")
    first, _ = ids(world, place)
    assert [file.data.decode() for file in world.files(place)] == [LONG]
    world.side.edit(place, ann, question, "Again")
    await world.until(place, lambda: [file.data.decode() for file in world.files(place)] == [f"Anew. {LONG}"])
    await world.until(place, lambda: world.answers(place) == 1)
    assert len(world.shown(place)) == 2, "the old file is gone"
    world.side.edit(place, ann, question, "Less")
    await world.until(place, lambda: world.text(place) == "Short." and world.answers(place) == 1)
    assert ids(world, place) == [first]


async def test_edited_again_and_again_while_the_answer_is_written(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of(SLOW, size=5, pace=0.05))
    question = world.say(place, ann, "One")
    await world.sees(place, "word word word")
    (begun,) = ids(world, place)
    for number in range(2, 7):
        world.side.edit(place, ann, question, f"Question {number}")
        await world.pass_time(0.1)
    await world.until(place, lambda: world.text(place) == "Question 6" and world.answers(place) == 1)
    assert ids(world, place) == [begun], "the new answer takes the place of the one that was being written"
    assert world.model.requests[0]["disconnected"]
    await world.ask(place, ann, "Next")
    assert [text for _, text in world.roles()] == ["Question 6", "Question 6", "Next"]


async def test_a_change_of_nothing_while_the_answer_is_written(world: World) -> None:
    """Telegram tells of changes that cannot be seen; and whoever takes all words back asks nothing else."""
    group, ann = world.side.group(), world.person("Ann")
    text = "word " * 60
    world.model.answers.append(Script.of(text, size=5, pace=0.05))
    question = world.say(group, ann, "Talk for a long time")
    await world.sees(group, "word word word")
    world.side.edit(group, ann, question, world.side.mention("Talk for a long time"))
    world.side.edit(group, ann, question, world.side.mention(""))
    await world.until(group, lambda: world.answers(group) == 1)
    world.check_shows(world.shown(group), text)
    assert len(world.prompts()) == 1


async def test_a_change_of_nothing_under_a_picture(world: World) -> None:
    """Nor is the answer lost when it is about a file, which has to be opened to know that it is the same."""
    ann, place = world.private()
    text = "word " * 60
    world.model.answers.append(Script.of(text, size=5, pace=0.05))
    question = world.send(place, ann, Sent("photo", media.jpeg()), text="What is this?")
    await world.sees(place, "word word word")
    world.side.edit(place, ann, question, "What is this?")
    await world.until(place, lambda: world.answers(place) == 1)
    world.check_shows(world.shown(place), text)
    await world.ask(place, ann, "Next")
    assert len(world.prompts()) == 2


async def test_an_earlier_question_in_a_group_after_a_restart(world: World) -> None:
    place, ann, ben = world.side.group(), world.person("Ann"), world.person("Ben")
    question = world.say(place, ann, "apples")
    await world.until(place, lambda: world.answers(place) == 1)
    await world.ask(place, ben, "bananas")
    before = ids(world, place)
    await world.restart()
    world.side.edit(place, ann, question, world.side.mention("cherries"))
    await world.until(place, lambda: "cherries" in world.text(place) and world.answers(place) == 2)
    assert ids(world, place) == before
    assert [shown.text for shown in world.shown(place)] == ["Ann: cherries", "Ben: bananas"]
    assert world.shown(place)[0].reply_to == question
    assert world.roles() == [("user", "Ann: cherries")]
    await world.ask(place, ben, "and now?")
    assert [text for _, text in world.roles()] == ["Ann: cherries", "Ann: cherries", "Ben: and now?"]


# Deleted questions


def together(world: World, place: Place, *message_ids: str) -> None:
    assert isinstance(world.side, DiscordSide)
    world.side.fake.delete_together(place.raw, message_ids)


async def test_a_deleted_question_is_not_told_any_more(discord: World) -> None:
    await discord.start()
    ann, place = discord.private()
    first, second, _, fourth = [await asked(discord, place, ann, text) for text in ("one", "two", "three", "four")]
    discord.side.delete(place, second)
    await discord.ask(place, ann, "five")
    assert [text for _, text in discord.roles()] == ["one", "one", "three", "three", "four", "four", "five"]
    together(discord, place, first, fourth)
    await discord.restart()
    await discord.ask(place, ann, "six")
    assert [text for _, text in discord.roles()] == ["three", "three", "five", "five", "six"]
    orphan = next(shown for shown in discord.shown(place) if shown.text == "two")
    discord.side.push(place, ann, orphan, next(data for name, data in orphan.buttons if name == "Retry"))
    await discord.sees(place, "That answer is not stored any more")
    assert len(discord.prompts()) == 6


async def test_a_question_is_deleted_while_it_is_answered(discord: World) -> None:
    await discord.start()
    ann, place = discord.private()
    await asked(discord, place, ann, "one")
    discord.model.answers.append(Script.of(SLOW, size=5, pace=0.05))
    question = discord.say(place, ann, "Talk for a long time")
    await discord.sees(place, "word word word")
    discord.side.delete(place, question)
    await discord.until(place, lambda: discord.answers(place) == 2)
    assert discord.model.requests[1]["disconnected"]
    await discord.ask(place, ann, "Next")
    assert [text for _, text in discord.roles()] == ["one", "one", "Next"]


async def test_telegram_tells_nobody_what_was_deleted(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    question = await asked(telegram, place, ann, "one")
    telegram.side.delete(place, question)
    await telegram.ask(place, ann, "two")
    assert [text for _, text in telegram.roles()] == ["one", "one", "two"]
    assert not any(offers(shown, "Stop") for shown in telegram.shown(place))
