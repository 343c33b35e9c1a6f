"""The same question to several personas, or several models."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands import model, persona_names
from bot.commands.spec import Call, Command, Context, Option, Reply
from bot.domain.personas import Variant
from bot.replies import notices
from bot.replies.notices import code

MOST = 4
"""Answers side by side: more do not fit on a screen."""

_FEWEST = 2


async def _compare(call: Call) -> Reply | None:
    personas, models = _names(call.text("personas")), _names(call.text("models"))
    if personas and models:
        return _how(call, notices.COMPARE_EITHER)
    names = personas or models
    if not _FEWEST <= len(names) <= MOST:
        return _how(call, notices.COMPARE_HOW_MANY)
    variants: list[Variant] = []
    for name in names:
        variant = await (_persona(call, name) if personas else _model(call, name))
        if isinstance(variant, Reply):
            return variant
        variants.append(variant)
    await call.services.talk.compare(call.event, call.channel, call.text("question") or "", variants)
    return None


def _names(typed: str | None) -> list[str]:
    """Names that are separated by commas or blanks, once each."""
    return list(dict.fromkeys((typed or "").replace(",", " ").split()))


async def _persona(call: Call, name: str) -> Variant | Reply:
    wanted = persona_names.normalized(name)
    found = await call.services.personas.find(call.chat, call.person, wanted)
    if found is None:
        return await persona_names.unknown(call, wanted)
    return Variant(persona=found.name)


async def _model(call: Call, name: str) -> Variant | Reply:
    choice = await model.choose(call, name, "/model")
    return choice if isinstance(choice, Reply) else Variant(model=choice.name)


def _how(call: Call, notice: notices.Notice) -> Reply:
    by_persona = code("/compare personas=teacher,engineer question")
    by_model = code("/compare models=one,another question")
    said = notice.say(call.person.locale, most=MOST, personas=by_persona, models=by_model)
    return Reply(said, private=True)


async def _complete_personas(context: Context, typed: str) -> Sequence[str]:
    """The last name of the list, completed behind those before it."""
    return _behind(typed, await persona_names.complete(context, _last(typed)))


async def _complete_models(context: Context, typed: str) -> Sequence[str]:
    return _behind(typed, await model.complete(context, _last(typed)))


def _last(typed: str) -> str:
    return typed.rpartition(",")[2].strip()


def _behind(typed: str, names: Sequence[str]) -> list[str]:
    before = typed.rpartition(",")[0]
    lists = [f"{before},{name}" if before else name for name in names]
    return [each for each in lists if len(each) <= model.LONGEST_SUGGESTION]


COMPARE = Command(
    "compare",
    "The same question to several personas or models, side by side",
    "talk",
    handler=_compare,
    asks_model=True,
    options=(
        Option("question", "What you want to know", required=True, rest=True),
        Option("personas", "Two to four personas, with commas between them", complete=_complete_personas),
        Option("models", "Or two to four models, with commas between them", complete=_complete_models),
    ),
    example="/compare personas=teacher,engineer why is the sky blue?",
    details="Each answers in a message of its own. The button under an answer says which one the conversation goes on "
    "with; otherwise it is the first.",
)
