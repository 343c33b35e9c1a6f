"""How answers are sampled: presets, and single parameters over them."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from bot.commands import buttons
from bot.commands.spec import Call, Command, Option, Reply
from bot.conversation.presets import PRESETS
from bot.conversation.sampling import LONGEST_STOP, MOST_STOPS, PARAMETERS, RANGES, STOP, Value, read, written
from bot.conversation.setup import Setup
from bot.domain.ids import settings_scope
from bot.domain.personas import Sampling
from bot.domain.platform import Button
from bot.replies import notices
from bot.replies.notices import Notice, code

DEFAULT = "default"
PREFERENCE = "preset"
CHOICES = (*PRESETS, DEFAULT)

_MEANS = MappingProxyType(
    {
        "creative": notices.PRESET_CREATIVE,
        "technical": notices.PRESET_TECHNICAL,
        "conversational": notices.PRESET_CONVERSATIONAL,
        "factual": notices.PRESET_FACTUAL,
        "brainstorm": notices.PRESET_BRAINSTORM,
        "summary": notices.PRESET_SUMMARY,
        DEFAULT: notices.PRESET_DEFAULT,
    }
)
_EXAMPLES = MappingProxyType(
    {
        "temperature": "0.7",
        "top_p": "0.9",
        "max_tokens": "1000",
        "presence_penalty": "0.5",
        "frequency_penalty": "0.5",
        STOP: "END|THE END",
    }
)


async def _preset(call: Call) -> Reply:
    locale, name = call.person.locale, call.text("name")
    if name is None:
        return await _offer(call)
    await put_preset(call, name)
    setup = await call.services.setups.of(call.chat, call.person)
    if name == DEFAULT:
        return Reply(f"{notices.PRESET_BACK.say(locale)} {_current(setup, locale)}")
    said = notices.PRESET_SET.say(locale, preset=code(name))
    return Reply("\n".join([said, *preset_caution(call, setup)]))


async def _offer(call: Call) -> Reply:
    locale = call.person.locale
    setup = await call.services.setups.of(call.chat, call.person)
    how = notices.PRESET_CHOOSE.say(locale, set=code("/preset name"), one=code("/set"))
    text = [_current(setup, locale), *preset_caution(call, setup), "", preset_list(locale), "", how]
    return Reply("\n".join(text), preset_buttons(setup, "/preset"))


async def put_preset(call: Call, name: str) -> None:
    """Set one of `CHOICES`."""
    value = None if name == DEFAULT else name
    await call.services.store.preferences.put(settings_scope(call.chat), PREFERENCE, value)


def preset_list(locale: str | None) -> str:
    """Each preset with what it does and what it sets."""
    return "\n".join(f"- {code(name)} – {_MEANS[name].say(locale)}{_numbers(name)}" for name in CHOICES)


def preset_buttons(setup: Setup, command: str) -> tuple[Button, ...]:
    """A button for each preset; the one in use is marked."""
    return buttons.run((buttons.marked(name, name == setup.preset), f"{command} {name}") for name in CHOICES)


def preset_caution(call: Call, setup: Setup) -> list[str]:
    """What keeps a preset from showing, as a sentence or none."""
    if setup.preset is None or call.services.abilities(setup.model).sampling:
        return []
    return [notices.PRESET_REFUSED.say(call.person.locale, model=code(setup.model))]


def _current(setup: Setup, locale: str | None) -> str:
    if setup.preset is None:
        return notices.PRESET_NONE.say(locale)
    return notices.PRESET_NOW.say(locale, preset=code(setup.preset))


def _numbers(preset: str) -> str:
    sampling = PRESETS.get(preset, Sampling())
    numbers = [f"{name} {written(value)}" for name in PARAMETERS if (value := _value(sampling, name)) is not None]
    return f" ({', '.join(numbers)})" if numbers else ""


async def _set(call: Call) -> Reply:
    locale, name, typed = call.person.locale, call.text("parameter"), call.text("value")
    if name is None:
        return await _all(call)
    if not typed:
        return await _one(call, name)
    preferences, scope = call.services.store.preferences, settings_scope(call.chat)
    if typed.casefold() == DEFAULT:
        await preferences.put(scope, name, None)
        setup = await call.services.setups.of(call.chat, call.person)
        return Reply(notices.PARAMETER_BACK.say(locale, state=_state(setup, name, locale)))
    value = read(name, typed)
    if value is None:
        return Reply(_expected(name, typed, locale))
    await preferences.put(scope, name, written(value))
    setup = await call.services.setups.of(call.chat, call.person)
    said = notices.PARAMETER_SET.say(locale, parameter=code(name), value=code(written(value)))
    return Reply("\n".join([said, *_cautions(call, setup, name)]))


async def _all(call: Call) -> Reply:
    locale = call.person.locale
    setup = await call.services.setups.of(call.chat, call.person)
    states = [f"- {_state(setup, name, locale)}" for name in PARAMETERS]
    cautions = [*preset_caution(call, setup)]
    for name in PARAMETERS:
        if name in setup.single:
            cautions += _cautions(call, setup, name)
    how = notices.PARAMETERS_HOW.say(
        locale, set=code("/set temperature 0.7"), reset=code(f"/set temperature {DEFAULT}"), presets=code("/preset")
    )
    return Reply("\n".join([notices.PARAMETERS_NOW.say(locale), *states, "", *cautions, how]))


async def _one(call: Call, name: str) -> Reply:
    locale = call.person.locale
    setup = await call.services.setups.of(call.chat, call.person)
    example = code(f"/set {name} {_EXAMPLES[name]}")
    if name == STOP:
        takes = notices.PARAMETER_TAKES_STOPS.say(locale, count=MOST_STOPS, example=example)
    else:
        takes = notices.PARAMETER_TAKES.say(locale, **_bounds(name), example=example)
    return Reply("\n".join([f"{_state(setup, name, locale)}.", *_cautions(call, setup, name), takes]))


def _state(setup: Setup, name: str, locale: str | None) -> str:
    """What a parameter is, and who says so."""
    value, parameter = _value(setup.sampling, name), code(name)
    if value is None:
        return notices.PARAMETER_FREE.say(locale, parameter=parameter)
    shown = code(written(value))
    if name in setup.single:
        return notices.PARAMETER_SINGLE.say(locale, parameter=parameter, value=shown)
    return notices.PARAMETER_OF_PRESET.say(locale, parameter=parameter, value=shown, preset=setup.preset)


def _cautions(call: Call, setup: Setup, name: str) -> Iterator[str]:
    """What keeps a parameter from having its effect on the model that answers here."""
    locale, model = call.person.locale, code(setup.model)
    abilities = call.services.abilities(setup.model)
    if name != "max_tokens":
        if not abilities.sampling:
            yield notices.SAMPLING_REFUSED.say(locale, model=model, parameter=code(name))
        return
    wanted, most = setup.sampling.max_tokens, abilities.max_output
    if wanted is not None and most is not None and wanted > most:
        yield notices.MOST_OUTPUT.say(locale, model=model, maximum=most)


def _expected(name: str, typed: str, locale: str | None) -> str:
    shown = code(typed, 40)
    if name == STOP:
        return notices.PARAMETER_STOPS.say(
            locale, parameter=code(name), count=MOST_STOPS, length=LONGEST_STOP, typed=shown
        )
    notice: Notice = notices.PARAMETER_WHOLE if RANGES[name].whole else notices.PARAMETER_RANGE
    return notice.say(locale, parameter=code(name), **_bounds(name), typed=shown)


def _bounds(name: str) -> dict[str, str]:
    return {"minimum": f"{RANGES[name].minimum:,.0f}", "maximum": f"{RANGES[name].maximum:,.0f}"}


def _value(sampling: Sampling, name: str) -> Value | None:
    value: Value | None = getattr(sampling, name)
    return None if value == () else value


PRESET = Command(
    "preset",
    "How answers are written: creative, factual and the like",
    "model",
    handler=_preset,
    options=(Option("name", "The preset, or default", choices=CHOICES),),
    example="/preset creative",
    details="It holds for this chat. `/preset default` goes back to what the persona brings along.",
)

SET = Command(
    "set",
    "Set one sampling parameter, such as the temperature",
    "model",
    handler=_set,
    options=(
        Option("parameter", "Which one", choices=PARAMETERS),
        Option("value", "A number, for stop up to four texts with | between them, or default", rest=True),
    ),
    example="/set temperature 0.7",
    details="Alone it shows them all, with a parameter this one; `default` takes a value back.",
)
