"""Personas are chosen, combined, written, changed and deleted by those who may."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.ids import ChatRef, Person, settings_scope
from bot.domain.personas import Persona
from bot.domain.platform import Button
from tests.unit.commands.conftest import ANN, BOB, CHAT, ROOT, Desk

SCOPE = settings_scope(CHAT)


def chosen(desk: Desk) -> str | None:
    return desk.store.preferences.scopes.get(SCOPE, {}).get("persona")


async def test_a_persona_is_chosen_and_shown(desk: Desk) -> None:
    assert await desk.say("/persona use Teacher") == "From now on **teacher** answers here."
    assert chosen(desk) == "teacher"
    assert (await desk.say("/persona")).startswith("**teacher** answers here.\nexplains step by step\nChange it with")
    assert await desk.buttons("/persona") == ["run /persona use"]


@pytest.mark.parametrize("typed", ["teacher+engineer", "Teacher + engineer"])
async def test_two_are_combined(desk: Desk, typed: str) -> None:
    assert await desk.say(f"/persona use {typed}") == "From now on **teacher+engineer** answers here."
    assert chosen(desk) == "teacher+engineer"


async def test_without_a_name_all_are_offered(desk: Desk) -> None:
    assert await desk.buttons("/persona use") == [
        "run /persona use assistant",
        "run /persona use engineer",
        "run /persona use teacher",
    ]


async def test_buttons_stay_within_what_the_platforms_take(desk: Desk) -> None:
    for number in range(40):
        await desk.store.personas.save(SCOPE, Persona(f"p{number}", "x", author=ANN.handle))
    await desk.store.personas.save(SCOPE, Persona("a" + "ж" * 31, "x", author=ANN.handle))

    data = await desk.buttons("/persona use")

    assert len(data) == 25
    assert all(len(each.encode()) <= 60 for each in data)


async def test_a_misspelt_name_gets_the_closest(desk: Desk) -> None:
    assert await desk.say("/persona use techer") == "There is no persona `techer`. Did you mean `teacher`?"
    assert await desk.buttons("/persona use techer") == ["run /persona use teacher"]
    assert await desk.buttons("/persona show techer") == ["run /persona show teacher"]
    assert await desk.say("/persona use 12345") == "There is no persona `12345`. /persona list shows them all."
    assert chosen(desk) is None


async def test_the_list_marks_what_is_used_and_what_was_written_here(desk: Desk) -> None:
    await desk.run("/persona create pirate Arr.")
    await desk.run("/persona use teacher+pirate")

    assert await desk.say("/persona list") == (
        "Personas you can use here:\n"
        "- `assistant` – helps with anything\n"
        "- `engineer`\n"
        "- `pirate` *(in use, written here)*\n"
        "- `teacher` – explains step by step *(in use)*"
    )


async def test_show_quotes_the_prompt(desk: Desk) -> None:
    assert await desk.say("/persona show teacher") == (
        "**teacher** – explains step by step\n\n> You teach.\n>\n> Step by step."
    )
    assert await desk.buttons("/persona show teacher") == ["run /persona use teacher"]


async def test_reset_goes_back(desk: Desk) -> None:
    await desk.run("/persona use teacher")

    assert await desk.say("/persona reset") == "Back to **assistant**."
    assert chosen(desk) is None


async def test_the_choice_belongs_to_the_thread(desk: Desk) -> None:
    desk.chat = ChatRef("telegram", "1", "100", "group", thread_id="7")
    await desk.run("/persona use teacher")

    assert "**teacher**" in await desk.say("/persona")
    desk.chat = CHAT
    assert "**assistant**" in await desk.say("/persona")


async def test_a_persona_is_written_and_used(desk: Desk) -> None:
    said = await desk.say('/persona create Pirate description="Salty" You are a pirate.\nArr.')

    assert said == "Persona **pirate** is ready. Use it with `/persona use pirate`."
    assert desk.store.personas.scopes == {
        SCOPE: {"pirate": Persona("pirate", "You are a pirate.\nArr.", "Salty", author="telegram:42")}
    }
    assert await desk.say("/persona use pirate", BOB) == "From now on **pirate** answers here."


@pytest.mark.parametrize("name", ["a+b", "-x", "a/b", '"two words"', "x" * 33])
async def test_bad_names_are_refused(desk: Desk, name: str) -> None:
    assert "cannot be a name" in await desk.say(f"/persona create {name} prompt")
    assert desk.store.personas.scopes == {}


async def test_names_of_any_script_are_taken(desk: Desk) -> None:
    assert await desk.say("/persona create ПИРАТ Арр.") == (
        "Persona **пират** is ready. Use it with `/persona use пират`."
    )


async def test_built_in_names_cannot_be_taken_or_changed(desk: Desk) -> None:
    assert "comes with the bot" in await desk.say("/persona create teacher x")
    assert "comes with the bot" in await desk.say("/persona create TEACHER x")
    assert "cannot be changed" in await desk.say("/persona edit teacher x", ROOT)
    assert "cannot be changed" in await desk.say("/persona delete teacher", ROOT)
    assert desk.store.personas.scopes == {}


async def test_a_name_is_given_once(desk: Desk) -> None:
    await desk.run("/persona create pirate Arr.")

    assert "Change it with `/persona edit pirate`" in await desk.say("/persona create pirate Other.", BOB)
    assert desk.store.personas.scopes[SCOPE]["pirate"].prompt == "Arr."


async def test_prompts_and_descriptions_have_a_length(desk: Desk) -> None:
    assert "1 to 4000 characters; this one has 4001" in await desk.say(f"/persona create pirate {'x' * 4001}")
    assert "is ready" in await desk.say(f"/persona create pirate {'x' * 4000}")
    assert "1 to 4000 characters; this one has 0" in await desk.say('/persona edit pirate prompt=" "')
    assert "at most 100 characters; this one has 101" in await desk.say(f"/persona edit pirate description={'x' * 101}")


async def test_a_chat_has_room_for_fifty(desk: Desk) -> None:
    for number in range(50):
        assert "is ready" in await desk.say(f"/persona create p{number} x")

    assert await desk.say("/persona create one-more x") == (
        "There are 50 personas here already. Delete one first with `/persona delete name`."
    )


@pytest.mark.parametrize("editor", [ANN, ROOT])
async def test_author_and_admins_edit(desk: Desk, editor: Person) -> None:
    await desk.run('/persona create pirate description="Salty" Arr.')

    assert await desk.say("/persona edit pirate Ahoy.", editor) == "Persona **pirate** is changed."
    assert desk.store.personas.scopes[SCOPE]["pirate"] == Persona("pirate", "Ahoy.", "Salty", author=ANN.handle)
    assert await desk.say("/persona edit pirate description=Wet", editor) == "Persona **pirate** is changed."
    assert desk.store.personas.scopes[SCOPE]["pirate"] == Persona("pirate", "Ahoy.", "Wet", author=ANN.handle)


async def test_an_edit_keeps_what_it_does_not_name(desk: Desk) -> None:
    rich = Persona("pirate", "Arr.", "Salty", "behavioural", "acme/small-1", "creative", ANN.handle)
    await desk.store.personas.save(SCOPE, rich)

    await desk.run("/persona edit pirate Ahoy.")

    assert desk.store.personas.scopes[SCOPE]["pirate"] == replace(rich, prompt="Ahoy.")


async def test_others_cannot_change_a_persona(desk: Desk) -> None:
    await desk.run("/persona create pirate Arr.")

    assert "Only the person who wrote `pirate`" in await desk.say("/persona edit pirate Ahoy.", BOB)
    assert "Only the person who wrote `pirate`" in await desk.say("/persona delete pirate", BOB)
    assert desk.store.personas.scopes[SCOPE]["pirate"].prompt == "Arr."


async def test_a_persona_without_a_prompt_is_asked_for_one(desk: Desk) -> None:
    assert await desk.say("/persona create Pirate") == (
        "Who is **pirate**, and how does it answer? Press the button, or send `/persona create pirate prompt`."
    )
    reply = await desk.run("/persona create Pirate")
    assert reply is not None
    assert reply.buttons == (Button("Write the prompt", "ask /persona create pirate", asks=True),)
    assert desk.store.personas.scopes == {}


async def test_a_name_too_long_for_a_button_is_asked_for_in_words(desk: Desk) -> None:
    assert await desk.buttons("/persona create " + "ж" * 32) == []
    assert "/persona create" in await desk.say("/persona create " + "ж" * 32)


async def test_a_description_alone_makes_no_persona(desk: Desk) -> None:
    assert await desk.say('/persona create pirate description="Salty"') == (
        '`prompt` is missing.\nUsage: `/persona create pirate description="..." prompt`'
    )
    assert desk.store.personas.scopes == {}


async def test_what_is_wrong_with_a_name_is_said_before_its_prompt_is_asked_for(desk: Desk) -> None:
    assert "cannot be a name" in await desk.say("/persona create a+b")
    assert "comes with the bot" in await desk.say("/persona create teacher")


async def test_an_edit_without_words_asks_for_them(desk: Desk) -> None:
    await desk.run("/persona create pirate Arr.")

    assert "how does it answer" in await desk.say("/persona edit pirate")
    assert await desk.buttons("/persona edit pirate") == ["ask /persona edit pirate"]


async def test_a_deleted_persona_is_not_used_any_more(desk: Desk) -> None:
    await desk.run("/persona create pirate Arr.")
    await desk.run("/persona use teacher+pirate")

    assert await desk.say("/persona delete pirate") == "Persona **pirate** is deleted. Back to **assistant**."
    assert chosen(desk) is None
    assert desk.store.personas.scopes[SCOPE] == {}


async def test_deleting_one_leaves_the_choice_of_another(desk: Desk) -> None:
    await desk.run("/persona create pirate Arr.")
    await desk.run("/persona use teacher")

    assert await desk.say("/persona delete pirate", ROOT) == "Persona **pirate** is deleted."
    assert chosen(desk) == "teacher"


async def test_a_persona_of_the_chat_is_changed_from_its_thread(desk: Desk) -> None:
    await desk.run("/persona create pirate Arr.")
    desk.chat = ChatRef("telegram", "1", "100", "group", thread_id="7")

    await desk.run("/persona edit pirate Ahoy.")

    assert desk.store.personas.scopes == {SCOPE: {"pirate": Persona("pirate", "Ahoy.", author=ANN.handle)}}


async def test_names_are_completed(desk: Desk) -> None:
    await desk.run("/persona create pirate Arr.")

    assert await desk.complete("/persona use", "name", "") == ["assistant", "engineer", "pirate", "teacher"]
    assert await desk.complete("/persona use", "name", "Te") == ["pirate", "teacher"]
    assert await desk.complete("/persona use", "name", "teacher+") == [
        "teacher+assistant",
        "teacher+engineer",
        "teacher+pirate",
    ]
    assert await desk.complete("/persona edit", "name", "") == ["pirate"]
    assert await desk.complete("/persona delete", "name", "x") == []
