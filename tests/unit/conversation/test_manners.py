"""How the bot behaves in a chat: the most specific scope decides, at once and also after a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.conversation.manners import Manner, Manners
from bot.domain.ids import ChatRef, Person, settings_scope
from tests.fakes.memory import MemoryPreferences

CHAT = ChatRef("discord", "1", "42", "group", server_id="9")
THREAD = replace(CHAT, thread_id="43")
OTHER = replace(CHAT, chat_id="44")
SERVER_SCOPE = "discord:1/server/9"
ANN, BEN = Person("discord", "7", "Ann"), Person("discord", "8", "Ben")


async def loaded(scopes: dict[str, dict[str, str]]) -> Manners:
    manners = Manners(MemoryPreferences(scopes))
    await manners.load()
    return manners


async def test_usually() -> None:
    assert (await loaded({})).of(CHAT) == Manner("mention", "", "thread", "queue", reasoning=False)


async def test_the_most_specific_scope_decides_each_for_itself() -> None:
    manners = await loaded(
        {
            SERVER_SCOPE: {"reply": "always", "busy": "merge", "scope": "shared"},
            settings_scope(CHAT): {"busy": "reject", "reasoning": "on"},
            settings_scope(THREAD): {"reasoning": "off", "scope": "thread"},
        }
    )

    assert manners.of(OTHER) == Manner(reply="always", scope="shared", busy="merge")
    assert manners.of(CHAT) == Manner(reply="always", scope="shared", busy="reject", reasoning=True)
    assert manners.of(THREAD) == Manner(reply="always", busy="reject")
    assert manners.of(replace(CHAT, bot_id="2")) == Manner()
    assert manners.of(replace(THREAD, owner="7")) == manners.of(THREAD)


async def test_what_is_set_holds_at_once_and_after_a_restart() -> None:
    preferences = MemoryPreferences()
    manners = Manners(preferences)
    await manners.put(THREAD, "word", "Jarvis")
    await manners.put(THREAD, "reply", "word")
    await manners.put(CHAT, "busy", "interrupt")
    expected = Manner(reply="word", word="Jarvis", busy="interrupt")
    assert manners.of(THREAD) == expected

    again = Manners(preferences)
    assert again.of(THREAD) == Manner()
    await again.load()
    assert again.of(THREAD) == expected
    await again.put(CHAT, "busy", None)
    assert (again.of(THREAD), again.of(CHAT)) == (replace(expected, busy="queue"), Manner())


async def test_what_fails_to_be_stored_does_not_hold() -> None:
    class Broken(MemoryPreferences):
        async def put(self, scope: str, name: str, value: str | None) -> None:
            raise OSError("on purpose")

    manners = Manners(Broken())
    with pytest.raises(OSError, match="on purpose"):
        await manners.put(CHAT, "reply", "always")
    assert manners.of(CHAT) == Manner()


async def test_values_of_another_version_count_as_unset() -> None:
    scope = settings_scope(CHAT)
    odd = {"reply": "sometimes", "scope": "", "busy": "panic", "reasoning": "maybe", "persona": "teacher"}
    assert (await loaded({scope: odd})).of(CHAT) == Manner()


async def test_a_wake_word_that_is_missing_wakes_nobody() -> None:
    assert (await loaded({settings_scope(CHAT): {"reply": "word"}})).of(CHAT).reply == "mention"


@pytest.mark.parametrize(
    ("scope", "chat", "keys"),
    [
        ("thread", CHAT, ("discord:1:42", "discord:1:42")),
        ("thread", THREAD, ("discord:1:42:43", "discord:1:42:43")),
        ("shared", CHAT, ("discord:1:42", "discord:1:42")),
        ("shared", THREAD, ("discord:1:42", "discord:1:42")),
        ("person", CHAT, ("discord:1:42@7", "discord:1:42@8")),
        ("person", THREAD, ("discord:1:42:43@7", "discord:1:42:43@8")),
        ("person", replace(CHAT, kind="private"), ("discord:1:42", "discord:1:42")),
        ("shared", replace(THREAD, kind="private"), ("discord:1:42", "discord:1:42")),
    ],
)
async def test_whose_conversation_it_is(scope: str, chat: ChatRef, keys: tuple[str, str]) -> None:
    manners = await loaded({SERVER_SCOPE: {"scope": scope}})

    assert (manners.seated(chat, ANN).key, manners.seated(chat, BEN).key) == keys
    assert manners.seated(chat, ANN).place == chat.place
    assert manners.seated(manners.seated(chat, BEN), ANN) == manners.seated(chat, ANN)
    assert manners.seated(chat, None).key == keys[0].partition("@")[0], "what nobody in particular did"


async def test_what_is_forgotten_is_no_longer_known() -> None:
    manners = await loaded({settings_scope(CHAT): {"busy": "merge"}, settings_scope(THREAD): {"reasoning": "on"}})
    manners.forget(settings_scope(CHAT))
    manners.forget("discord:1/chat/never")

    assert (manners.of(CHAT), manners.of(THREAD)) == (Manner(), Manner(reasoning=True))


async def test_settings_move_along_as_in_storage() -> None:
    scopes = {settings_scope(CHAT): {"busy": "merge", "reasoning": "on"}, settings_scope(OTHER): {"busy": "reject"}}
    preferences = MemoryPreferences(scopes)
    manners = Manners(preferences)
    await manners.load()
    manners.move(settings_scope(CHAT), settings_scope(OTHER))
    await preferences.move(settings_scope(CHAT), settings_scope(OTHER))

    assert (manners.of(OTHER), manners.of(CHAT)) == (Manner(busy="reject", reasoning=True), Manner())
    again = Manners(preferences)
    await again.load()
    assert again.of(OTHER) == manners.of(OTHER)
