"""All settings of a chat in one message, which leads on to each of them and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from bot.commands import buttons, manner_choices, setup_choices
from bot.commands.buttons import MOST_BUTTONS
from bot.commands.manner_choices import MATTERS, Matter
from bot.commands.spec import Call, Command, Option, Reply
from bot.conversation.sampling import PARAMETERS, written
from bot.conversation.setup import Setup
from bot.replies import notices
from bot.replies.notices import Notice, code


@dataclass(frozen=True, slots=True)
class _Setting:
    """`offer` asks for a value; `put` sets one and returns a sentence that goes with it, perhaps "", or the reply that
    says why not."""

    label: Notice
    offer: Callable[[Call], Awaitable[Reply]]
    put: Callable[[Call, str], Awaitable[str | Reply]]


async def _settings(call: Call) -> Reply:
    name, typed = call.text("name"), (call.text("value") or "").strip()
    if name is None:
        return await _overview(call, "")
    setting = _SETTINGS[name]
    if not typed:
        return _with_way_back(call, await setting.offer(call))
    done = await setting.put(call, typed)
    return await _overview(call, done) if isinstance(done, str) else _with_way_back(call, done)


async def _overview(call: Call, note: str) -> Reply:
    """What holds here; `note` stands above it."""
    locale, chat = call.person.locale, call.chat
    title = notices.SETTINGS_CHAT if chat.thread_id is None else notices.SETTINGS_THREAD
    lines = [f"**{title.say(locale)}**"]
    offered: list[tuple[str, str]] = []
    for name, value in await _values(call):
        label = _SETTINGS[name].label.say(locale)
        lines.append(f"- {label}: {value}")
        offered.append((label, f"/settings {name}"))
    lines += ["", notices.SETTINGS_HOW.say(locale, usage=code("/settings busy"))]
    text = "\n".join(lines)
    return Reply(f"{note}\n\n{text}" if note else text, buttons.run(offered), in_place=True)


async def _values(call: Call) -> list[tuple[str, str]]:
    """Each setting that can be changed here, with what holds."""
    locale = call.person.locale
    setup = await call.services.setups.of(call.chat, call.person)
    values = [
        ("persona", code(setup.persona.name)),
        ("model", code(setup.model)),
        ("preset", ", ".join(_sampled(setup, locale))),
        *((matter.name, manner_choices.shown(call, matter)) for matter in MATTERS),
    ]
    if call.services.voice.speaks:
        values.append(("voice", _voice_name(await call.services.voice.chosen(call.chat, call.person), locale)))
    return values


def _sampled(setup: Setup, locale: str | None) -> Iterator[str]:
    yield notices.NO_PRESET.say(locale) if setup.preset is None else code(setup.preset)
    for name in PARAMETERS:
        if name in setup.single:
            yield f"{name} {code(written(getattr(setup.sampling, name)))}"


def _voice_name(chosen: str | None, locale: str | None) -> str:
    if chosen in (None, "off"):
        return notices.VOICE_ANSWER_OFF.say(locale)
    return notices.VOICE_ANSWER_ON.say(locale) if chosen == "on" else code(chosen or "")


def _with_way_back(call: Call, reply: Reply) -> Reply:
    back = buttons.run([(notices.SETTINGS_BACK.say(call.person.locale), "/settings")])
    return replace(reply, buttons=(*reply.buttons[: MOST_BUTTONS - len(back)], *back), in_place=True)


async def _offer_matter(call: Call, *, matter: Matter) -> Reply:
    return manner_choices.offer(call, matter)


async def _put_matter(call: Call, typed: str, *, matter: Matter) -> str | Reply:
    return await manner_choices.put(call, matter, typed)


_SETTINGS: Mapping[str, _Setting] = MappingProxyType(
    {
        "persona": _Setting(notices.PERSONA, setup_choices.offer_persona, setup_choices.put_persona),
        "model": _Setting(notices.MODEL, setup_choices.offer_model, setup_choices.put_model),
        "preset": _Setting(notices.PRESET, setup_choices.offer_preset, setup_choices.put_preset),
        **{
            matter.name: _Setting(
                matter.label, partial(_offer_matter, matter=matter), partial(_put_matter, matter=matter)
            )
            for matter in MATTERS
        },
        "voice": _Setting(notices.VOICE, setup_choices.offer_voice, setup_choices.put_voice),
    }
)

SETTINGS = Command(
    "settings",
    "How I behave in this chat: shows all settings, with buttons to change them",
    "model",
    handler=_settings,
    options=(
        Option("name", "Which setting", choices=tuple(_SETTINGS)),
        Option("value", "What to set it to; without it I show the choices", rest=True),
    ),
    example="/settings reply word Jarvis",
    details="The settings hold for this chat, or for the thread in which they are set. `default` takes one back.",
)
