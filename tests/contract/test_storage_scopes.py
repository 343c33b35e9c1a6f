"""Preferences, personas and notes, over both databases."""

from __future__ import annotations

import asyncio

from bot.domain.personas import Persona
from bot.ports import Store
from bot.storage.database import SqlStore, open_store

USER, CHAT, SERVER = "telegram:1/user/7", "telegram:1/chat/42", "discord:1/server/9"


async def test_preferences_are_read_by_scope(store: SqlStore) -> None:
    await store.preferences.put(CHAT, "persona", "teacher")
    await store.preferences.put(CHAT, "model", "openai/some-model")
    await store.preferences.put(USER, "persona", "engineer")
    assert await store.preferences.get([USER, SERVER, CHAT]) == {
        USER: {"persona": "engineer"},
        SERVER: {},
        CHAT: {"persona": "teacher", "model": "openai/some-model"},
    }
    assert await store.preferences.get([]) == {}


async def test_a_preference_is_replaced_and_removed(store: SqlStore) -> None:
    await store.preferences.put(CHAT, "persona", "teacher")
    await store.preferences.put(CHAT, "persona", "engineer")
    assert await store.preferences.get([CHAT]) == {CHAT: {"persona": "engineer"}}
    await store.preferences.put(CHAT, "persona", None)
    await store.preferences.put(CHAT, "never set", None)
    assert await store.preferences.get([CHAT]) == {CHAT: {}}


async def test_preferences_are_read_by_name(any_store: Store) -> None:
    assert await any_store.preferences.all(["persona"]) == {}
    await any_store.preferences.put(CHAT, "persona", "teacher")
    await any_store.preferences.put(CHAT, "model", "openai/some-model")
    await any_store.preferences.put(USER, "voice", "on")
    await any_store.preferences.put(SERVER, "persona", "engineer")
    await any_store.preferences.put(SERVER, "voice", "off")
    await any_store.preferences.put(USER, "persona", None)
    assert await any_store.preferences.all(["persona", "model"]) == {
        CHAT: {"persona": "teacher", "model": "openai/some-model"},
        SERVER: {"persona": "engineer"},
    }
    assert await any_store.preferences.all([]) == {}


async def test_preferences_written_at_once_are_all_kept(store: SqlStore) -> None:
    await asyncio.gather(*(store.preferences.put(CHAT, f"name {n % 10}", f"value {n % 10}") for n in range(50)))
    assert await store.preferences.get([CHAT]) == {CHAT: {f"name {n}": f"value {n}" for n in range(10)}}


async def test_preferences_move_to_where_nothing_is_set(store: SqlStore) -> None:
    await store.preferences.put("old", "persona", "teacher")
    await store.preferences.put("old", "model", "old/model")
    await store.preferences.put("new", "model", "new/model")
    await store.preferences.move("old", "old")
    await store.preferences.move("old", "new")
    await store.preferences.move("old", "new")
    assert await store.preferences.get(["old", "new"]) == {
        "old": {},
        "new": {"persona": "teacher", "model": "new/model"},
    }


FULL = Persona("pirate", "Speak like a pirate.", "Arr", "behavioural", "openai/some-model", "creative", "telegram:7")


async def test_a_persona_comes_back_as_it_was_saved(store: SqlStore) -> None:
    bare = Persona("bare", "Be brief.")
    await store.personas.save(CHAT, FULL)
    await store.personas.save(CHAT, bare)
    assert await store.personas.list([CHAT]) == [bare, FULL]
    assert await store.personas.list([USER]) == []
    assert await store.personas.list([]) == []


async def test_saving_a_persona_again_replaces_it(store: SqlStore) -> None:
    await store.personas.save(CHAT, FULL)
    changed = Persona("pirate", "Speak like a polite pirate.")
    await store.personas.save(CHAT, changed)
    assert await store.personas.list([CHAT]) == [changed]


async def test_the_persona_of_the_earlier_scope_is_listed(store: SqlStore) -> None:
    mine, theirs, other = Persona("pirate", "mine"), Persona("pirate", "theirs"), Persona("admiral", "other")
    await store.personas.save(SERVER, theirs)
    await store.personas.save(SERVER, other)
    await store.personas.save(USER, mine)
    assert await store.personas.list([USER, CHAT, SERVER]) == [other, mine]
    assert await store.personas.list([SERVER, USER]) == [other, theirs]


async def test_deleting_tells_whether_there_was_one(store: SqlStore) -> None:
    await store.personas.save(CHAT, FULL)
    assert not await store.personas.delete(USER, "pirate")
    assert await store.personas.delete(CHAT, "pirate")
    assert not await store.personas.delete(CHAT, "pirate")
    assert await store.personas.list([CHAT]) == []


async def test_personas_move_to_where_the_name_is_free(store: SqlStore) -> None:
    await store.personas.save("old", FULL)
    await store.personas.save("old", Persona("admiral", "old"))
    await store.personas.save("new", Persona("admiral", "new"))
    await store.personas.move("old", "new")
    assert await store.personas.list(["old"]) == []
    assert await store.personas.list(["new"]) == [Persona("admiral", "new"), FULL]


async def test_notes_are_kept_over_a_restart(storage_url: str) -> None:
    async with open_store(storage_url) as store:
        assert await store.notes.read("hash") is None
        await store.notes.write("hash", "one")
        await store.notes.write("hash", "two")
        await store.notes.write("other", "")
    async with open_store(storage_url) as store:
        assert await store.notes.read("hash") == "two"
        assert await store.notes.read("other") == ""
