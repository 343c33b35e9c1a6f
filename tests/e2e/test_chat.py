"""Questions and answers: the conversation that the model is sent, and what people see of it."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.world import World, offers
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(25)


async def test_a_question_is_answered(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of("Hello, **bot**", first_delay=2.0))
    answer = await world.ask(place, ann, "Hello, **bot**")
    world.check_shows(answer, "Hello, **bot**")
    assert world.roles() == [("user", "Hello, **bot**")]
    assert world.screen(place).typing


async def test_an_answer_grows_on_screen(world: World) -> None:
    ann, place = world.private()
    text = "One sentence after the other comes from the model. " * 12
    world.model.answers.append(Script.of(text, pace=0.05))
    (shown,) = await world.ask(place, ann, "Tell me a lot")
    world.check_shows([shown], text)
    lengths = [len(version.text) for version in shown.versions]
    assert len(lengths) >= 4
    assert lengths == sorted(lengths)
    assert all(version.buttons[0][0] == "Stop" for version in shown.versions[:-1])


async def test_history_is_used_and_kept_over_a_restart(world: World) -> None:
    ann, place = world.private()
    await world.ask(place, ann, "My name is Ann")
    await world.ask(place, ann, "What is my name?")
    assert world.roles() == [("user", "My name is Ann"), ("assistant", "My name is Ann"), ("user", "What is my name?")]
    await world.restart()
    await world.ask(place, ann, "And now?")
    assert [role for role, _ in world.roles()] == ["user", "assistant", "user", "assistant", "user"]
    assert world.roles()[0] == ("user", "My name is Ann")
    assert world.roles()[-1] == ("user", "And now?")


async def test_two_people_in_two_chats_at_once(world: World) -> None:
    (ann, anns), (ben, bens) = world.private("Ann"), world.private("Ben")
    world.model.respond = lambda body: Script.of(f"to {body['messages'][-1]['content']}", pace=3)
    first, second = await asyncio.gather(world.ask(anns, ann, "apples"), world.ask(bens, ben, "bananas"))
    world.check_shows(first, "to apples")
    world.check_shows(second, "to bananas")
    assert world.model.most_running == 2
    assert [len(prompt) for prompt in world.prompts()] == [2, 2]


async def test_two_people_in_one_chat_are_answered_in_order(world: World) -> None:
    place = world.side.group()
    ann, ben = world.person("Ann"), world.person("Ben")
    world.model.respond = lambda body: Script.of(f"answer to {body['messages'][-1]['content']}", pace=0.1)
    anns, bens = world.say(place, ann, "apples?"), world.say(place, ben, "bananas?")
    await world.until(place, lambda: world.answers(place) == 2)
    assert world.model.most_running == 1
    first, second = world.shown(place)
    assert (first.text, first.reply_to) == ("answer to Ann: apples?", anns)
    assert (second.text, second.reply_to) == ("answer to Ben: bananas?", bens)
    await world.ask(place, ann, "and both?")
    assert world.roles() == [
        ("user", "Ann: apples?"),
        ("assistant", "answer to Ann: apples?"),
        ("user", "Ben: bananas?"),
        ("assistant", "answer to Ben: bananas?"),
        ("user", "Ann: and both?"),
    ]


async def test_ten_chats_at_once(world: World) -> None:
    text = "Every one of these answers has to arrive whole. " * 30
    world.model.respond = lambda body: Script.of(f"{body['messages'][-1]['content']}: {text}", size=12, pace=0.05)
    chats = [world.private(f"Person {number}") for number in range(10)]
    answers = await asyncio.gather(*(world.ask(place, person, person.name) for person, place in chats))
    for (person, _), answer in zip(chats, answers, strict=True):
        world.check_shows(answer, f"{person.name}: {text}")


async def test_topics_are_conversations_of_their_own(world: World) -> None:
    ann, group = world.person("Ann"), world.side.group()
    plants, stars = (world.side.topic(group, name, ann) for name in ("Plants", "Stars"))
    await world.ask(plants, ann, "moss")
    await world.ask(stars, ann, "Vega")
    assert world.roles() == [("user", "Ann: Vega")]
    await world.ask(plants, ann, "fern")
    assert [text for _, text in world.roles()] == ["Ann: moss", "Ann: moss", "Ann: fern"]
    assert [shown.text for shown in world.shown(plants)] == ["Ann: moss", "Ann: fern"]
    assert [shown.text for shown in world.shown(stars)] == ["Ann: Vega"]
    assert world.shown(group) == []


async def test_a_quoted_message_comes_along(world: World) -> None:
    place, ann, ben = world.side.group(), world.person("Ann"), world.person("Ben")
    said = world.side.say(place, ben, "The meeting is at *nine*.")
    await world.ask(place, ann, "Is that early?", reply_to=said)
    ((_, asked),) = world.roles()
    assert asked.startswith("Ann: ")
    assert "Ben" in asked
    assert "> The meeting is at *nine*." in asked
    assert asked.endswith("Is that early?")


async def test_a_reply_to_the_bot_needs_no_mention(world: World) -> None:
    place, ann, ben = world.side.group(), world.person("Ann"), world.person("Ben")
    (shown,) = await world.ask(place, ann, "Name a tree")
    await world.answer_after(place, lambda: world.side.say(place, ben, "Another one", reply_to=shown.message_id))
    assert world.roles()[-1][1].endswith("Another one")
    assert "your own message" in world.roles()[-1][1]


async def test_an_edited_question_is_answered_anew(world: World) -> None:
    ann, place = world.private()
    question = world.say(place, ann, "What is 2 + 2?")
    await world.until(place, lambda: world.answers(place) == 1)
    changed = await world.changed_after(place, lambda: world.side.edit(place, ann, question, "What is 3 + 3?"))
    assert world.shown(place) == [changed], "the new answer takes the place of the old one"
    world.check_shows([changed], "What is 3 + 3?")
    assert world.roles() == [("user", "What is 3 + 3?")], "the model does not see the old question"
    await world.ask(place, ann, "Next")
    assert [text for _, text in world.roles()] == ["What is 3 + 3?", "What is 3 + 3?", "Next"]


async def test_an_edit_that_changes_no_words_is_left_alone(world: World) -> None:
    ann, place = world.private()
    question = world.say(place, ann, "What is 2 + 2?")
    await world.until(place, lambda: world.answers(place) == 1)
    world.side.edit(place, ann, question, "What is 2 + 2?")
    await world.ask(place, ann, "Next")
    assert len(world.prompts()) == 2


async def test_what_is_not_for_the_bot_is_ignored(world: World) -> None:
    place, ann = world.side.group(), world.person("Ann")
    world.side.say(place, ann, "Just talking to Ben")
    world.side.say(place, ann, "@somebody_else what do you think?")
    await world.ask(place, ann, "Now you")
    assert len(world.prompts()) == 1
    heard = (
        "(said in the chat before, not to you)\n> Ann: Just talking to Ben\n> Ann: @somebody_else what do you think?"
    )
    context = "" if world.side.name == "telegram" else f"{heard}\n\n"  # Telegram keeps it from bots: privacy mode
    assert world.roles() == [("user", f"{context}Ann: Now you")]
    assert len(world.shown(place)) == 1
    await world.ask(place, ann, "And now")
    assert world.roles()[0] == ("user", "Ann: Now you"), "what was overheard is not kept"


async def test_a_mention_alone_gets_a_greeting(world: World) -> None:
    place, ann = world.side.group(), world.person("Ann")
    world.say(place, ann, "")
    await world.sees(place, "What would you like to know?")
    assert world.prompts() == []


@pytest.mark.not_started
async def test_who_is_not_allowed_is_told_once(world: World) -> None:
    ann, anns = world.private("Ann")
    ben, bens = world.private("Ben")
    await world.start(allowed=(ann.handle,))
    world.say(bens, ben, "Let me in")
    await world.sees(bens, ben.handle)
    world.say(bens, ben, "Please")
    world.check_shows(await world.ask(anns, ann, "Hello"), "Hello")
    assert len(world.shown(bens)) == 1
    assert len(world.prompts()) == 1


@pytest.mark.not_started
async def test_who_is_not_allowed_cannot_press_buttons_or_use_commands(world: World) -> None:
    place, ann, ben = world.side.group(), world.person("Ann"), world.person("Ben")
    await world.start(allowed=(ann.handle,))
    world.model.answers.append(Script.of("word " * 60, size=5, pace=0.05))
    asked = asyncio.create_task(world.ask(place, ann, "Talk"))
    await world.until(place, lambda: world.shown(place))
    world.press(place, ben, "Stop")
    world.side.command(place, ben, "/stop")
    await world.sees(place, ben.handle)
    answer = await asked
    world.check_shows([shown for shown in answer if offers(shown, "Retry")], "word " * 60)


async def test_too_many_questions_at_once(world: World) -> None:
    """Those that cannot wait are told so, and all others are answered in their order."""
    ann, place = world.private()
    world.model.answers.append(Script.of("First.", header_delay=3))
    for number in range(23):
        world.say(place, ann, f"Question {number}")
    await world.sees(place, "Too many messages are waiting here.")
    await world.until(place, lambda: world.answers(place) == 20, timeout=200)
    answers = [shown.text for shown in world.shown(place) if offers(shown, "Retry")]
    assert answers == ["First.", *(f"Question {number}" for number in range(1, 20))]


async def test_a_question_that_is_edited_while_it_is_answered(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of("word " * 20, size=5, pace=0.05))
    question = world.say(place, ann, "What is 2 + 2?")
    await world.until(place, lambda: world.shown(place))
    world.side.edit(place, ann, question, "What is 3 + 3?")
    await world.until(place, lambda: world.shown(place)[-1].text == "What is 3 + 3?")
    assert world.roles()[-1] == ("user", "What is 3 + 3?")
