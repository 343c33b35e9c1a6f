"""Rules of admins beside the settings, and how the first admin comes to be."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import clock
from bot.access.access import Access
from bot.access.claim import ALL_TRIES, TRIES, Claim
from bot.access.policy import AccessPolicy
from bot.domain.ids import ChatRef, Person
from bot.domain.rules import Rule
from bot.errors import StorageError
from tests.fakes.memory_accounts import MemoryRules

ANN = Person("telegram", "1", "Ann")
BOB = Person("telegram", "2", "Bob")
CHAT = ChatRef("telegram", "9", "-100", "group")
ROOT = "telegram:99"


@dataclass(slots=True)
class Breaking:
    """Rules whose database fails on demand."""

    rules: MemoryRules = field(default_factory=MemoryRules)
    broken: bool = False

    async def all(self) -> Sequence[Rule]:
        return await self.rules.all()

    async def put(self, rule: Rule) -> None:
        if self.broken:
            raise StorageError("gone")
        await asyncio.sleep(0)
        await self.rules.put(rule)

    async def remove(self, rule: Rule) -> bool:
        if self.broken:
            raise StorageError("gone")
        await asyncio.sleep(0)
        return await self.rules.remove(rule)


@pytest.fixture
def rules() -> Breaking:
    return Breaking()


def access(rules: Breaking, allowed: str = "") -> Access:
    return Access(AccessPolicy(frozenset({ROOT}), frozenset(allowed.split())), rules)


async def test_rules_of_a_place_follow_it(rules: Breaking, caplog: pytest.LogCaptureFixture) -> None:
    moved = ChatRef("telegram", "9", "-1002", "group")
    here = access(rules, "telegram:-1 telegram:2")
    await here.allow("telegram:-100", ROOT)
    await here.deny("telegram:-1", ROOT)
    await here.move("telegram:-100", "telegram:-1002")
    await here.move("telegram:-1", "telegram:-1001")

    again = access(rules, "telegram:-1 telegram:2")
    await again.load()
    for each in (here, again):
        assert each.allows(moved, ANN)
        assert not each.allows(CHAT, ANN)
        assert not each.allows(ChatRef("telegram", "9", "-1001", "group"), BOB), "what was denied is so still"
    assert "write that into ALLOWED" in caplog.text


def nobody(rules: Breaking) -> Access:
    """Without an admin."""
    return Access(AccessPolicy(frozenset(), frozenset()), rules)


async def test_allow_and_deny_take_each_other_back(rules: Breaking) -> None:
    here = access(rules)
    assert not here.allows(CHAT, ANN)

    await here.allow(ANN.handle, ROOT)
    assert here.allows(CHAT, ANN)
    await here.deny(ANN.handle, ROOT)
    assert not here.allows(CHAT, ANN)
    await here.allow(ANN.handle, ROOT)
    assert here.allows(CHAT, ANN)
    assert [(rule.subject, rule.effect, rule.by) for rule in here.listed()] == [("telegram:1", "allow", ROOT)]


async def test_rules_outlive_a_restart(rules: Breaking) -> None:
    before = access(rules, "telegram:-100")
    await before.deny(ANN.handle, ROOT)
    await before.allow(BOB.handle, ROOT)
    await before.appoint(BOB)

    after = access(rules, "telegram:-100")
    await after.load()
    assert not after.allows(CHAT, ANN)
    assert after.is_admin(BOB)
    assert after.admins == {ROOT, "telegram:2"}
    assert after.allowed == {"telegram:-100", "telegram:2"}
    assert after.listed() == before.listed()


async def test_a_reset_leaves_what_the_settings_say(rules: Breaking) -> None:
    here = access(rules, "telegram:1")
    await here.deny(ANN.handle, ROOT)

    assert await here.reset(ANN.handle)
    assert here.allows(CHAT, ANN)
    assert not await here.reset(ANN.handle)
    assert here.allows(CHAT, ANN)


async def test_a_reset_takes_an_admins_right(rules: Breaking) -> None:
    here = access(rules)
    await here.appoint(ANN)
    assert here.is_admin(ANN)

    assert await here.reset(ANN.handle)
    assert not here.is_admin(ANN)


async def test_what_is_not_stored_does_not_hold(rules: Breaking) -> None:
    here = access(rules)
    await here.allow(BOB.handle, ROOT)
    rules.broken = True

    with pytest.raises(StorageError):
        await here.allow(ANN.handle, ROOT)
    with pytest.raises(StorageError):
        await here.reset(BOB.handle)
    assert not here.allows(CHAT, ANN)
    assert here.allows(CHAT, BOB)
    assert here.listed() == await rules.all()


@given(st.lists(st.tuples(st.sampled_from(["allow", "deny", "reset"]), st.sampled_from([ANN, BOB])), max_size=12))
def test_memory_and_storage_agree_whatever_is_done_at_once(steps: list[tuple[str, Person]]) -> None:
    async def scenario() -> None:
        rules = Breaking()
        here = access(rules)
        doing = {
            "allow": lambda name: here.allow(name, ROOT),
            "deny": lambda name: here.deny(name, ROOT),
            "reset": here.reset,
        }
        await asyncio.gather(*(doing[what](person.handle) for what, person in steps))
        again = access(rules)
        await again.load()
        assert again.listed() == here.listed()
        for person in (ANN, BOB):
            last = next((what for what, whom in reversed(steps) if whom is person), "reset")
            assert here.allows(CHAT, person) is again.allows(CHAT, person) is (last == "allow")

    asyncio.run(scenario())


# The first admin


def opened(access: Access, caplog: pytest.LogCaptureFixture) -> tuple[Claim, str]:
    """A claim that is open, and the code that it logged."""
    claim = Claim(access)
    with caplog.at_level(logging.WARNING):
        claim.open()
    assert len(caplog.records) == 1
    assert caplog.records[0].levelno == logging.WARNING
    found = re.search(r"write /claim ([A-Z2-9]{4}-[A-Z2-9]{4}) to it in a private chat", caplog.text)
    assert found is not None
    caplog.clear()
    return claim, found[1]


async def test_the_code_makes_an_admin_once(rules: Breaking, caplog: pytest.LogCaptureFixture) -> None:
    here = nobody(rules)
    claim, code = opened(here, caplog)

    assert await claim.claim(ANN, code) == "granted"
    assert here.is_admin(ANN)
    assert await claim.claim(BOB, code) == "closed"
    assert not here.is_admin(BOB)
    assert code not in caplog.text
    again = nobody(rules)
    await again.load()
    assert again.is_admin(ANN)


@pytest.mark.parametrize(
    "written", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code[:4]} – {code[5:]} "]
)
async def test_the_code_may_be_written_otherwise(
    rules: Breaking, caplog: pytest.LogCaptureFixture, written: Callable[[str], str]
) -> None:
    claim, code = opened(nobody(rules), caplog)
    assert await claim.claim(ANN, written(code)) == "granted"


def test_codes_differ(rules: Breaking, caplog: pytest.LogCaptureFixture) -> None:
    codes = {opened(nobody(rules), caplog)[1] for _ in range(50)}
    assert len(codes) == 50
    assert not set("".join(codes)) & set("ILO01")


async def test_two_cannot_use_one_code(rules: Breaking, caplog: pytest.LogCaptureFixture) -> None:
    here = nobody(rules)
    claim, code = opened(here, caplog)

    assert sorted(await asyncio.gather(claim.claim(ANN, code), claim.claim(BOB, code))) == ["closed", "granted"]
    assert len(here.admins) == 1


async def test_where_there_is_an_admin_there_is_no_code(rules: Breaking, caplog: pytest.LogCaptureFixture) -> None:
    configured, stored = access(rules), nobody(Breaking())
    await stored.appoint(BOB)
    for here in (configured, stored):
        claim = Claim(here)
        claim.open()
        assert await claim.claim(ANN, "") == "closed"
        assert not here.is_admin(ANN)
    assert "/claim" not in caplog.text


@pytest.mark.virtual
async def test_a_person_has_five_tries_an_hour(rules: Breaking, caplog: pytest.LogCaptureFixture) -> None:
    here = nobody(rules)
    claim, code = opened(here, caplog)

    for _ in range(TRIES):
        assert await claim.claim(ANN, "AAAA-AAAA") == "wrong"
    assert await claim.claim(ANN, code) == "wait"
    assert not here.is_admin(ANN)
    await clock.sleep(3599)
    assert await claim.claim(ANN, code) == "wait"
    await clock.sleep(2)
    assert await claim.claim(ANN, code) == "granted"


async def test_many_wrong_codes_end_it(rules: Breaking, caplog: pytest.LogCaptureFixture) -> None:
    here = nobody(rules)
    claim, code = opened(here, caplog)

    guesses = [await claim.claim(Person("telegram", str(n), "Guess"), "") for n in range(ALL_TRIES)]
    assert guesses == ["wrong"] * (ALL_TRIES - 1) + ["closed"]
    assert await claim.claim(ANN, code) == "closed"
    assert not here.admins


async def test_a_code_whose_admin_is_not_stored_stays_good(rules: Breaking, caplog: pytest.LogCaptureFixture) -> None:
    here = nobody(rules)
    claim, code = opened(here, caplog)
    rules.broken = True
    with pytest.raises(StorageError):
        await claim.claim(ANN, code)
    rules.broken = False

    assert not here.is_admin(ANN)
    assert await claim.claim(ANN, code) == "granted"


@given(st.text(max_size=12))
def test_nothing_that_is_typed_breaks_it(typed: str) -> None:
    async def scenario() -> None:
        claim = Claim(nobody(Breaking()))
        claim.open()
        assert await claim.claim(ANN, typed) == "wrong"

    asyncio.run(scenario())
