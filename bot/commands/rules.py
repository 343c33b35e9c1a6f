"""Who may use the bot, as admins decide in chats: allow, deny."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from bot.access.policy import EVERYBODY
from bot.commands import buttons, subjects
from bot.commands.spec import Call, Command, Context, Option, Reply
from bot.domain.rules import Effect, Rule
from bot.replies import notices
from bot.replies.notices import Notice, code

_LIST = "list"
_REMOVE = "remove"
_EXAMPLE = "telegram:42"
_MOST_SUGGESTIONS = 25
"""Discord's limit for autocomplete."""

_LINES: dict[Effect, Notice] = {
    "allow": notices.RULE_LINE_ALLOW,
    "deny": notices.RULE_LINE_DENY,
    "admin": notices.RULE_LINE_ADMIN,
}


async def _allow(call: Call) -> Reply:
    return await _decide(call, "allow")


async def _deny(call: Call) -> Reply:
    return await _decide(call, "deny")


async def _decide(call: Call, effect: Literal["allow", "deny"]) -> Reply:
    locale, access, typed = call.person.locale, call.services.access, call.text("subject")
    if typed is None and call.chat.kind == "group":
        typed = subjects.CHAT
    if typed is None or typed.casefold() == _LIST:
        return _listed(call)
    subject = subjects.read(typed, call.chat)
    if subject is None:
        return _unknown(typed, locale)
    name = subject.name
    if call.text("change") == _REMOVE:
        return await _reset(call, name)
    shown = code(name)
    if effect == "allow":
        await access.allow(name, call.person.handle)
        return Reply(notices.RULE_ALLOWED.say(locale, subject=shown), private=True)
    if name in access.admins:
        return Reply(notices.RULE_FOR_ADMIN.say(locale, subject=shown), private=True)
    await access.deny(name, call.person.handle)
    return Reply(notices.RULE_DENIED.say(locale, subject=shown), private=True)


async def _reset(call: Call, name: str) -> Reply:
    locale, access, shown = call.person.locale, call.services.access, code(name)
    if name == call.person.handle and any(rule.effect == "admin" for rule in access.listed() if rule.subject == name):
        return Reply(notices.RULE_FOR_YOURSELF.say(locale), private=True)
    if await access.reset(name):
        return Reply(notices.RULE_REMOVED.say(locale, subject=shown), private=True)
    if name in access.settings.admins | access.settings.allowed:
        deny = code(f"/deny {name}", 100)
        return Reply(notices.RULE_IN_SETTINGS.say(locale, subject=shown, deny=deny), private=True)
    return Reply(notices.RULE_MISSING.say(locale, subject=shown, list=code(f"/allow {_LIST}")), private=True)


def _unknown(typed: str, locale: str | None) -> Reply:
    if typed.startswith("@"):
        return Reply(notices.RULE_NAME.say(locale, typed=code(typed)), private=True)
    said = notices.RULE_WHO.say(
        locale, typed=code(typed), example=code(_EXAMPLE), chat=code(subjects.CHAT), server=code(subjects.SERVER)
    )
    return Reply(said, private=True)


def _listed(call: Call) -> Reply:
    locale, rules = call.person.locale, call.services.access.listed()
    if rules:
        parts = ["\n".join([notices.RULES_LIST.say(locale), *(f"- {_line(rule, locale)}" for rule in rules)])]
    else:
        parts = [notices.RULES_NONE.say(locale, allow=code("/allow id"), deny=code("/deny id"))]
    settings = [f"- {line}" for line in _in_settings(call)]
    if settings:
        parts.append("\n".join([notices.RULES_SETTINGS.say(locale), *settings]))
    taken = [rule.subject for rule in rules if rule.subject != call.person.handle]
    lines = ((notices.REMOVE.say(locale, what=name), f"/allow {name} {_REMOVE}") for name in dict.fromkeys(taken))
    return Reply("\n\n".join(parts), buttons.run(lines), private=True)


def _line(rule: Rule, locale: str | None) -> str:
    by = notices.RULE_BY.say(locale, by=code(rule.by), day=rule.at.date().isoformat())
    return f"{_LINES[rule.effect].say(locale, subject=code(rule.subject))} ({by})"


def _in_settings(call: Call) -> Iterator[str]:
    locale, settings = call.person.locale, call.services.access.settings
    for name in sorted(settings.admins):
        yield notices.RULE_LINE_ADMIN.say(locale, subject=code(name))
    for name in sorted(settings.allowed - {EVERYBODY}):
        yield notices.RULE_LINE_ALLOW.say(locale, subject=code(name))
    if EVERYBODY in settings.allowed:
        yield notices.RULE_EVERYBODY.say(locale)


async def _complete(context: Context, typed: str) -> Sequence[str]:
    """Words for this place, and whoever has a rule. Only admins see names."""
    if not context.services.access.is_admin(context.person):
        return ()
    words = [subjects.CHAT, *([subjects.SERVER] if context.chat.server_id else []), _LIST]
    known = sorted({rule.subject for rule in context.services.access.listed()})
    return [each for each in [*words, *known] if typed.strip().casefold() in each.casefold()][:_MOST_SUGGESTIONS]


_OPTIONS = (
    Option("subject", "An id such as telegram:42, a mention, chat, server, or list", complete=_complete),
    Option("change", "add, or remove to take the rule back", choices=("add", _REMOVE)),
)

ALLOW = Command(
    "allow",
    "Let a person or a chat use the bot",
    "admin",
    handler=_allow,
    options=_OPTIONS,
    in_order=False,
    admins_only=True,
    example="/allow telegram:42",
    details="Alone it lets this group in. `/allow list` shows all rules; `/allow telegram:42 remove` takes one back.",
)

DENY = Command(
    "deny",
    "Keep a person or a chat from using the bot",
    "admin",
    handler=_deny,
    options=_OPTIONS,
    in_order=False,
    admins_only=True,
    example="/deny telegram:42",
    details="Alone it shuts this group out. It wins over everything that allows; admins are never kept out.",
)
