"""Becoming the first admin, and how the bot is: claim, status."""

from __future__ import annotations

from bot import clock
from bot.access.claim import Claimed
from bot.commands import amounts
from bot.commands.spec import Call, Command, Option, Reply
from bot.replies import notices
from bot.replies.notices import Notice, code

_SAID: dict[Claimed, Notice] = {
    "granted": notices.CLAIM_GRANTED,
    "wrong": notices.CLAIM_WRONG,
    "wait": notices.CLAIM_WAIT,
    "closed": notices.CLAIM_CLOSED,
}


async def _claim(call: Call) -> Reply:
    locale = call.person.locale
    if call.chat.kind != "private":
        return Reply(notices.CLAIM_PRIVATELY.say(locale), private=True)
    claimed = await call.services.claim.claim(call.person, call.text("code") or "")
    return Reply(_SAID[claimed].say(locale, allow=code("/allow"), help=code("/help")), private=True)


async def _status(call: Call) -> Reply:
    locale, services = call.person.locale, call.services
    vitals = services.status.vitals()
    today = await services.store.ledger.spent(clock.utc_now().date())
    models = ", ".join(f"{work} {code(name)}" for work, name in vitals.models.items())
    lines = [
        notices.STATUS_VERSION.say(locale, version=vitals.version, uptime=notices.duration(vitals.uptime)),
        notices.STATUS_PLATFORMS.say(locale, names=", ".join(vitals.platforms)),
        notices.STATUS_DATABASE.say(locale, kind=vitals.database),
        notices.STATUS_MODELS.say(locale, names=models),
        notices.STATUS_WORK.say(locale, running=vitals.running, waiting=vitals.waiting),
        notices.STATUS_RULES.say(
            locale,
            admins=len(services.access.admins),
            rules=len(services.access.listed()),
            budgets=len(services.budgets.all()),
        ),
        notices.STATUS_TODAY.say(locale, calls=f"{today.calls:,}", spent=amounts.spent(today, locale)),
    ]
    return Reply("\n".join(f"- {line}" for line in lines), private=True)


CLAIM = Command(
    "claim",
    "Become this bot's first admin, with the code from its log",
    "admin",
    handler=_claim,
    options=(Option("code", "The code that the bot logged at its start", required=True, rest=True),),
    in_order=False,
    hidden=True,
    open_to_all=True,
)

STATUS = Command(
    "status",
    "How the bot is: platforms, models, work, what today cost",
    "admin",
    handler=_status,
    in_order=False,
    admins_only=True,
)
