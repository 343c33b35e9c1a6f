"""Who may talk to the bot."""

from __future__ import annotations

import pytest

from bot.access.policy import AccessPolicy, here, parse_ids
from bot.domain.ids import ChatRef, Person
from bot.errors import SettingsError

ANN = Person("telegram", "1", "Ann")
BOB = Person("discord", "2", "Bob", roles=frozenset({"77"}))
PRIVATE = ChatRef("telegram", "9", "1", "private")
THREAD = ChatRef("discord", "9", "50", "group", thread_id="51", server_id="60")


@pytest.mark.parametrize(
    ("allowed", "chat", "person", "expected"),
    [
        ("", PRIVATE, ANN, False),
        ("*", PRIVATE, ANN, True),
        ("telegram:1", PRIVATE, ANN, True),
        ("telegram:2", PRIVATE, ANN, False),
        ("discord:1", PRIVATE, ANN, False),
        ("telegram:-100", ChatRef("telegram", "9", "-100", "group"), ANN, True),
        ("discord:2", THREAD, BOB, True),
        ("discord:77", THREAD, BOB, True),
        ("discord:50", THREAD, BOB, True),
        ("discord:51", THREAD, BOB, True),
        ("discord:60", THREAD, BOB, True),
        ("discord:61,telegram:60", THREAD, BOB, False),
    ],
)
def test_the_list(allowed: str, chat: ChatRef, person: Person, expected: bool) -> None:
    entries = [entry for entry in allowed.split(",") if entry]
    policy = AccessPolicy(frozenset(), parse_ids("ALLOWED", entries, everybody=True))
    assert policy.allows(chat, person) is expected


TOPIC = ChatRef("telegram", "9", "-100", "group", thread_id="7")


@pytest.mark.parametrize(
    ("denied", "chat", "person", "expected"),
    [
        ("telegram:1", PRIVATE, ANN, False),
        ("telegram:2", PRIVATE, ANN, True),
        ("discord:2", THREAD, BOB, False),
        ("discord:77", THREAD, BOB, False),
        ("discord:50", THREAD, BOB, False),
        ("discord:51", THREAD, BOB, False),
        ("discord:60", THREAD, BOB, False),
        ("discord:61", THREAD, BOB, True),
        ("telegram:-100", TOPIC, ANN, False),
    ],
)
def test_a_denial_wins_over_every_permission(denied: str, chat: ChatRef, person: Person, expected: bool) -> None:
    everything = parse_ids("ALLOWED", ["*", "telegram:1", "discord:2", "telegram:-100"], everybody=True)
    assert AccessPolicy(frozenset(), everything, frozenset({denied})).allows(chat, person) is expected


def test_an_admin_is_never_locked_out() -> None:
    policy = AccessPolicy(frozenset({"telegram:1"}), frozenset(), frozenset({"telegram:1", "telegram:-100"}))
    assert policy.allows(PRIVATE, ANN)
    assert policy.allows(TOPIC, ANN)


def test_the_number_of_a_topic_is_nobodys_id() -> None:
    """Telegram counts topics in each group; somebody's id may be the same number."""
    named = frozenset({"telegram:7"})
    assert not AccessPolicy(frozenset(), named).allows(TOPIC, ANN)
    assert AccessPolicy(frozenset(), frozenset({"*"}), named).allows(TOPIC, ANN)


def test_the_name_of_a_place_is_one_that_allows_it() -> None:
    names = [here(chat) for chat in (PRIVATE, TOPIC, THREAD)]
    assert names == ["telegram:1", "telegram:-100", "discord:51"]
    for chat, person in ((PRIVATE, ANN), (TOPIC, ANN), (THREAD, BOB)):
        assert AccessPolicy(frozenset(), frozenset({here(chat)})).allows(chat, person)


def test_admins_are_allowed_and_only_they_are_admins() -> None:
    policy = AccessPolicy(parse_ids("ADMINS", ["telegram:1"]), frozenset())
    assert policy.allows(PRIVATE, ANN)
    assert policy.is_admin(ANN)
    assert not policy.is_admin(BOB)
    assert not policy.allows(THREAD, BOB)


def test_the_console_needs_no_list() -> None:
    policy = AccessPolicy(frozenset(), frozenset())
    assert policy.allows(ChatRef("console", "0", "0", "private"), Person("console", "0", "you"))


@pytest.mark.parametrize("entry", ["12345", "telegram:", "telegram", "slack:1", "telegram:1 2", "*"])
def test_a_bad_entry_is_named_with_an_example(entry: str) -> None:
    with pytest.raises(SettingsError, match=r"ADMINS: .*platform:id.*ADMINS=telegram:12345"):
        parse_ids("ADMINS", [entry])
