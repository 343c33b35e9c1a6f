"""/usage: one's own, everybody's for admins, and the chart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.bars import bars
from bot.commands.spec import Reply
from bot.domain.ids import ChatRef, Person
from bot.domain.usage import NANO, Account, Budget, Spending, Usage
from bot.errors import UsageError
from tests.unit.commands.conftest import ANN, BOB, ROOT, Desk, NotedCharts

PLACE = "telegram:1:100"
PRIVATE = ChatRef("telegram", "1", "1", "private")
CONSOLE = ChatRef("console", "0", "0", "private")
YOU = Person("console", "0", "you")
NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.clock.utc_now", lambda: NOON)


@pytest.fixture
def charts(desk: Desk) -> NotedCharts:
    assert isinstance(desk.services.charts, NotedCharts)
    return desk.services.charts


async def spend(
    desk: Desk, person: Person, tokens: int, cost: int | None = 0, *, days: int = 0, model: str = "acme/large-1"
) -> None:
    at = NOON - timedelta(days)
    await desk.store.ledger.add(Spending(at, Account(person.handle, PLACE), "chat", model, Usage(tokens, 0), cost=cost))


async def reply(desk: Desk, line: str, person: Person = ANN) -> Reply:
    said = await desk.run(line, person)
    assert said is not None
    return said


async def test_ones_own_tokens_cost_and_budgets(desk: Desk) -> None:
    await spend(desk, ANN, 1000, 20_000_000)
    await spend(desk, ANN, 500, None)
    await spend(desk, ANN, 4000, NANO, days=9)
    await spend(desk, ANN, 7777, NANO, days=10)  # April
    await spend(desk, BOB, 9999, NANO)
    for budget in (Budget("everyone", "tokens", "day", 10_000), Budget("chats", "dollars", "month", 5 * NANO)):
        await desk.store.budgets.put(budget)
    await desk.store.budgets.put(Budget("total", "tokens", "day", 10_000_000))
    await desk.services.budgets.reload()

    said = await reply(desk, "/usage")
    assert said.text.splitlines() == [
        "**Your usage**",
        "- Today: 1,500 tokens, $0.02; the price of one call is not known",
        "- This month: 5,500 tokens, $1.02; the price of one call is not known",
        "- Your budget: 8,500 tokens of 10,000 tokens left, afresh in 12 h",
        "- This chat's budget: $2.98 of $5 left, afresh in 22 days",
    ]
    assert said.private
    assert said.buttons == ()


async def test_nothing_is_used_yet(desk: Desk, charts: NotedCharts) -> None:
    said = await reply(desk, "/usage")
    assert said.text.splitlines() == ["**Your usage**", "- Today: nothing", "- This month: nothing"]
    assert said.files == ()
    assert charts.drawn == []


async def test_the_chart_is_of_ones_own_last_thirty_days(desk: Desk, charts: NotedCharts) -> None:
    await spend(desk, ANN, 5, days=0)
    await spend(desk, ANN, 6, days=29)
    await spend(desk, ANN, 7, days=30)
    await spend(desk, BOB, 8, days=1)

    [file] = (await reply(desk, "/usage")).files
    assert (file.kind, file.name, file.mime, file.data) == ("image", "usage.png", "image/png", b"a chart")
    [days] = charts.drawn
    assert [each.day for each in days] == [NOON.date() - timedelta(back) for back in range(29, -1, -1)]
    assert [each.spent.tokens for each in days] == [6, *[0] * 28, 5]


async def test_without_a_chart_there_is_the_text(desk: Desk, charts: NotedCharts) -> None:
    await spend(desk, ANN, 5)
    charts.broken = True

    said = await reply(desk, "/usage")
    assert said.files == ()
    assert "- Today: 5 tokens, $0" in said.text


async def test_the_console_gets_a_chart_of_characters(desk: Desk, charts: NotedCharts) -> None:
    desk.chat = CONSOLE
    await spend(desk, YOU, 800, days=0)
    await spend(desk, YOU, 1, days=29)

    said = await reply(desk, "/usage", YOU)
    assert said.files == ()
    assert charts.drawn == []
    text, drawn = said.text.split("\n```\n")[0], said.text.split("```")[1].splitlines()
    assert text.endswith("Tokens a day in the last 30 days, at most 800:")
    assert drawn[1:] == [*[" " * 58 + "█"] * 5, "▁" + " " * 57 + "█", "2026-04-11" + " " * 39 + "2026-05-10"]


async def test_admins_see_all_together_where_nobody_reads_along(desk: Desk) -> None:
    await spend(desk, ANN, 1000, NANO)
    await spend(desk, ROOT, 1, NANO)
    assert "All together" not in (await reply(desk, "/usage", ROOT)).text

    desk.chat = PRIVATE
    said = await reply(desk, "/usage", ROOT)
    assert said.text.endswith("\n\n**All together**\n- Today: 1,001 tokens, $2\n- This month: 1,001 tokens, $2")
    assert [button.data for button in said.buttons] == [
        "run /usage person",
        "run /usage chat",
        "run /usage model",
        "run /usage provider",
    ]
    assert "All together" not in (await reply(desk, "/usage", ANN)).text


async def test_admins_have_no_budget_but_see_that_of_all(desk: Desk) -> None:
    for budget in (Budget("everyone", "tokens", "day", 10), Budget("total", "tokens", "month", 50)):
        await desk.store.budgets.put(budget)
    await desk.services.budgets.reload()

    text = (await reply(desk, "/usage", ROOT)).text
    assert "Your budget" not in text
    assert "- The bot's budget: 50 tokens of 50 tokens left, afresh in 22 days" in text


async def test_nothing_left_is_not_less(desk: Desk) -> None:
    await desk.store.budgets.put(Budget("everyone", "tokens", "day", 10))
    await desk.services.budgets.reload()
    await spend(desk, ANN, 12)

    assert "- Your budget: 0 tokens of 10 tokens left" in (await reply(desk, "/usage")).text


async def test_admins_see_it_by_group(desk: Desk) -> None:
    await spend(desk, ANN, 1000, 2 * NANO)
    await spend(desk, ANN, 500, None, model="open/tiny_1|x")
    await spend(desk, BOB, 50, NANO)
    await spend(desk, BOB, 50, NANO, days=10)

    said = await reply(desk, "/usage person", ROOT)
    assert said.private
    assert said.text.splitlines() == [
        "**This month: by person**",
        "",
        "| |calls|tokens|cost|",
        "|---|---:|---:|---:|",
        "|telegram:42|2|1,500|$2 + ?|",
        "|telegram:43|1|50|$1|",
    ]
    assert (await reply(desk, "/usage model", ROOT)).text.splitlines()[4:] == [
        "|acme/large-1|2|1,050|$3|",
        r"|open/tiny\_1\|x|1|500|$0 + ?|",
    ]
    assert r"|telegram:1:100|3|1,550|$3 + ?|" in (await reply(desk, "/usage chat", ROOT)).text
    assert "|acme|2|1,050|$3|" in (await reply(desk, "/usage provider", ROOT)).text


async def test_a_table_has_ten_rows(desk: Desk) -> None:
    for number in range(12):
        await spend(desk, Person("telegram", str(number), "x"), 10)
    assert len((await reply(desk, "/usage person", ROOT)).text.splitlines()) == 4 + 10


async def test_an_empty_month(desk: Desk) -> None:
    assert (await reply(desk, "/usage model", ROOT)).text == "Nothing was used this month."


@pytest.mark.parametrize("group", ["person", "chat", "model", "provider"])
async def test_others_do_not_see_it_by_group(desk: Desk, group: str) -> None:
    await spend(desk, BOB, 10)
    with pytest.raises(UsageError, match=f"Only the bot's admins may use `/usage {group}`"):
        await desk.run(f"/usage {group}", ANN)


async def test_in_the_console_it_is_no_secret(desk: Desk) -> None:
    desk.chat = CONSOLE
    assert "**All together**" in (await reply(desk, "/usage", YOU)).text


@given(st.lists(st.integers(0, 10**15), max_size=40), st.integers(1, 8))
def test_bars_are_as_high_as_what_they_stand_for(heights: list[int], rows: int) -> None:
    lines = bars(heights, rows)
    top = max(heights, default=0)
    assert len(lines) == (rows if top else 0)
    for at, height in enumerate(heights if top else []):
        column = [line.ljust(2 * len(heights))[2 * at] for line in lines]
        eighths = sum(" ▁▂▃▄▅▆▇█".index(character) for character in column)
        assert eighths == (max(1, height * rows * 8 // top) if height else 0)
        assert "".join(column).lstrip() == "".join(column).replace(" ", "")
