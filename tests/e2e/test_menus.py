"""The menus of Discord's messages: Ask about this, Describe image, Transcribe."""

from __future__ import annotations

import pytest

from tests.e2e.asked import HEARD
from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Person, Place, Sent
from tests.e2e.world import World
from tests.fakes import media
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_state import Interaction
from tests.fakes.openai_script import Script

pytestmark = [pytest.mark.fast(15), pytest.mark.not_started]

PHOTO = Sent("photo", media.jpeg(300, 200), "beach.jpg")


@pytest.fixture
async def lab(discord: World) -> World:
    await discord.start(transcription_model="fake/gpt-transcribe")
    return discord


def fake_of(world: World) -> DiscordFake:
    assert isinstance(world.side, DiscordSide)
    return world.side.fake


def choose(world: World, place: Place, person: Person, entry: str, message_id: str) -> Interaction:
    return fake_of(world).message_command(place.raw, person.raw, entry, message_id)


async def test_a_question_about_a_message(lab: World) -> None:
    """Asked for in a form; the answer is no part of the conversation."""
    ann, ben, group = lab.person("Ann"), lab.person("Ben"), lab.side.group()
    said = lab.side.say(group, ben, "Die Würde des Menschen ist unantastbar.")
    interaction = choose(lab, group, ann, "Ask about this", said)
    form = await fake_of(lab).modal(interaction)
    assert form["title"] == "Ask about this"
    assert lab.shown(group) == [], "nothing is shown before there is a question"
    lab.model.answers.append(Script.of("It is German."))
    fake_of(lab).submit_modal(interaction, "Which language is this?")
    await lab.sees(group, "It is German.")
    words = lab.asked().words
    assert "(in reply to Ben)\n> Die Würde des Menschen ist unantastbar." in words
    assert words.endswith("Which language is this?")
    await lab.ask(group, ann, "Hello")
    assert lab.roles() == [("user", f"{HEARD}\n> Ben: Die Würde des Menschen ist unantastbar.\n\nAnn: Hello")]


async def test_a_question_about_a_picture_that_the_bot_was_not_told_of(lab: World) -> None:
    """The form is filled in after a restart, so that the message has to be fetched."""
    ann, ben, group = lab.person("Ann"), lab.person("Ben"), lab.side.group()
    said = lab.side.send(group, ben, [PHOTO], "Our holidays")
    interaction = choose(lab, group, ann, "Ask about this", said)
    await fake_of(lab).modal(interaction)
    await lab.restart()
    lab.model.answers.append(Script.of("At the sea."))
    fake_of(lab).submit_modal(interaction, "Where is this?")
    await lab.sees(group, "At the sea.")
    asked = lab.asked()
    assert "> Our holidays" in asked.words
    assert asked.sizes == [(300, 200)]


async def test_a_form_about_a_message_that_is_gone(lab: World) -> None:
    ann, ben, group = lab.person("Ann"), lab.person("Ben"), lab.side.group()
    said = lab.side.say(group, ben, "Soon gone")
    interaction = choose(lab, group, ann, "Ask about this", said)
    await fake_of(lab).modal(interaction)
    await lab.restart()
    lab.side.delete(group, said)
    fake_of(lab).submit_modal(interaction, "What was this?")
    await lab.sees(group, "What was this?")
    assert "Soon gone" not in lab.asked().words


async def test_an_image_is_described(lab: World) -> None:
    """All of a message's, and one on which the bot has said something already."""
    ann, ben, group = lab.person("Ann"), lab.person("Ben"), lab.side.group()
    said = lab.side.send(group, ben, [PHOTO, Sent("photo", media.jpeg(100, 80))], "Look")
    lab.model.answers.append(Script.of("A beach and a house."))
    choose(lab, group, ann, "Describe image", said)
    await lab.sees(group, "A beach and a house.")
    assert lab.asked().sizes == [(300, 200), (100, 80)]
    assert lab.asked().words.endswith("Describe this image.")

    place = lab.side.private(ann)
    await lab.answer_after(place, lambda: lab.send(place, ann, PHOTO, text="Hello"))
    lab.model.answers.append(Script.of("A beach."))
    choose(lab, place, ann, "Describe image", lab.screen(place).messages[0].message_id)
    await lab.sees(place, "A beach.")
    assert lab.pictured() == [1], "what was said before is left out"


async def test_a_message_without_an_image_is_not_described(lab: World) -> None:
    ann, group = lab.person("Ann"), lab.side.group()
    said = lab.side.say(group, ann, "Just words")
    choose(lab, group, ann, "Describe image", said)
    await lab.until(group, lambda: lab.text(group).strip())
    assert "no picture" in lab.text(group)
    assert lab.prompts() == []


async def test_a_recording_is_written_down(lab: World) -> None:
    ann, ben, group = lab.person("Ann"), lab.person("Ben"), lab.side.group()
    said = lab.side.send(group, ben, [Sent("voice", media.ogg(), seconds=1)])
    choose(lab, group, ann, "Transcribe", said)
    await lab.sees(group, lab.model.media.words)
    said = lab.side.say(group, ben, "Just words")
    choose(lab, group, ann, "Transcribe", said)
    await lab.sees(group, "Reply to a voice note or a recording with /transcribe")
    assert len(lab.model.calls("audio/transcriptions")) == 1


async def test_menus_where_the_bot_is_only_installed_by_somebody(lab: World) -> None:
    fake, ann = fake_of(lab), lab.person("Ann")
    place = Place("group", fake.guild("Elsewhere", has_bot=False).channel("general"))
    said = lab.side.send(place, ann, [PHOTO])
    lab.model.answers.append(Script.of("A beach."))
    fake.message_command(place.raw, ann.raw, "Describe image", said, user_install=True)
    await lab.sees(place, "A beach.")
    assert lab.asked().sizes == [(300, 200)]
    interaction = fake.message_command(place.raw, ann.raw, "Ask about this", said, user_install=True)
    await fake.modal(interaction)
    lab.model.answers.append(Script.of("At the sea."))
    fake.submit_modal(interaction, "Where?")
    await lab.sees(place, "At the sea.")
