"""Who answers, and how: the choices behind the settings that have commands of their own.

`offer_...` asks for a value; `put_...` sets one and returns a sentence that goes with it, perhaps "", or the reply that
says why not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.commands import buttons, media, model, persona_names, sampling
from bot.commands.buttons import marked
from bot.commands.spec import Call, Reply
from bot.domain.ids import settings_scope
from bot.replies import notices
from bot.replies.notices import Notice, code

_DEFAULT = "default"

_MOST_MODELS = 20
"""More models than this are no choice for buttons."""


async def offer_persona(call: Call) -> Reply:
    setup = await call.services.setups.of(call.chat, call.person)
    names = [persona.name for persona in await call.services.personas.available(call.chat, call.person)]
    return _question(call, notices.ASK_PERSONA, "persona", ((name, name == setup.persona.name) for name in names))


async def put_persona(call: Call, typed: str) -> str | Reply:
    name = persona_names.normalized(typed)
    persona = await call.services.personas.find(call.chat, call.person, name)
    if persona is None and name != _DEFAULT:
        return await persona_names.unknown(call, name, "/settings persona")
    value = None if persona is None else persona.name
    await call.services.store.preferences.put(settings_scope(call.chat), persona_names.PREFERENCE, value)
    return ""


async def offer_model(call: Call) -> Reply:
    locale = call.person.locale
    setup = await call.services.setups.of(call.chat, call.person)
    names = [each.name for each in await call.services.models.models()]
    few = names if len(names) <= _MOST_MODELS else []
    choices = [(name, name == setup.model) for name in few]
    reply = _question(call, notices.ASK_MODEL, "model", [*choices, (_DEFAULT, False)])
    write = buttons.asking(notices.WRITE_MODEL.say(locale), "/settings model")
    return replace(reply, buttons=(*reply.buttons, *write))


async def put_model(call: Call, typed: str) -> str | Reply:
    name, notes = None, []
    if typed.casefold() != _DEFAULT:
        choice = await model.choose(call, typed, "/settings model")
        if isinstance(choice, Reply):
            return choice
        name = choice.name
        notes += [] if choice.known else [notices.MODEL_UNCHECKED.say(call.person.locale, model=code(name))]
    await call.services.store.preferences.put(settings_scope(call.chat), "model", name)
    notes += sampling.preset_caution(call, await call.services.setups.of(call.chat, call.person))
    return "\n".join(notes)


async def offer_preset(call: Call) -> Reply:
    locale = call.person.locale
    setup = await call.services.setups.of(call.chat, call.person)
    how = notices.SETTINGS_OR.say(locale, usage=code("/settings preset creative"))
    text = "\n".join([notices.ASK_PRESET.say(locale), sampling.preset_list(locale), "", how])
    return Reply(text, sampling.preset_buttons(setup, "/settings preset"))


async def put_preset(call: Call, typed: str) -> str | Reply:
    name = typed.casefold()
    if name not in sampling.CHOICES:
        locale, again = call.person.locale, await offer_preset(call)
        bad = notices.SETTING_BAD.say(locale, setting=notices.PRESET.say(locale), typed=code(typed, 40))
        return replace(again, text=f"{bad}\n{again.text}")
    await sampling.put_preset(call, name)
    setup = await call.services.setups.of(call.chat, call.person)
    return "\n".join(sampling.preset_caution(call, setup))


async def offer_voice(call: Call) -> Reply:
    locale = call.person.locale
    if not call.services.voice.speaks:
        return Reply(notices.NO_SPEECH.say(locale))
    chosen = await call.services.voice.chosen(call.chat, call.person) or "off"
    choices = (
        ("off", notices.VOICE_ANSWER_OFF, notices.VOICE_ANSWER_OFF_MEANS),
        ("on", notices.VOICE_ANSWER_ON, notices.VOICE_ANSWER_ON_MEANS),
    )
    lines = [f"- {code(value)} – **{label.say(locale)}**: {means.say(locale)}" for value, label, means in choices]
    how = notices.SETTINGS_OR.say(locale, usage=code("/settings voice on"))
    offered = buttons.run(
        (marked(label.say(locale), value == chosen), f"/settings voice {value}") for value, label, _ in choices
    )
    write = buttons.asking(notices.WRITE_VOICE.say(locale), "/settings voice")
    return Reply("\n".join([notices.ASK_VOICE.say(locale), *lines, "", how]), (*offered, *write))


async def put_voice(call: Call, typed: str) -> str | Reply:
    if not call.services.voice.speaks:
        return Reply(notices.NO_SPEECH.say(call.person.locale))
    if typed.casefold() == _DEFAULT:
        await call.services.store.preferences.put(settings_scope(call.chat), "voice", None)
    else:
        await media.put_voice(call, typed)
    return ""


def _question(call: Call, ask: Notice, name: str, choices: Iterable[tuple[str, bool]]) -> Reply:
    """A question whose answers are names; those in use are marked."""
    locale = call.person.locale
    usage = notices.SETTINGS_OR.say(locale, usage=code(f"/settings {name} name"))
    offered = buttons.run((marked(value, used), f"/settings {name} {value}") for value, used in choices)
    return Reply(f"{ask.say(locale)} {usage}", offered)
