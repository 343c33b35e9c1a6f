"""What goes wrong at the model: every failure ends in one plain sentence, and nothing that was shown is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.world import MODEL, World
from tests.fakes import openai_script
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(25)

HALF = "The beginning of an answer that will never be finished, "


FAILURES: dict[str, tuple[Callable[[], Script], str]] = {
    "500": (lambda: Script.error(500, "The server had an error"), "cannot be reached right now"),
    "503 page": (lambda: Script(status=503, body="<html>Bad</html>", content_type="text/html"), "cannot be reached"),
    "401": (lambda: Script.error(401, "Incorrect API key provided", "invalid_api_key"), "refused the bot's key"),
    "404 model": (lambda: Script.error(404, "The model does not exist", "model_not_found"), "has no model"),
    "429": (lambda: Script.rate_limited(), "gets too many requests right now"),
    "429 wait": (lambda: Script.rate_limited({"Retry-After": "300"}), "Try again in 5 min"),
    "quota": (lambda: Script.out_of_quota(), "has no credit left"),
    "400": (lambda: Script.error(400, "Unsupported value: 'x_y' <b>", "unsupported_value"), "The provider says: "),
    "web page": (lambda: Script.web_page(), "broke off"),
    "json": (lambda: Script(body={"error": {"message": "Overloaded", "code": 502}}), "cannot be reached"),
    "broken": (lambda: Script(["x"], insert={0: openai_script.BROKEN_JSON}), "broke off"),
    "no end": (lambda: Script(end_after=0), "broke off"),
    "nothing": (lambda: Script(), "had nothing to say"),
    "blank": (lambda: Script([" ", "\n"]), "had nothing to say"),
    "only thoughts": (lambda: Script(reasoning=["hm", "well"]), "had nothing to say"),
    "filtered": (lambda: Script(finish_reason="content_filter"), "content filter withheld"),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure_is_told_in_one_sentence(world: World, name: str) -> None:
    make, words = FAILURES[name]
    world.model.respond = lambda _: make()
    ann, place = world.private()
    (shown,) = await world.ask(place, ann, "Hello")
    assert words in shown.text
    assert len(shown.text) < 250
    assert "Traceback" not in shown.text
    assert "{" not in shown.text
    assert len(world.shown(place)) == 1
    world.model.respond = lambda _: Script.of("Better now.")
    again = await world.changed_after(place, lambda: world.press(place, ann, "Retry"))
    world.check_shows([again], "Better now.")
    assert world.shown(place) == [again], "it takes the place of the sentence"
    assert world.roles() == [("user", "Hello")]


BREAKS = {
    "cut": Script.of(HALF, size=8, cut_after=5),
    "error object": Script.of(HALF, size=8, insert={5: openai_script.ERROR_OBJECT}, end_after=6),
    "error event": Script.of(HALF, size=8, insert={5: openai_script.ERROR_EVENT}, end_after=6),
    "broken json": Script.of(HALF, size=8, insert={5: openai_script.BROKEN_JSON}),
    "no end": Script.of(HALF, size=8, end_after=5),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_what_was_said_before_a_break_stays(world: World, name: str) -> None:
    ann, place = world.private()
    world.model.answers.append(BREAKS[name])
    world.model.answers[0].pace = 0.2
    (shown,) = await world.ask(place, ann, "Hello")
    assert shown.text.startswith(HALF[:30].strip())
    assert shown.text.count(HALF[:20]) == 1
    assert "broke off" in shown.text or "cannot be reached" in shown.text
    assert len(world.model.bodies) == 1, "what is visible is not asked for again"
    await world.ask(place, ann, "Go on")
    assert world.roles()[1][0] == "assistant"
    assert world.roles()[1][1] == HALF[:40]


@pytest.mark.fast(60)
async def test_a_model_that_falls_silent(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of(HALF, size=8, pace=0.2, stall_after=5))
    (shown,) = await world.answer_after(place, lambda: world.say(place, ann, "Hello"), timeout=200)
    assert shown.text.startswith(HALF[:40].strip())
    assert "fell silent" in shown.text
    assert world.model.requests[0]["disconnected"]


@pytest.mark.not_started
@pytest.mark.fast(60)
async def test_a_model_that_is_silent_from_the_start(telegram: World) -> None:
    world = telegram
    await world.start()
    ann, place = world.private()
    world.model.respond = lambda _: Script(stall_after=0)
    (shown,) = await world.answer_after(place, lambda: world.say(place, ann, "Hello"), timeout=300)
    assert "fell silent" in shown.text
    signs = len(world.screen(place).typing)
    await world.pass_time(20)
    assert len(world.screen(place).typing) == signs, "the sign of typing must end with the answer"


async def test_a_failure_that_passes_is_not_seen(world: World) -> None:
    ann, place = world.private()
    world.model.answers += [Script.error(500, "Oops"), Script.rate_limited({"Retry-After": "1"})]
    world.check_shows(await world.ask(place, ann, "Hello"), "Hello")
    assert len(world.shown(place)) == 1


async def test_an_answer_cut_by_its_length(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of("Half of the", finish_reason="length"))
    (shown,) = await world.ask(place, ann, "Hello")
    assert shown.text.startswith("Half of the")
    assert "reached the model's length limit" in shown.text
    await world.ask(place, ann, "continue")
    assert world.roles()[1] == ("assistant", "Half of the"), "what the bot adds is not the model's"


async def test_the_limit_in_the_middle_of_code(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of("So:\n```python\nprint(1)\nprint(", finish_reason="length"))
    (shown,) = await world.ask(place, ann, "Hello")
    notice = shown.text[shown.text.index("The answer reached") :]
    assert "```" not in notice
    entities = shown.versions[-1].raw.get("entities", [])
    assert all(each["offset"] + each["length"] <= shown.text.index("The answer reached") for each in entities)


async def test_an_answer_withheld_half_way(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of("I was about to", finish_reason="content_filter"))
    (shown,) = await world.ask(place, ann, "Hello")
    assert "content filter withheld" in shown.text


async def test_an_answer_without_a_reason_for_its_end(world: World) -> None:
    """Some compatible servers leave it out; what they said is shown all the same."""
    ann, place = world.private()
    world.model.respond = lambda _: Script.of("All of it is here.", finish_reason=None)
    (shown,) = await world.ask(place, ann, "Hello")
    assert shown.text.startswith("All of it is here.")
    assert len(world.model.bodies) == 1


async def test_reasoning_is_not_part_of_the_answer(world: World) -> None:
    ann, place = world.private()
    world.model.answers += [
        Script.of("Four.", reasoning=["two plus ", "two"]),
        Script(["<thi", "nk>two plus two</th", "ink>\n\nFo", "ur."]),
    ]
    world.check_shows(await world.ask(place, ann, "2 + 2?"), "Four.")
    world.check_shows(await world.ask(place, ann, "2 + 2?"), "Four.")


async def test_tags_of_reasoning_inside_an_answer_are_text(world: World) -> None:
    ann, place = world.private()
    text = "Use the tags <think> and </think> around it."
    world.model.answers.append(Script.of(text, size=3))
    world.check_shows(await world.ask(place, ann, "How?"), text)


@pytest.mark.not_started
async def test_another_model_takes_over(world: World) -> None:
    await world.start(fallback_models=("fake/other-model",))
    ann, place = world.private()
    world.model.respond = lambda body: (
        Script.of("Here I am.") if body["model"] == "other-model" else Script.error(401, "No", "invalid_api_key")
    )
    world.check_shows(await world.ask(place, ann, "Hello"), "Here I am.")
    assert len(world.shown(place)) == 1


@pytest.mark.not_started
async def test_no_other_model_takes_over_once_something_is_visible(world: World) -> None:
    await world.start(fallback_models=("fake/other-model",))
    ann, place = world.private()
    world.model.answers.append(Script.of(HALF, size=8, pace=0.2, cut_after=5))
    (shown,) = await world.ask(place, ann, "Hello")
    assert "broke off" in shown.text
    assert [body["model"] for body in world.model.bodies] == [MODEL.partition("/")[2]]


@pytest.mark.not_started
async def test_an_unreachable_provider(world: World) -> None:
    nowhere = {"fake": {"base_url": "http://127.0.0.1:9/v1", "api_key": world.model.key}}
    await world.start(providers=nowhere)
    ann, place = world.private()
    (shown,) = await world.ask(place, ann, "Hello")
    assert "cannot be reached right now" in shown.text


async def test_history_that_is_too_long_for_the_model_is_shortened(world: World) -> None:
    ann, place = world.private()
    for number in range(4):
        await world.ask(place, ann, f"{number} " + "long question " * 60)
    requests = len(world.prompts())
    world.model.models["test-model"] = type(world.model.models["test-model"])("test-model", context=700)
    await world.ask(place, ann, "Short question")
    assert len(world.prompts()) > requests + 1
    assert world.roles()[-1] == ("user", "Short question")
    assert len(world.roles()) < 9
