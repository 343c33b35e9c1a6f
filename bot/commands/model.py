"""Which model answers: show it, set it, find a model by what was typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.commands import buttons
from bot.commands.spec import Call, Command, Context, Option, Reply
from bot.domain.ids import settings_scope
from bot.replies import notices
from bot.replies.notices import code

DEFAULT = "default"

_MOST_SUGGESTIONS = 25
LONGEST_SUGGESTION = 100
"""Discord's limits for autocomplete: choices, and characters of each."""

_MOST_OFFERED = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """A model by its full name. `known`: its provider offers it now."""

    name: str
    known: bool


async def choose(call: Call, typed: str, command: str) -> Choice | Reply:
    """The model that was meant, or a reply that offers similar ones, to be chosen with `command`.

    A name passes unchecked when its provider did not send a list. The provider may be left out where only one
    model is called so.
    """
    if typed == call.services.default_model:
        return Choice(typed, known=True)
    names = [model.name for model in await call.services.models.models()]
    wanted = typed.strip().casefold()
    full = [name for name in names if name.casefold() == wanted]
    short = [name for name in names if name.partition("/")[2].casefold() == wanted]
    for found in (full, short):
        if len(found) == 1:
            return Choice(found[0], known=True)
    provider, slash, rest = typed.strip().partition("/")
    if slash and provider and rest and not any(name.startswith(f"{provider}/") for name in names):
        if call.services.models.knows(typed.strip()):
            return Choice(typed.strip(), known=False)
        return Reply(notices.NOT_CONFIGURED.say(call.person.locale, model=code(typed)))
    return _offer(call, typed, short or _similar(names, wanted), command)


def _similar(names: Sequence[str], wanted: str) -> list[str]:
    """The names most like what was typed, the best first."""
    wanted = wanted[:LONGEST_SUGGESTION]
    if not wanted:
        return []
    holding = [name for name in names if wanted in name.casefold()]
    close = get_close_matches(wanted, names, n=_MOST_OFFERED)
    tails = {name.casefold().rpartition("/")[2]: name for name in names}
    alike = [tails[tail] for tail in get_close_matches(wanted.rpartition("/")[2], tails, n=_MOST_OFFERED)]
    return list(dict.fromkeys([*holding, *close, *alike]))[:_MOST_OFFERED]


def _offer(call: Call, typed: str, names: Sequence[str], command: str) -> Reply:
    locale = call.person.locale
    if not names:
        example = code(call.services.default_model)
        return Reply(notices.MODEL_UNKNOWN.say(locale, model=code(typed), example=example))
    said = notices.MODEL_UNKNOWN_CLOSE.say(locale, model=code(typed), closest=code(names[0]))
    return Reply(said, buttons.run((name, f"{command} {name}") for name in names))


async def complete(context: Context, typed: str) -> Sequence[str]:
    """Names that hold what is typed, sorted."""
    wanted = typed.strip().casefold()
    names = [model.name for model in await context.services.models.models()]
    fitting = [name for name in names if wanted in name.casefold() and len(name) <= LONGEST_SUGGESTION]
    return sorted(fitting)[:_MOST_SUGGESTIONS]


async def _complete_with_default(context: Context, typed: str) -> Sequence[str]:
    names = await complete(context, typed)
    first = [DEFAULT] if typed.strip().casefold() in DEFAULT else []
    return [*first, *names][:_MOST_SUGGESTIONS]


async def _model(call: Call) -> Reply:
    typed = call.text("model")
    if typed is None:
        return await _show(call)
    if typed.strip().casefold() == DEFAULT:
        return await _reset(call)
    choice = await choose(call, typed, "/model")
    if isinstance(choice, Reply):
        return choice
    await call.services.store.preferences.put(settings_scope(call.chat), "model", choice.name)
    notice = notices.MODEL_SET if choice.known else notices.MODEL_UNCHECKED
    return Reply(notice.say(call.person.locale, model=code(choice.name)))


async def _show(call: Call) -> Reply:
    locale = call.person.locale
    _, name = await call.services.talk.setup(call.chat, call.person)
    current = notices.MODEL_CURRENT.say(locale, model=code(name))
    how = notices.MODEL_HOW.say(locale, set=code("/model provider/model"), reset=code(f"/model {DEFAULT}"))
    return Reply(f"{current}\n{how}")


async def _reset(call: Call) -> Reply:
    await call.services.store.preferences.put(settings_scope(call.chat), "model", None)
    _, name = await call.services.talk.setup(call.chat, call.person)
    return Reply(notices.MODEL_RESET.say(call.person.locale, model=code(name)))


MODEL = Command(
    "model",
    "Show or set the model that answers here",
    "model",
    handler=_model,
    options=(Option("model", "provider/model, or default", complete=_complete_with_default),),
    example="/model openai/gpt-6-luna",
    details="Alone it shows the model; with a name it sets it for this chat; `/model default` goes back.",
)
