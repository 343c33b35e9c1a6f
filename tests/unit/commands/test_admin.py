"""/claim and /status."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime

import pytest

from bot.access.access import Access
from bot.access.claim import Claim
from bot.access.policy import AccessPolicy
from bot.domain.ids import ChatRef
from bot.domain.usage import NANO, Account, Spending, Usage
from bot.errors import UsageError
from tests.unit.commands.conftest import ANN, CHAT, ROOT, Desk

PRIVATE = ChatRef("telegram", "1", "42", "private")


@pytest.fixture
def code(desk: Desk, caplog: pytest.LogCaptureFixture) -> str:
    """Of a bot without admins."""
    access = Access(AccessPolicy(frozenset(), frozenset()), desk.store.rules)
    claim = Claim(access)
    with caplog.at_level(logging.WARNING):
        claim.open()
    desk.configure(access=access, claim=claim)
    found = re.search(r"/claim (\S+)", caplog.text)
    assert found is not None
    return found[1]


async def test_the_code_is_taken_in_a_private_chat(desk: Desk, code: str) -> None:
    desk.chat = PRIVATE
    assert await desk.say("/claim nonsense") == (
        "That is not the code. It stands in the bot's log, where the bot was started."
    )
    assert (await desk.say(f"/claim {code}")).startswith("You are an admin of this bot now. `/allow` lets others in")
    assert desk.services.access.is_admin(ANN)
    assert (await desk.say(f"/claim {code}", ROOT)).startswith("There is nothing to claim")
    assert not desk.services.access.is_admin(ROOT)


async def test_in_a_group_it_is_not_even_looked_at(desk: Desk, code: str) -> None:
    assert desk.chat == CHAT
    assert "in a private chat" in await desk.say(f"/claim {code}")
    assert not desk.services.access.admins
    desk.chat = PRIVATE
    assert "You are an admin" in await desk.say(f"/claim {code}")


async def test_a_claim_needs_a_code(desk: Desk) -> None:
    with pytest.raises(UsageError, match="`code` is missing"):
        await desk.run("/claim")


async def test_how_the_bot_is(desk: Desk) -> None:
    await desk.run("/deny 43", ROOT)
    await desk.run("/budget total 5k", ROOT)
    for cost in (NANO, None):
        call = Spending(datetime.now(UTC), Account("telegram:42", "x"), "chat", "acme/large-1", Usage(10), cost=cost)
        await desk.store.ledger.add(call)

    assert (await desk.say("/status", ROOT)).splitlines() == [
        "- Parley 1.2.3, up for 2 h",
        "- Platforms: telegram, console",
        "- Database: sqlite",
        "- Models: chat `acme/large-1`, image `acme/brush`",
        "- Answers being written: 2, waiting: 5",
        "- Admins: 1, rules: 1, budgets: 1",
        "- Model calls today: 2 (20 tokens, $1; the price of one call is not known)",
    ]
