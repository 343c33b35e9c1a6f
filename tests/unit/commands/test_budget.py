"""/budget: whose, how much, and what is spent of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access.budgeting import Budgeting
from bot.commands import amounts
from bot.domain.ids import ChatRef
from bot.domain.usage import NANO, Account, Budget, Spending, Spent, Unit, Usage
from bot.errors import UsageError
from bot.replies import notices
from tests.unit.commands.conftest import ANN, ROOT, Desk

PLACE = "telegram:1:100"
THREAD = ChatRef("discord", "9", "50", "group", thread_id="51", server_id="60")


async def spend(desk: Desk, account: Account, tokens: int, cost: int | None) -> None:
    call = Spending(datetime.now(UTC), account, "chat", "acme/large-1", Usage(tokens), cost=cost)
    await desk.store.ledger.add(call)


@pytest.mark.parametrize(
    ("typed", "unit", "expected"),
    [
        ("50000", None, (50_000, "tokens")),
        ("50k", "tokens", (50_000, "tokens")),
        ("1.5M", None, (1_500_000, "tokens")),
        ("50,000", None, (50_000, "tokens")),
        ("50_000", None, (50_000, "tokens")),
        ("$5", None, (5 * NANO, "dollars")),
        ("5$", None, (5 * NANO, "dollars")),
        ("$ 0.10", "dollars", (NANO // 10, "dollars")),
        ("5", "dollars", (5 * NANO, "dollars")),
        (".5", "dollars", (NANO // 2, "dollars")),
        ("$1k", None, (1000 * NANO, "dollars")),
        ("$5", "tokens", None),
        ("0", None, None),
        ("0.4", None, None),
        ("-5", None, None),
        ("five", None, None),
        ("", None, None),
        ("$", None, None),
        ("9" * 40, None, None),
        ("1e9", None, None),
        ("٣", None, (3, "tokens")),
    ],
)
def test_amounts(typed: str, unit: Unit | None, expected: tuple[int, Unit] | None) -> None:
    assert amounts.read(typed, unit) == expected


@given(st.text(max_size=20), st.sampled_from([None, "tokens", "dollars"]))
def test_whatever_is_typed_fits_the_database_or_is_none(typed: str, unit: Unit | None) -> None:
    read = amounts.read(typed, unit)
    assert read is None or 0 < read[0] < 2**63


@pytest.mark.parametrize(
    ("sums", "said"),
    [
        (Spent(), "nothing"),
        (Spent(3, 12_345, 120_000_000, 0), "12,345 tokens, $0.12"),
        (Spent(3, 12_345, 0, 0), "12,345 tokens, $0"),
        (Spent(3, 12_345, 0, 3), "12,345 tokens; the price of 3 calls is not known"),
        (Spent(3, 12_345, 2_100_000, 1), "12,345 tokens, $0.0021; the price of one call is not known"),
    ],
)
def test_what_is_spent_in_words(sums: Spent, said: str) -> None:
    assert amounts.spent(sums, None) == said


@pytest.mark.parametrize(
    ("nano", "said"),
    [
        (0, "$0"),
        (999, "$0.000001"),
        (2_100_000, "$0.0021"),
        (20_000_000, "$0.02"),
        (99_900_000, "$0.10"),
        (1_230_000_000, "$1.23"),
        (1_234 * NANO, "$1,234"),
    ],
)
def test_money(nano: int, said: str) -> None:
    assert notices.money(nano) == said


@pytest.mark.parametrize(("seconds", "said"), [(48 * 3600, "48 h"), (48 * 3600 + 1, "3 days"), (86400 * 30, "30 days")])
def test_long_waits_are_days(seconds: float, said: str) -> None:
    assert notices.duration(seconds) == said


@pytest.mark.parametrize(
    ("line", "said", "budget"),
    [
        (
            "/budget everyone 50000 tokens day",
            "Each person: at most 50,000 tokens a day.",
            Budget("everyone", "tokens", "day", 50_000),
        ),
        (
            "/budget total 5 dollars month",
            "All together: at most $5 a month.",
            Budget("total", "dollars", "month", 5 * NANO),
        ),
        (
            "/budget telegram:42 $0.50",
            "Person `telegram:42`: at most $0.50 a day.",
            Budget("person:telegram:42", "dollars", "day", NANO // 2),
        ),
        ("/budget CHATS 1M", "Each chat: at most 1,000,000 tokens a day.", Budget("chats", "tokens", "day", 1_000_000)),
        (
            "/budget chat 7k period=month",
            f"Chat `{PLACE}`: at most 7,000 tokens a month.",
            Budget(f"chat:{PLACE}", "tokens", "month", 7_000),
        ),
        (
            "/budget -200 7",
            "Chat `telegram:1:-200`: at most 7 tokens a day.",
            Budget("chat:telegram:1:-200", "tokens", "day", 7),
        ),
    ],
)
async def test_budgets_are_set_and_hold_at_once(desk: Desk, line: str, said: str, budget: Budget) -> None:
    assert await desk.say(line, ROOT) == said
    assert await desk.store.budgets.all() == [budget]
    assert desk.services.budgets.all() == [budget]


async def test_on_discord_people_and_channels_are_mentioned(desk: Desk) -> None:
    desk.chat = THREAD
    for typed in ("<@42>", "<#70>", "chat"):
        await desk.run(f"/budget {typed} 7", ROOT)
    subjects = [budget.subject for budget in await desk.store.budgets.all()]
    assert subjects == ["chat:discord:9:50", "chat:discord:9:70", "person:discord:42"]


@pytest.mark.parametrize("typed", ["<@&42>", "server", "ann", "telegram:-5", "''"])
async def test_roles_servers_and_strangers_have_no_budget(desk: Desk, typed: str) -> None:
    desk.chat = THREAD
    with pytest.raises(UsageError, match="I do not know whose budget"):
        await desk.run(f"/budget {typed} 7", ROOT)
    assert await desk.store.budgets.all() == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/budget everyone lots", "`lots` is no amount. Use one such as `50k`, `$5`, or `none`"),
        ("/budget everyone 0", "`0` is no amount"),
        ("/budget everyone $5 tokens", "`$5` is an amount of dollars, not of tokens."),
        ("/budget everyone 5 euros", "`unit` must be one of"),
        ("/budget everyone 5 tokens year", "`period` must be one of"),
    ],
)
async def test_what_is_no_budget_is_refused(desk: Desk, line: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        await desk.run(line, ROOT)
    assert said in raised.value.sentence
    assert await desk.store.budgets.all() == []


async def test_a_budget_is_taken_away(desk: Desk) -> None:
    await desk.run("/budget 42 5k", ROOT)
    await desk.run("/budget 42 $1 period=month", ROOT)

    assert await desk.say("/budget person:telegram:42 None", ROOT) == "Person `telegram:42`: no budget any more."
    assert await desk.store.budgets.all() == []
    assert desk.services.budgets.all() == []
    assert await desk.say("/budget 42 none", ROOT) == "Person `telegram:42`: there is no budget that was set here."


async def test_the_settings_budgets_stay(desk: Desk) -> None:
    configured = Budget("everyone", "tokens", "day", 100)
    desk.configure(budgets=Budgeting(desk.store.ledger, desk.store.budgets, [configured]))

    assert "the budget of 100 tokens a day stands in the bot's settings" in await desk.say(
        "/budget everyone none", ROOT
    )
    await desk.run("/budget everyone 7", ROOT)
    assert desk.services.budgets.all() == [Budget("everyone", "tokens", "day", 7)]
    assert "what was set here is gone. The bot's settings still say 100 tokens a day." in await desk.say(
        "/budget everyone none", ROOT
    )
    assert desk.services.budgets.all() == [configured]


async def test_the_list_says_what_is_spent(desk: Desk) -> None:
    assert (await desk.say("/budget", ROOT)).startswith("There are no budgets. Set one, for example `/budget everyone")
    for line in ("everyone 50k", "total $5 month", "42 $1", "chat 7k"):
        await desk.run(f"/budget {line}", ROOT)
    await spend(desk, Account(ANN.handle, PLACE), 1200, NANO // 4)
    await spend(desk, Account(ROOT.handle, PLACE), 300, NANO // 4)

    assert (await desk.say("/budget", ROOT)).splitlines() == [
        "Budgets (days and months begin at midnight UTC):",
        f"- Chat `{PLACE}`: 7,000 tokens a day, 1,500 tokens spent",
        "- Each person: 50,000 tokens a day",
        "- Person `telegram:42`: $1 a day, $0.25 spent",
        "- All together: $5 a month, $0.50 spent",
    ]
    assert (await desk.say("/budget total", ROOT)).splitlines()[1:] == ["- All together: $5 a month, $0.50 spent"]
    assert "There are no budgets." in await desk.say("/budget 43", ROOT)


async def test_only_admins_are_offered_names(desk: Desk) -> None:
    await desk.run("/budget 42 5k", ROOT)
    offered = ["everyone", "chats", "total", "chat", "person:telegram:42"]
    assert await desk.complete("/budget", "subject", "", ROOT) == offered
    assert await desk.complete("/budget", "subject", "42", ROOT) == ["person:telegram:42"]
    assert await desk.complete("/budget", "subject", "", ANN) == ()
