"""Commands and buttons, as people use them on each platform."""

from __future__ import annotations

import pytest

from tests.e2e.side import Place
from tests.e2e.world import MODEL, World, offers
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(15)


async def chosen(world: World, place: Place, name: str) -> None:
    await world.sees(place, world.side.rendered(f"From now on **{name}** answers here."))


async def test_help_shows_every_command(world: World) -> None:
    ann, place = world.private()
    world.side.command(place, ann, "/help")
    await world.sees(place, "/persona")
    for name in ("/ask", "/new", "/stop", "/retry", "/model", "/imagine", "/transcribe", "/speak", "/voice", "/help"):
        assert name in world.text(place)


async def test_help_about_one_command(world: World) -> None:
    ann, place = world.private()
    world.side.command(place, ann, "/help persona use")
    await world.sees(place, "/persona use")
    assert "a+b combines two" in world.text(place)


async def test_start_greets(world: World) -> None:
    ann, place = world.private()
    world.side.command(place, ann, "/start")
    await world.sees(place, "Hello Ann, I am Parley.")
    assert MODEL in world.text(place)
    assert offers(world.shown(place)[0], "Help")
    world.press(place, ann, "Help")
    await world.sees(place, "I remember this conversation")


async def test_ask_knows_nothing_and_leaves_nothing(world: World) -> None:
    ann, place = world.private()
    await world.ask(place, ann, "My name is Ann")
    world.side.command(place, ann, "/ask who am I?")
    await world.sees(place, "who am I?")
    assert world.roles() == [("user", "who am I?")]
    await world.ask(place, ann, "Still there?")
    assert [text for _, text in world.roles()] == ["My name is Ann", "My name is Ann", "Still there?"]


async def test_new_forgets_the_conversation_and_keeps_the_persona(world: World) -> None:
    ann, place = world.private()
    world.side.command(place, ann, "/persona use teacher")
    await chosen(world, place, "teacher")
    await world.ask(place, ann, "My name is Ann")
    teaching = world.system()
    world.side.command(place, ann, "/new")
    await world.sees(place, "New conversation.")
    await world.ask(place, ann, "Who am I?")
    assert world.roles() == [("user", "Who am I?")]
    assert world.system() == teaching


async def test_the_persona_changes_in_the_middle_of_a_conversation(world: World) -> None:
    ann, place = world.private()
    await world.ask(place, ann, "One")
    usual = world.system()
    world.side.command(place, ann, "/persona use engineer")
    await chosen(world, place, "engineer")
    await world.ask(place, ann, "Two")
    assert world.system() != usual
    assert [text for _, text in world.roles()] == ["One", "One", "Two"]
    await world.restart()
    await world.ask(place, ann, "Three")
    engineer = world.system()
    assert engineer not in ("", usual)
    world.side.command(place, ann, "/persona reset")
    await world.sees(place, "Back to")
    await world.ask(place, ann, "Four")
    assert world.system() == usual


async def test_a_persona_holds_for_its_chat_alone(world: World) -> None:
    (ann, anns), (ben, bens) = world.private("Ann"), world.private("Ben")
    world.side.command(anns, ann, "/persona use teacher")
    await chosen(world, anns, "teacher")
    await world.ask(anns, ann, "One")
    await world.ask(bens, ben, "Two")
    assert world.system(0) != world.system(1)


async def test_topics_inherit_the_persona_of_their_group(world: World) -> None:
    ann, group = world.person("Ann"), world.side.group()
    topics = [world.side.topic(group, name, ann) for name in ("One", "Two")]
    world.side.command(group, ann, "/persona use teacher")
    await chosen(world, group, "teacher")
    world.side.command(topics[1], ann, "/persona use engineer")
    await chosen(world, topics[1], "engineer")
    for place in (group, *topics):
        await world.ask(place, ann, "Hello")
    assert world.system(0) == world.system(1) != world.system(2)


async def test_two_personas_are_combined(world: World) -> None:
    ann, place = world.private()
    prompts = []
    for name in ("teacher", "engineer", "teacher+engineer"):
        world.side.command(place, ann, f"/persona use {name}")
        await chosen(world, place, name)
        await world.ask(place, ann, name)
        prompts.append(world.system())
    assert prompts[0] in prompts[2]
    assert prompts[1] in prompts[2]


async def test_a_persona_that_somebody_writes(world: World) -> None:
    ann, place = world.private()
    world.side.command(place, ann, "/persona create pirate You answer like a pirate, with **arr**.")
    await world.sees(place, "is ready")
    world.side.command(place, ann, "/persona use pirate")
    await chosen(world, place, "pirate")
    await world.ask(place, ann, "Ahoy")
    assert world.system() == "You answer like a pirate, with **arr**."
    world.side.command(place, ann, "/persona delete pirate")
    await world.sees(place, "is deleted")
    await world.ask(place, ann, "Ahoy")
    assert "pirate" not in world.system()


async def test_buttons_stand_where_a_choice_is_missing(world: World) -> None:
    ann, place = world.private()
    world.side.command(place, ann, "/persona use")
    await world.sees(place, "Who should answer here?")
    world.press(place, ann, "engineer")
    await world.sees(place, "From now on")
    await world.ask(place, ann, "One")
    world.side.command(place, ann, "/persona list")
    await world.sees(place, "Personas you can use here")
    line = next(line for line in world.text(place).splitlines() if "engineer" in line and "in use" in line)
    assert "engineer" in line


async def test_the_model_of_a_chat(world: World) -> None:
    ann, place = world.private()
    world.side.command(place, ann, "/model")
    await world.sees(place, MODEL)
    world.side.command(place, ann, "/model fake/other-model")
    await world.sees(place, "From now on")
    await world.ask(place, ann, "Hello")
    assert world.model.bodies[-1]["model"] == "other-model"
    world.side.command(place, ann, "/model nonsense-model")
    await world.sees(place, "There is no model")
    await world.ask(place, ann, "Hello")
    assert world.model.bodies[-1]["model"] == "other-model"
    world.side.command(place, ann, "/model default")
    await world.sees(place, "Back to")
    await world.ask(place, ann, "Hello")
    assert world.model.bodies[-1]["model"] == "test-model"


async def test_commands_wait_their_turn(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of("word " * 60, pace=0.03))
    world.say(place, ann, "Talk")
    await world.sees(place, "word word")
    world.side.command(place, ann, "/new")
    world.say(place, ann, "Who am I?")
    await world.until(place, lambda: world.answers(place) == 2)
    assert world.roles() == [("user", "Who am I?")]


async def test_help_does_not_wait(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of("word " * 100, pace=0.05))
    world.say(place, ann, "Talk")
    await world.sees(place, "word word")
    world.side.command(place, ann, "/help")
    await world.sees(place, "I remember this conversation")
    assert world.answers(place) == 0
    await world.until(place, lambda: world.answers(place) == 1)


async def test_a_wrong_command_gets_the_closest_match(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    telegram.side.command(place, ann, "/persoan")
    await telegram.sees(place, "Did you mean /persona?")
    telegram.side.command(place, ann, "/persona us teacher")
    await telegram.sees(place, "Did you mean /persona use?")
    telegram.side.command(place, ann, "/ask")
    await telegram.sees(place, "Usage: /ask")
    telegram.side.command(place, ann, "/new now please")
    await telegram.sees(place, "Usage: /new")
    assert telegram.prompts() == []


async def test_commands_of_other_bots_are_left_alone(telegram: World) -> None:
    await telegram.start()
    place, ann = telegram.side.group(), telegram.person("Ann")
    telegram.side.command(place, ann, "/new@another_bot")
    telegram.side.command(place, ann, "/dance")
    telegram.side.command(place, ann, "/new@parley_bot")
    await telegram.sees(place, "New conversation.")
    assert len(telegram.shown(place)) == 1


async def test_a_command_that_breaks_says_so(world: World) -> None:
    """A provider whose list of models is broken must not take the command with it."""
    ann, place = world.private()
    world.model.models_status = 500
    world.side.command(place, ann, "/model fake/whatever")
    await world.sees(place, "is not checked")
