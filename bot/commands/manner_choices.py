"""How the bot behaves in a chat, as choices: what can be chosen where, what each does, and how it is set."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.commands import buttons
from bot.commands.spec import Call, Reply
from bot.conversation.manners import Manner, Name
from bot.domain.platform import Button
from bot.replies import notices
from bot.replies.notices import Notice, code

DEFAULT = "default"
WORD = "word"

_LONGEST_WORD = 32
_WAKE_WORD = re.compile(r"\w[\w'-]*( \w[\w'-]*){0,2}")
"""Up to three words: people say it in front of a question."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`label` names it on its button and among the settings, `means` says what it does."""

    value: str
    label: Notice
    means: Notice


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that a chat can choose. `name` is what it is called in a command."""

    name: Name
    label: Notice
    ask: Notice
    choices: tuple[Choice, ...]


SCOPE = Matter(
    "scope",
    notices.SCOPE,
    notices.ASK_SCOPE,
    (
        Choice("thread", notices.SCOPE_THREAD, notices.SCOPE_THREAD_MEANS),
        Choice("shared", notices.SCOPE_SHARED, notices.SCOPE_SHARED_MEANS),
        Choice("person", notices.SCOPE_PERSON, notices.SCOPE_PERSON_MEANS),
    ),
)
REPLY = Matter(
    "reply",
    notices.REPLY,
    notices.ASK_REPLY,
    (
        Choice("mention", notices.REPLY_MENTION, notices.REPLY_MENTION_MEANS),
        Choice("always", notices.REPLY_ALWAYS, notices.REPLY_ALWAYS_MEANS),
        Choice(WORD, notices.REPLY_WORD, notices.REPLY_WORD_MEANS),
        Choice("thread", notices.REPLY_THREAD, notices.REPLY_THREAD_MEANS),
    ),
)
BUSY = Matter(
    "busy",
    notices.BUSY_POLICY,
    notices.ASK_BUSY,
    (
        Choice("queue", notices.BUSY_QUEUE, notices.BUSY_QUEUE_MEANS),
        Choice("interrupt", notices.BUSY_INTERRUPT, notices.BUSY_INTERRUPT_MEANS),
        Choice("merge", notices.BUSY_MERGE, notices.BUSY_MERGE_MEANS),
        Choice("reject", notices.BUSY_REJECT, notices.BUSY_REJECT_MEANS),
    ),
)
REASONING = Matter(
    "reasoning",
    notices.SHOW_REASONING,
    notices.ASK_REASONING,
    (
        Choice("off", notices.REASONING_OFF, notices.REASONING_OFF_MEANS),
        Choice("on", notices.REASONING_ON, notices.REASONING_ON_MEANS),
    ),
)

MATTERS = (SCOPE, REPLY, BUSY, REASONING)


def obstacle(call: Call, matter: Matter, value: str) -> Notice | None:
    """Why something cannot be chosen in this place."""
    private = call.chat.kind == "private"
    match matter.name, value:
        case "reply", _ if private:
            return notices.REPLY_PRIVATE
        case "scope", "person" if private:
            return notices.SCOPE_PRIVATE
        case "reply", "thread" if not call.channel.limits.threads:
            return notices.NO_THREADS_HERE
        case _:
            return None


def in_use(manner: Manner, matter: Matter) -> Choice:
    value = ("on" if manner.reasoning else "off") if matter is REASONING else getattr(manner, matter.name)
    return next(choice for choice in matter.choices if choice.value == value)


def shown(call: Call, matter: Matter) -> str:
    """What holds here, in a few words."""
    locale, manner = call.person.locale, call.services.manners.of(call.chat)
    if matter is REPLY and call.chat.kind == "private":
        return notices.REPLY_ALWAYS.say(locale)
    if matter is REPLY and manner.reply == WORD:
        return notices.REPLY_WORD_NOW.say(locale, word=code(manner.word))
    return in_use(manner, matter).label.say(locale)


def offer(call: Call, matter: Matter) -> Reply:
    """The choices with what they do, and a button for each."""
    locale, chosen = call.person.locale, in_use(call.services.manners.of(call.chat), matter)
    choices = [choice for choice in matter.choices if obstacle(call, matter, choice.value) is None]
    if not choices:
        return Reply(notices.REPLY_PRIVATE.say(locale))
    lines = [f"- {code(each.value)} – **{each.label.say(locale)}**: {each.means.say(locale)}" for each in choices]
    how = notices.SETTINGS_OR.say(locale, usage=code(f"/settings {matter.name} {choices[-1].value}"))
    offered: list[Button] = []
    for choice in choices:
        label = buttons.marked(choice.label.say(locale), choice is chosen)
        line = f"/settings {matter.name} {choice.value}"
        offered += buttons.asking(label, line) if choice.value == WORD else buttons.run([(label, line)])
    return Reply("\n".join([matter.ask.say(locale), *lines, "", how]), tuple(offered))


async def put(call: Call, matter: Matter, typed: str) -> str | Reply:
    """Set what was typed, one word or more; a sentence that goes with it, perhaps "", or the reply that says why
    not."""
    locale = call.person.locale
    value, *rest = typed.split()
    value, more = value.casefold(), " ".join(rest)
    if value == DEFAULT and not more:
        await call.services.manners.put(call.chat, matter.name, None)
        return ""
    if value not in [choice.value for choice in matter.choices] or (more and value != WORD):
        bad = notices.SETTING_BAD.say(locale, setting=matter.label.say(locale), typed=code(typed, 40))
        again = offer(call, matter)
        return replace(again, text=f"{bad}\n{again.text}")
    refused = obstacle(call, matter, value)
    if refused is not None:
        return Reply(refused.say(locale))
    if value == WORD:
        return await _put_word(call, more)
    await call.services.manners.put(call.chat, matter.name, value)
    return _caution(call) if value == "always" else ""


async def _put_word(call: Call, word: str) -> str | Reply:
    locale = call.person.locale
    if not word:
        asks = buttons.asking(notices.WRITE_WORD.say(locale), f"/settings reply {WORD}")
        return Reply(notices.ASK_WORD.say(locale, usage=code("/settings reply word Jarvis")), asks)
    if len(word) > _LONGEST_WORD or not _WAKE_WORD.fullmatch(word):
        return Reply(notices.BAD_WORD.say(locale, typed=code(word, 40)))
    await call.services.manners.put(call.chat, "word", word)
    await call.services.manners.put(call.chat, "reply", WORD)
    return _caution(call)


def _caution(call: Call) -> str:
    """What it takes for the bot to see messages that do not turn to it."""
    match call.chat.platform:
        case "telegram":
            return notices.TELEGRAM_SEES.say(call.person.locale)
        case "discord":
            return notices.DISCORD_SEES.say(call.person.locale)
        case _:
            return ""
