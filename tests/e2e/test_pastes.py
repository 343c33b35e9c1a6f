"""Long pastes, which come as several messages and are one question."""

from __future__ import annotations

import pytest

from tests.e2e.side import Place, Sent
from tests.e2e.world import World
from tests.fakes import media
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(10)


def full(world: World, letter: str, less: int = 0) -> str:
    """A text that fills a message of the platform."""
    return (f"{letter}{letter}{letter} " * world.side.part_length)[: world.side.part_length - less].strip()


def users(world: World) -> list[str]:
    return [text for role, text in world.roles() if role == "user"]


async def answered(world: World, place: Place, count: int) -> None:
    await world.until(place, lambda: world.answers(place) == count)
    assert len(world.prompts()) == count


@pytest.fixture
def short_answers(world: World) -> World:
    world.model.respond = lambda _: Script.of("Fine.")
    return world


async def test_pieces_of_a_paste_are_one_question(short_answers: World) -> None:
    world = short_answers
    ann, place = world.private()
    two = [full(world, "a"), "The end of it."]
    three = [full(world, "b"), full(world, "c"), full(world, "d")[: world.side.part_length // 2].strip()]
    for piece in two:
        world.side.say(place, ann, piece)
    await answered(world, place, 1)
    for piece in three:
        world.side.say(place, ann, piece)
    await answered(world, place, 2)
    assert users(world) == ["\n".join(two), "\n".join(three)]


async def test_messages_that_are_not_full_are_questions_of_their_own(short_answers: World) -> None:
    world = short_answers
    ann, place = world.private()
    said = [full(world, "a", less=world.side.part_length // 8), "And another."]
    for text in said:
        world.side.say(place, ann, text)
    await answered(world, place, 2)
    assert users(world) == said


async def test_what_is_said_later_is_another_question(short_answers: World) -> None:
    world = short_answers
    ann, place = world.private()
    paste = full(world, "a")
    world.side.say(place, ann, paste)
    await world.pass_time(5)
    world.side.say(place, ann, "What do you think?")
    await answered(world, place, 2)
    assert users(world) == [paste, "What do you think?"]


async def test_in_a_group_the_first_piece_has_the_mention(short_answers: World) -> None:
    """Nobody else's words come in between, and what follows is no part of it."""
    world = short_answers
    ann, ben, group = world.person("Ann"), world.person("Ben"), world.side.group(hears_all=True)
    first = full(world, "a", less=len(world.side.mention("")))
    middle = full(world, "b")
    world.say(group, ann, first)
    world.side.say(group, ben, "In between")
    world.side.say(group, ann, middle)
    world.side.say(group, ann, "The end.")
    world.side.say(group, ann, "Something else")
    await answered(world, group, 1)
    assert users(world) == [f"Ann: {first}\n{middle}\nThe end."]
    await world.answer_after(group, lambda: world.say(group, ben, "And?"))
    heard = "(said in the chat before, not to you)\n> Ben: In between\n> Ann: Something else\n\n"
    assert users(world)[-1] == f"{heard}Ben: And?"


async def test_a_paste_with_a_file(short_answers: World) -> None:
    """A file behind a paste is a message of its own, one that comes with the first piece belongs to all of it."""
    world = short_answers
    ann, place = world.private()
    photo = Sent("photo", media.jpeg(300, 200), "beach.jpg")
    paste = full(world, "a")
    world.side.say(place, ann, paste)
    world.send(place, ann, photo, text="And this?")
    await answered(world, place, 2)
    assert world.pictured() == [0, 0, 1]
    assert world.asked().words == "And this?"
    if world.side.name == "telegram":
        return  # captions are shorter than any paste
    world.send(place, ann, photo, text=full(world, "b"))
    world.side.say(place, ann, "The end.")
    await answered(world, place, 3)
    assert world.asked().words == f"{full(world, 'b')}\nThe end."
    assert len(world.asked().pictures) == 1


async def test_a_paste_is_one_question_for_the_throttle_too(short_answers: World) -> None:
    world = short_answers
    await world.restart(messages_per_minute=1)
    ann, place = world.private()
    pieces = [*(full(world, letter) for letter in "abcd"), "The end."]  # more than the throttle lets through at once
    for piece in pieces:
        world.side.say(place, ann, piece)
    await answered(world, place, 1)
    assert users(world) == ["\n".join(pieces)]
    assert "faster than I may answer" not in world.text(place)
