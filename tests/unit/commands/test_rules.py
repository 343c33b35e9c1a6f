"""/allow and /deny: whom an admin means, and what they are told."""

from __future__ import annotations

import pytest

from bot.access.access import Access
from bot.commands.spec import Command
from bot.commands.subjects import Subject, read
from bot.domain.ids import ChatRef
from bot.errors import UsageError
from tests.unit.commands.conftest import ANN, CHAT, ROOT, Desk

PRIVATE = ChatRef("telegram", "1", "42", "private")
THREAD = ChatRef("discord", "9", "50", "group", thread_id="51", server_id="60")


def effects(desk: Desk) -> dict[str, str]:
    return {rule.subject: rule.effect for rule in desk.services.access.listed()}


@pytest.mark.parametrize(
    ("typed", "chat", "expected"),
    [
        ("telegram:42", CHAT, Subject("telegram:42", "any")),
        ("Discord:42", CHAT, Subject("discord:42", "any")),
        (" 42 ", CHAT, Subject("telegram:42", "any")),
        ("-100", CHAT, Subject("telegram:-100", "place")),
        ("telegram:-100", THREAD, Subject("telegram:-100", "place")),
        ("chat", CHAT, Subject("telegram:100", "place")),
        ("Chat", THREAD, Subject("discord:51", "place")),
        ("server", THREAD, Subject("discord:60", "place")),
        ("server", CHAT, None),
        ("<@42>", THREAD, Subject("discord:42", "person")),
        ("<@!42>", THREAD, Subject("discord:42", "person")),
        ("<@&42>", THREAD, Subject("discord:42", "role")),
        ("<#42>", THREAD, Subject("discord:42", "place")),
        ("@ann", CHAT, None),
        ("ann", CHAT, None),
        ("slack:42", CHAT, None),
        ("telegram:", CHAT, None),
        ("", CHAT, None),
        ("*", CHAT, None),
        ("<@42> x", THREAD, None),
    ],
)
def test_whom_an_admin_means(typed: str, chat: ChatRef, expected: Subject | None) -> None:
    assert read(typed, chat) == expected


async def test_somebody_is_denied_allowed_and_left_alone(desk: Desk) -> None:
    assert await desk.say("/deny 42", ROOT) == "`telegram:42` may not use the bot from now on."
    assert effects(desk) == {"telegram:42": "deny"}
    assert await desk.say("/allow telegram:42", ROOT) == "`telegram:42` may use the bot from now on."
    assert effects(desk) == {"telegram:42": "allow"}
    assert await desk.say("/deny 42 remove", ROOT) == "The rule for `telegram:42` is gone. The settings decide again."
    assert effects(desk) == {}
    assert await desk.say("/allow 42 remove", ROOT) == (
        "There is no rule for `telegram:42`. `/allow list` shows them all."
    )


async def test_alone_it_means_this_group(desk: Desk) -> None:
    await desk.run("/deny", ROOT)
    assert effects(desk) == {"telegram:100": "deny"}
    await desk.run("/allow", ROOT)
    assert effects(desk) == {"telegram:100": "allow"}


async def test_in_a_private_chat_it_shows_the_rules(desk: Desk) -> None:
    desk.chat = PRIVATE
    assert (await desk.say("/allow", ROOT)).startswith("There are no rules yet.")
    assert effects(desk) == {}


async def test_the_list_shows_rules_and_settings_and_takes_rules_back(desk: Desk) -> None:
    await desk.run("/allow discord:7", ROOT)
    await desk.run("/deny 42", ROOT)
    said = await desk.say("/allow list", ROOT)

    rules, settings = said.split("\n\n")
    assert [line.split(" (by `telegram:1`, ")[0] for line in rules.splitlines()] == [
        "Rules:",
        "- `discord:7` is allowed",
        "- `telegram:42` is denied",
    ]
    assert settings.splitlines() == ["In the bot's settings:", "- `telegram:1` is an admin", "- everybody is allowed"]
    assert await desk.buttons("/deny LIST", ROOT) == [
        "run /allow discord:7 remove",
        "run /allow telegram:42 remove",
    ]


async def test_an_admin_cannot_be_kept_out(desk: Desk) -> None:
    access = desk.services.access
    assert isinstance(access, Access)
    await access.appoint(ANN)

    for name in ("telegram:1", "telegram:42"):
        assert await desk.say(f"/deny {name}", ROOT) == f"`{name}` is an admin and cannot be kept out."
    assert effects(desk) == {"telegram:42": "admin"}


async def test_an_admins_right_is_taken_by_another_only(desk: Desk) -> None:
    access = desk.services.access
    assert isinstance(access, Access)
    await access.appoint(ANN)

    assert "You cannot take your own rights away." in await desk.say("/allow 42 remove", ANN)
    assert await desk.buttons("/allow list", ANN) == []
    assert access.is_admin(ANN)
    await desk.run("/allow 42 remove", ROOT)
    assert not access.is_admin(ANN)


async def test_what_the_settings_say_is_taken_back_there(desk: Desk) -> None:
    assert await desk.say("/allow telegram:1 remove", ROOT) == (
        "There is no rule for `telegram:1`: it stands in the bot's settings. Take it out there, "
        "or use `/deny telegram:1`."
    )


async def test_who_cannot_be_found_is_asked_for(desk: Desk) -> None:
    assert "the id behind `@ann`" in await desk.say("/allow @ann", ROOT)
    assert "I do not know who `ann` is. Use an id such as `telegram:42`" in await desk.say("/deny ann", ROOT)
    with pytest.raises(UsageError, match="change"):
        await desk.run("/allow 42 maybe", ROOT)
    assert effects(desk) == {}


async def test_only_admins_are_offered_names(desk: Desk) -> None:
    await desk.run("/deny 42", ROOT)

    assert await desk.complete("/allow", "subject", "", ROOT) == ["chat", "list", "telegram:42"]
    assert await desk.complete("/allow", "subject", "TELE", ROOT) == ["telegram:42"]
    assert await desk.complete("/allow", "subject", "", ANN) == ()
    desk.chat = THREAD
    assert await desk.complete("/deny", "subject", "ser", ROOT) == ["server"]


async def test_what_admins_do_is_for_them_alone(desk: Desk) -> None:
    for line in ("/allow", "/allow 42", "/allow 42 remove", "/allow list", "/allow x", "/deny 1", "/budget", "/status"):
        reply = await desk.run(line, ROOT)
        assert reply is not None
        assert reply.private, line


def test_these_commands_are_for_admins(desk: Desk) -> None:
    def named(name: str) -> Command:
        return next(command for command in desk.commands if command.name == name)

    assert all(named(name).admins_only for name in ("allow", "deny", "budget", "status"))
    assert not named("usage").admins_only
    assert [command.name for command in desk.commands if command.open_to_all] == ["claim"]
    assert named("claim").hidden
