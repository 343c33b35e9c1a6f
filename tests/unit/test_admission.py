"""Who may come in now, and who is told why not: once, unless they use a command."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from bot.access.access import Access
from bot.access.policy import AccessPolicy
from bot.access.throttle import Throttle
from bot.admission import TELL_AGAIN, Admission
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import ButtonPress, CommandCall, Message
from bot.replies.gate import Gates
from bot.replies.speaker import Speaker
from bot.tasks import TaskOwner
from tests.fakes.memory import MemoryChannel
from tests.fakes.memory_accounts import MemoryRules

pytestmark = pytest.mark.virtual

GROUP = ChatRef("telegram", "1", "-5", "group")
OTHER = replace(GROUP, chat_id="-6")
ANN, BEN, ADA = (Person("telegram", user_id, name) for user_id, name in (("42", "Ann"), ("43", "Ben"), ("1", "Ada")))


@dataclass
class Door:
    admission: Admission
    owner: TaskOwner
    channel: MemoryChannel = field(default_factory=lambda: MemoryChannel(GROUP))

    async def told(self) -> list[str]:
        """What was said at the door so far, privately each time."""
        await self.owner.settle(10)
        assert all(message.private for message in self.channel.messages.values())
        return [message.source for message in self.channel.messages.values()]


def door(*, per_minute: int = 0, at_once: int = 1) -> Door:
    owner = TaskOwner()
    access = Access(AccessPolicy(frozenset({ADA.handle}), frozenset({ANN.handle})), MemoryRules())
    throttle = Throttle(per_minute, at_once)
    return Door(Admission(access, throttle, Throttle(12, 1), Speaker(Gates()), owner), owner)


def message(person: Person, chat: ChatRef = GROUP) -> Message:
    return Message(key="k", chat=chat, author=person, message_id="m", text="Hello", addressing="mention")


async def test_strangers_are_told_once_an_hour_in_each_place() -> None:
    at = door()
    assert at.admission.allows(message(ANN), at.channel, silent=False)
    assert at.admission.allows(message(ADA), at.channel, silent=False)
    for _ in range(3):
        assert not at.admission.allows(message(BEN), at.channel, silent=False)
    assert len(await at.told()) == 1
    assert "telegram:43" in (await at.told())[0]
    assert not at.admission.allows(message(BEN, OTHER), at.channel, silent=False)
    assert len(await at.told()) == 2
    await asyncio.sleep(TELL_AGAIN)
    assert not at.admission.allows(message(BEN), at.channel, silent=False)
    assert len(await at.told()) == 3


async def test_who_turned_to_nobody_is_told_nothing_and_who_uses_a_command_always() -> None:
    at = door()
    assert not at.admission.allows(message(BEN), at.channel, silent=True)
    assert await at.told() == []
    for key in ("a", "b"):
        assert not at.admission.allows(CommandCall(key, GROUP, BEN, "/new"), at.channel, silent=False)
    assert len(await at.told()) == 2
    assert not at.admission.allows(ButtonPress("c", GROUP, BEN, "m", "stop 0"), at.channel, silent=False)
    assert len(await at.told()) == 2


async def test_who_is_too_fast_is_told_once_for_each_wait() -> None:
    at = door(per_minute=12)
    assert [at.admission.paces(ANN, at.channel) for _ in range(6)] == [True] * 3 + [False] * 3
    assert all(at.admission.paces(ADA, at.channel) for _ in range(9)), "admins have no pace"
    assert len(await at.told()) == 1
    assert "5 s" in (await at.told())[0]
    await asyncio.sleep(5)
    assert [at.admission.paces(ANN, at.channel) for _ in range(3)] == [True, False, False]
    assert len(await at.told()) == 2


async def test_commands_have_a_pace_of_their_own() -> None:
    at = door(per_minute=12)
    assert [at.admission.paces_call(ANN, at.channel) for _ in range(5)] == [True] * 3 + [False] * 2
    assert at.admission.paces(ANN, at.channel)
    assert all(at.admission.paces_call(ADA, at.channel) for _ in range(9)), "admins have no pace"
    assert len(await at.told()) == 1
    elsewhere = MemoryChannel(OTHER)
    assert not at.admission.paces_call(ANN, elsewhere)
    await at.owner.settle(10)
    assert len(elsewhere.messages) == 1, "a place in which nothing was said yet"


async def test_what_waits_in_one_conversation_counts_as_one() -> None:
    at = door(at_once=1)
    assert at.admission.begins(GROUP, ANN, at.channel)
    assert at.admission.begins(GROUP, ANN, at.channel)
    assert not at.admission.begins(OTHER, ANN, at.channel)
    assert len(await at.told()) == 1
    assert at.admission.begins(OTHER, BEN, at.channel), "everybody is counted alone"
    at.admission.ends(GROUP, ANN)
    assert not at.admission.begins(OTHER, ANN, at.channel)
    at.admission.ends(GROUP, ANN)
    assert at.admission.begins(OTHER, ANN, at.channel)


async def test_admins_write_in_as_many_chats_as_they_like() -> None:
    at = door(at_once=1)
    assert at.admission.begins(GROUP, ADA, at.channel)
    assert at.admission.begins(OTHER, ADA, at.channel)
    at.admission.ends(GROUP, ADA)
    at.admission.ends(OTHER, ADA)
    assert await at.told() == []
