"""What is used and what it costs: usage."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from bot import clock
from bot.access.counting import resets_in, start_of
from bot.commands import amounts, buttons
from bot.commands.bars import bars
from bot.commands.spec import Call, Command, Option, Reply
from bot.conversation.accounts import Accounts
from bot.domain.platform import Button, OutgoingFile
from bot.domain.usage import Budget, DaySpent, Spent
from bot.errors import FileError, UsageError
from bot.replies import notices
from bot.replies.notices import Notice, code, excerpt

log = logging.getLogger(__name__)

Group = Literal["person", "chat", "model", "provider"]

_GROUPS: dict[Group, Notice] = {
    "person": notices.BY_PERSON,
    "chat": notices.BY_CHAT,
    "model": notices.BY_MODEL,
    "provider": notices.BY_PROVIDER,
}
_DAYS = 30
_MOST_ROWS = 10
_ROWS_OF_TEXT = 6


async def _usage(call: Call) -> Reply:
    group = next((each for each in _GROUPS if each == call.text("by")), None)
    if group is None:
        return await _own(call)
    if not call.services.access.is_admin(call.person):
        raise UsageError(notices.ADMINS_ONLY.say(call.person.locale, command=code(f"/usage {group}")))
    return await _table(call, group)


async def _own(call: Call) -> Reply:
    locale, ledger, person = call.person.locale, call.services.store.ledger, call.person.handle
    now = clock.utc_now()
    today, month = now.date(), start_of("month", now.date())
    lines = [
        f"**{notices.USAGE_TITLE.say(locale)}**",
        *_sums(await ledger.spent(today, person=person), await ledger.spent(month, person=person), locale),
        *[f"- {line}" for line in await _left(call)],
    ]
    if _sees_all(call):
        all_together = f"\n**{notices.USAGE_ALL.say(locale)}**"
        lines += [all_together, *_sums(await ledger.spent(today), await ledger.spent(month), locale)]
    known = {each.day: each.spent for each in await ledger.days(today - timedelta(_DAYS - 1), person=person)}
    run = [today - timedelta(back) for back in reversed(range(_DAYS))]
    days = [DaySpent(day, known.get(day, Spent())) for day in run]
    text, choices = "\n".join(lines), _choices(call)
    if call.chat.platform == "console":
        return Reply(text + _drawn(days, locale), choices)
    return Reply(text, choices, private=True, files=await _chart(call, days))


def _sees_all(call: Call) -> bool:
    """An admin, where nobody else reads along."""
    return call.chat.kind == "private" and call.services.access.is_admin(call.person)


def _choices(call: Call) -> tuple[Button, ...]:
    if not _sees_all(call):
        return ()
    return buttons.run((title.say(call.person.locale), f"/usage {group}") for group, title in _GROUPS.items())


def _sums(today: Spent, month: Spent, locale: str | None) -> list[str]:
    said = [
        notices.USAGE_TODAY.say(locale, spent=amounts.spent(today, locale)),
        notices.USAGE_MONTH.say(locale, spent=amounts.spent(month, locale)),
    ]
    return [f"- {line}" for line in said]


async def _left(call: Call) -> list[str]:
    """What is left of the budgets that hold here. That of all is for admins to know, who have none of their own."""
    locale, admin = call.person.locale, call.services.access.is_admin(call.person)
    account = Accounts(call.services.access.is_admin).of(call.chat, call.person)
    now, lines = clock.utc_now(), []
    for budget, spent, reserved in await call.services.budgets.remaining(account):
        whose = _whose(budget)
        if whose is (notices.YOUR_BUDGET if admin else notices.BOT_BUDGET):
            continue
        left = max(0, budget.amount - spent - reserved)
        line = notices.USAGE_LEFT.say(
            locale,
            whose=whose.say(locale),
            left=amounts.written(left, budget.unit, locale),
            amount=amounts.written(budget.amount, budget.unit, locale),
            wait=notices.duration(resets_in(budget.period, now)),
        )
        lines.append(line)
    return lines


def _whose(budget: Budget) -> Notice:
    match budget.subject.partition(":")[0]:
        case "everyone" | "person":
            return notices.YOUR_BUDGET
        case "total":
            return notices.BOT_BUDGET
    return notices.CHAT_BUDGET


async def _chart(call: Call, days: Sequence[DaySpent]) -> tuple[OutgoingFile, ...]:
    if not any(each.spent.tokens or each.spent.cost for each in days):
        return ()
    try:
        drawn = await call.services.charts.usage(days)
    except FileError as error:
        log.warning("the chart of what was used could not be drawn: %s", error)
        return ()
    return (OutgoingFile("image", "usage.png", "image/png", drawn),)


def _drawn(days: Sequence[DaySpent], locale: str | None) -> str:
    """The chart in characters; nothing where nothing was used."""
    tokens = [each.spent.tokens for each in days]
    lines = bars(tokens, _ROWS_OF_TEXT)
    if not lines:
        return ""
    dates = f"{days[0].day.isoformat()}{days[-1].day.isoformat():>{2 * len(days) - 11}}"
    title = notices.USAGE_CHART.say(locale, days=len(days), most=f"{max(tokens):,}")
    return "\n".join(["", "", title, "```", *lines, dates, "```"])


async def _table(call: Call, group: Group) -> Reply:
    locale = call.person.locale
    rows = await call.services.store.ledger.by(group, start_of("month", clock.utc_now().date()), _MOST_ROWS)
    if not rows:
        return Reply(notices.USAGE_EMPTY.say(locale), _choices(call), private=True)
    columns = (notices.COLUMN_CALLS, notices.COLUMN_TOKENS, notices.COLUMN_COST)
    lines = [
        f"**{notices.USAGE_TABLE.say(locale, group=_GROUPS[group].say(locale))}**",
        "",
        "| |" + "|".join(column.say(locale) for column in columns) + "|",
        "|---|---:|---:|---:|",
        *(f"|{excerpt(name, 60)}|{sums.calls:,}|{sums.tokens:,}|{_cost(sums)}|" for name, sums in rows),
    ]
    return Reply("\n".join(lines), _choices(call), private=True)


def _cost(sums: Spent) -> str:
    """With a mark where it is more by what is not known."""
    known = notices.money(sums.cost)
    return f"{known} + ?" if sums.unpriced else known


USAGE = Command(
    "usage",
    "What you used and what it cost, today and this month",
    "data",
    handler=_usage,
    options=(Option("by", "For admins: what everybody used this month", choices=tuple(_GROUPS)),),
    in_order=False,
    details="Days and months begin at midnight UTC.",
)
