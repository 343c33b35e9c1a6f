"""How much may be used, as admins decide in chats: budget."""

from __future__ import annotations

from collections.abc import Sequence

from bot import clock
from bot.access.counting import start_of
from bot.commands import amounts, subjects
from bot.commands.spec import Call, Command, Context, Option, Reply
from bot.conversation.accounts import Accounts
from bot.domain.usage import Budget, Period, Unit
from bot.errors import UsageError
from bot.replies import notices
from bot.replies.notices import Notice, code

_NONE = "none"
_WORDS = ("everyone", "chats", "total")
_MOST_SUGGESTIONS = 25
"""Discord's limit for autocomplete."""

_GROUPS: dict[str, Notice] = {
    "everyone": notices.EACH_PERSON,
    "chats": notices.EACH_CHAT,
    "total": notices.ALL_TOGETHER,
}
_PERIODS: dict[Period, Notice] = {"day": notices.PER_DAY, "month": notices.PER_MONTH}


async def _budget(call: Call) -> Reply:
    typed, amount = call.text("subject"), call.text("amount")
    if typed is None:
        return await _listed(call, call.services.budgets.all())
    subject = _subject(call, typed)
    if amount is None:
        return await _listed(call, [budget for budget in call.services.budgets.all() if budget.subject == subject])
    if amount.strip().casefold() == _NONE:
        return await _remove(call, subject)
    return await _set(call, subject, amount)


async def _set(call: Call, subject: str, typed: str) -> Reply:
    locale = call.person.locale
    unit: Unit | None = "dollars" if call.text("unit") == "dollars" else "tokens" if call.text("unit") else None
    period: Period = "month" if call.text("period") == "month" else "day"
    read = amounts.read(typed, unit)
    if read is None:
        if "$" in typed and unit == "tokens":
            raise UsageError(notices.BUDGET_UNITS.say(locale, typed=code(typed)))
        choices = {"tokens": code("50k"), "dollars": code("$5"), "none": code(_NONE)}
        raise UsageError(notices.BUDGET_AMOUNT.say(locale, typed=code(typed), **choices))
    budget = Budget(subject, read[1], period, read[0])
    await call.services.store.budgets.put(budget)
    await call.services.budgets.reload()
    return Reply(notices.BUDGET_SET.say(locale, **_words(budget, locale)), private=True)


async def _remove(call: Call, subject: str) -> Reply:
    locale, whose = call.person.locale, _whose(subject, call.person.locale)
    removed = await call.services.store.budgets.remove(subject)
    await call.services.budgets.reload()
    left = next((budget for budget in call.services.budgets.all() if budget.subject == subject), None)
    if left is not None:  # only the settings can still say so
        notice = notices.BUDGET_REMOVED_SETTINGS if removed else notices.BUDGET_ONLY_SETTINGS
        return Reply(notice.say(locale, **_words(left, locale)), private=True)
    notice = notices.BUDGET_REMOVED if removed else notices.BUDGET_MISSING
    return Reply(notice.say(locale, whose=whose), private=True)


async def _listed(call: Call, budgets: Sequence[Budget]) -> Reply:
    locale = call.person.locale
    if not budgets:
        examples = {"tokens": code("/budget everyone 50k tokens day"), "dollars": code("/budget total $5 month")}
        return Reply(notices.BUDGETS_NONE.say(locale, **examples), private=True)
    lines = [f"- {await _line(call, budget)}" for budget in budgets]
    return Reply("\n".join([notices.BUDGETS_LIST.say(locale), *lines]), private=True)


async def _line(call: Call, budget: Budget) -> str:
    """With what is spent of it, where it is one sum."""
    locale, ledger = call.person.locale, call.services.store.ledger
    since = start_of(budget.period, clock.utc_now().date())
    match budget.subject.partition(":"):
        case ("total", _, _):
            sums = await ledger.spent(since)
        case ("person", _, handle):
            sums = await ledger.spent(since, person=handle)
        case ("chat", _, key):
            sums = await ledger.spent(since, chat=key)
        case _:
            return notices.BUDGET_LINE.say(locale, **_words(budget, locale))
    spent = amounts.written(sums.cost if budget.unit == "dollars" else sums.tokens, budget.unit, locale)
    return notices.BUDGET_LINE_SPENT.say(locale, spent=spent, **_words(budget, locale))


def _words(budget: Budget, locale: str | None) -> dict[str, str]:
    return {
        "whose": _whose(budget.subject, locale),
        "amount": amounts.written(budget.amount, budget.unit, locale),
        "period": _PERIODS[budget.period].say(locale),
    }


def _whose(subject: str, locale: str | None) -> str:
    if subject in _GROUPS:
        return _GROUPS[subject].say(locale)
    kind, _, name = subject.partition(":")
    return (notices.ONE_CHAT if kind == "chat" else notices.ONE_PERSON).say(locale, name=code(name))


def _subject(call: Call, typed: str) -> str:
    """As `bot.domain.usage.Budget` writes it, which is understood as well; raises UsageError."""
    word, chat = typed.strip(), call.chat
    if word.casefold() in _WORDS:
        return word.casefold()
    if word in {budget.subject for budget in call.services.budgets.all()}:
        return word
    if word.casefold() == subjects.CHAT:
        return f"chat:{Accounts(call.services.access.is_admin).of(chat, call.person).chat}"
    found = subjects.read(word.removeprefix("person:"), chat)
    if found is not None and found.kind in ("person", "any"):
        return f"person:{found.name}"
    platform, _, number = found.name.partition(":") if found is not None else ("", "", "")
    if found is not None and found.kind == "place" and platform == chat.platform and number != chat.server_id:
        return f"chat:{platform}:{chat.bot_id}:{number}"
    known = {word: code(word) for word in (*_WORDS, subjects.CHAT)}
    raise UsageError(
        notices.BUDGET_WHO.say(call.person.locale, typed=code(typed), example=code("telegram:42"), **known)
    )


async def _complete(context: Context, typed: str) -> Sequence[str]:
    """Words, and whoever has a budget. Only admins see names."""
    if not context.services.access.is_admin(context.person):
        return ()
    known = [budget.subject for budget in context.services.budgets.all()]
    names = dict.fromkeys([*_WORDS, subjects.CHAT, *known])
    return [name for name in names if typed.strip().casefold() in name.casefold()][:_MOST_SUGGESTIONS]


BUDGET = Command(
    "budget",
    "How much may be used: show, set or remove budgets",
    "admin",
    handler=_budget,
    options=(
        Option("subject", "everyone, chats, total, chat for this one, or a person's id", complete=_complete),
        Option("amount", "Such as 50k or $5, or none to take the budget away"),
        Option("unit", "What is counted", choices=("tokens", "dollars")),
        Option("period", "From when to when; a day if nothing is said", choices=("day", "month")),
    ),
    in_order=False,
    admins_only=True,
    example="/budget everyone 50k tokens day",
    details="`everyone` is each person, `chats` each chat; one of their own wins over that. `total` is all together.",
)
