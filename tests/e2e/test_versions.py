"""Answers that are asked for again or went too long: versions in one place, Continue, files, and whoever presses."""

from __future__ import annotations

import pytest

from tests.e2e.side import Person, Place
from tests.e2e.world import World, offers
from tests.fakes.openai_script import Script
from tests.fakes.screen import Shown

pytestmark = pytest.mark.fast(25)

LONG = " ".join(["A sentence of which there are many."] * 330)
"""Three messages on Telegram, seven on Discord."""


def labels(shown: Shown) -> list[str]:
    return [name for name, _ in shown.buttons]


def pushed(world: World, place: Place, person: Person, shown: Shown, label: str) -> None:
    """Press a button under this very message."""
    world.side.push(place, person, shown, next(data for name, data in shown.buttons if name == label))


async def retried(world: World, place: Place, person: Person, expected: str) -> None:
    """Press the newest Retry and wait until the answer stands there."""
    world.press(place, person, "Retry")
    await settled(world, place, expected)


async def settled(world: World, place: Place, expected: str, buttons: list[str] | None = None) -> None:
    """Wait until some message ends with these words and can be asked for again."""

    def there() -> bool:
        found = [each for each in world.shown(place) if each.text.endswith(expected) and offers(each, "Retry")]
        return any(buttons is None or labels(each) == buttons for each in found)

    await world.until(place, there)


async def test_leafing_chooses_the_branch(world: World) -> None:
    ann, place = world.private()
    world.model.answers += [Script.of(text) for text in ("Version one.", "Version two.", "Version three.")]
    await world.ask(place, ann, "A question")
    await retried(world, place, ann, "Version two.")
    await retried(world, place, ann, "Version three.")
    (shown,) = world.shown(place)
    assert labels(shown) == ["Retry", "‹ 2"]
    world.press(place, ann, "‹ 2")
    await settled(world, place, "Version two.", ["Retry", "‹ 1", "3 ›"])
    await world.ask(place, ann, "Behind the second")
    assert world.roles() == [("user", "A question"), ("assistant", "Version two."), ("user", "Behind the second")]
    world.press(place, ann, "‹ 1")
    await settled(world, place, "Version one.", ["Retry", "2 ›"])
    await world.restart()
    await world.ask(place, ann, "Behind the first")
    assert world.roles() == [("user", "A question"), ("assistant", "Version one."), ("user", "Behind the first")]
    world.press(place, ann, "2 ›")
    await settled(world, place, "Version two.", ["Retry", "‹ 1", "3 ›"])
    await world.ask(place, ann, "And further")
    told = [text for _, text in world.roles()]
    assert told == ["A question", "Version two.", "Behind the second", "Behind the second", "And further"]
    assert world.shown(place)[0].message_id == shown.message_id, "all of it happened in one message"


@pytest.mark.not_started
async def test_long_versions_in_the_place_of_each_other(world: World) -> None:
    await world.start(answer_messages=2)
    ann, place = world.private()
    world.model.answers += [Script.of(f"One. {LONG}", size=500), Script.of("Two.")]
    await world.ask(place, ann, "A question")
    first = [shown.message_id for shown in world.shown(place)]
    assert (len(first), [file.data.decode() for file in world.files(place)]) == (3, [f"One. {LONG}"])
    await retried(world, place, ann, "Two.")
    await world.until(place, lambda: [shown.message_id for shown in world.shown(place)] == first[:1])
    world.press(place, ann, "‹ 1")
    await world.until(place, lambda: world.answers(place) == 1 and world.files(place))
    assert [file.data.decode() for file in world.files(place)] == [f"One. {LONG}"]
    assert world.shown(place)[0].message_id == first[0]
    assert labels(world.shown(place)[-1]) == ["Retry", "2 ›"]
    await world.restart()
    world.model.answers.append(Script.of(f"Three. {LONG}", size=500))
    world.press(place, ann, "Retry")
    await world.until(place, lambda: [file.data.decode()[:5] for file in world.files(place)] == ["Three"])
    assert len(world.shown(place)) == 3
    assert labels(world.shown(place)[-1]) == ["Retry", "‹ 2"]


@pytest.mark.not_started
async def test_a_long_answer_can_be_stopped_before_its_file(world: World) -> None:
    await world.start(answer_messages=1)
    ann, place = world.private()
    text = LONG * 2
    world.model.answers.append(Script.of(text, size=200, pace=0.05))
    world.say(place, ann, "Talk for a long time")
    await world.until(place, lambda: len(world.text(place)) > world.side.part_length - 200)
    await world.pass_time(2)
    world.press(place, ann, "Stop")
    await world.until(place, lambda: world.answers(place) == 1 and world.files(place))
    (file,) = world.files(place)
    assert text.startswith(file.data.decode())
    assert len(world.shown(place)) == 2
    await world.ask(place, ann, "Next")
    assert world.roles()[1] == ("assistant", file.data.decode())


async def test_a_failed_answer_is_asked_for_again(world: World) -> None:
    """The failure is not a version; what came before it is."""
    ann, place = world.private()
    world.model.answers += [Script.error(400, "No."), Script.of("Here it is."), Script.error(400, "No.")]
    await world.ask(place, ann, "A question")
    assert labels(world.shown(place)[-1]) == ["Retry"]
    await retried(world, place, ann, "Here it is.")
    assert labels(world.shown(place)[-1]) == ["Retry"]
    world.press(place, ann, "Retry")
    await world.until(place, lambda: world.answers(place) == 1 and "Here" not in world.text(place))
    assert labels(world.shown(place)[-1]) == ["Retry", "‹ 1"]
    world.press(place, ann, "‹ 1")
    await settled(world, place, "Here it is.", ["Retry"])
    assert len(world.shown(place)) == 1
    await world.ask(place, ann, "Next")
    assert [text for _, text in world.roles()] == ["A question", "Here it is.", "Next"]


async def test_by_command_below_and_with_another_model(world: World) -> None:
    ann, place = world.private()
    world.model.answers += [Script.of("One."), Script.of("Two."), Script.of("Three.")]
    (above,) = await world.ask(place, ann, "A question")
    (below,) = await world.answer_after(place, lambda: world.side.command(place, ann, "/retry fake/other-model"))
    assert (below.text, labels(below)) == ("Two.", ["Retry", "‹ 1"])
    assert [shown.text for shown in (above, below)] == ["One.", "Two."]
    pushed(world, place, ann, below, "‹ 1")
    await world.until(place, lambda: below.text == "One.")
    assert labels(below) == ["Retry", "2 ›"]
    pushed(world, place, ann, above, "Retry")
    await world.until(place, lambda: above.text == "Three." and offers(above, "Retry"))
    assert (labels(above), below.text) == (["Retry", "‹ 2"], "One.")
    assert [body["model"] for body in world.model.bodies] == ["test-model", "other-model", "test-model"]
    await world.ask(place, ann, "Next")
    assert [text for _, text in world.roles()] == ["A question", "Three.", "Next"]


async def test_anybody_in_a_group_may_press(world: World) -> None:
    place, ann, ben = world.side.group(), world.person("Ann"), world.person("Ben")
    world.model.answers += [Script.of("One."), Script.of("Two.")]
    await world.ask(place, ann, "A question")
    await retried(world, place, ben, "Two.")
    world.press(place, ben, "‹ 1")
    await settled(world, place, "One.", ["Retry", "2 ›"])
    await world.ask(place, ben, "Next")
    assert [text for _, text in world.roles()] == ["Ann: A question", "One.", "Ben: Next"]


FORGED = ("show 1 99", "show 1 0", "show 1 -1", "retry 99999999999999999999", "retry 77", "pick 77", "think 1", "x 1")


async def test_what_no_button_of_the_bot_said(world: World) -> None:
    """Data that is forged, out of date, or another chat's does nothing."""
    (ann, anns), (ben, bens) = world.private("Ann"), world.private("Ben")
    await world.ask(anns, ann, "A secret")
    (shown,) = await world.ask(bens, ben, "Hello")
    for data in (*FORGED, "retry 1", "show 1 1", "pick 1", "continue 1"):  # turn 1 is Ann's
        world.side.push(bens, ben, shown, forge(shown, data))
    await world.ask(bens, ben, "Next")
    assert [text for _, text in world.roles()] == ["Hello", "Hello", "Next"]
    assert len(world.prompts()) == 3
    assert "A secret" not in world.text(bens)
    assert (shown.text, world.text(anns)) == ("Hello", "A secret")


def forge(shown: Shown, data: str) -> str:
    """Let the platform believe that the bot offered this below an answer; returns it as a button carries it."""
    last = shown.versions[-1]
    real = next(carried for _, carried in last.buttons if "retry " in carried)
    forged = real[: real.index("retry ")] + data
    shown.versions[-1] = type(last)(last.at, last.text, (*last.buttons, ("forged", forged)), last.files, last.raw)
    return forged


# Continue


async def test_an_answer_that_was_cut_goes_on(world: World) -> None:
    ann, place = world.private()
    cut = Script.of("The first half and", finish_reason="length")
    world.model.answers += [cut, Script.of("the second half."), Script.of("Something else."), Script.of("more of it.")]
    (shown,) = await world.ask(place, ann, "Tell me all")
    assert "Press Continue" in shown.text
    assert labels(shown) == ["Continue", "Retry"]
    await world.answer_after(place, lambda: world.press(place, ann, "Continue"))
    assert world.shown(place)[-1].text == "the second half."
    assert [text for _, text in world.roles()][:2] == ["Tell me all", "The first half and"]
    assert "Go on" in world.roles()[-1][1]
    await world.ask(place, ann, "Another subject")
    await world.restart()
    await world.answer_after(place, lambda: pushed(world, place, ann, shown, "Continue"))
    assert world.shown(place)[-1].text == "more of it."
    assert [text for _, text in world.roles()][:2] == ["Tell me all", "The first half and"]
    assert len(world.roles()) == 3, "it goes on behind the answer that was cut, not behind what came since"
    await world.ask(place, ann, "Next")
    assert [text for _, text in world.roles()][-2:] == ["more of it.", "Next"]
    assert "Another subject" not in str(world.roles())
    world.side.command(place, ann, "/new")
    await world.sees(place, "New conversation.")
    await world.answer_after(place, lambda: pushed(world, place, ann, shown, "Continue"))
    assert [text for _, text in world.roles()][:2] == ["Tell me all", "The first half and"], "also after /new"
