"""Who answers: choose, list, show, go back. Writing personas of one's own is in `persona_editing`."""

from __future__ import annotations

from bot.commands import buttons, persona_names
from bot.commands.persona_editing import CREATE, DELETE, EDIT
from bot.commands.persona_names import PREFERENCE, normalized
from bot.commands.spec import Call, Command, Option, Reply
from bot.domain.ids import settings_scope
from bot.domain.personas import Persona
from bot.domain.platform import Button
from bot.replies import notices
from bot.replies.notices import code


async def _use(call: Call) -> Reply:
    typed = call.text("name")
    if typed is None:
        return await _choose(call)
    name = normalized(typed)
    persona = await call.services.personas.find(call.chat, call.person, name)
    if persona is None:
        return await persona_names.unknown(call, name, "/persona use")
    await call.services.store.preferences.put(settings_scope(call.chat), PREFERENCE, persona.name)
    return Reply(notices.PERSONA_USED.say(call.person.locale, name=_bold(persona)))


async def _choose(call: Call) -> Reply:
    personas = await call.services.personas.available(call.chat, call.person)
    said = notices.PERSONA_CHOOSE.say(
        call.person.locale, use=code("/persona use"), both=code("/persona use teacher+engineer")
    )
    return Reply(said, buttons.run((persona.name, f"/persona use {persona.name}") for persona in personas))


async def _list(call: Call) -> Reply:
    locale = call.person.locale
    current, _ = await call.services.talk.setup(call.chat, call.person)
    used = current.name.split("+")
    lines = [notices.PERSONA_LIST.say(locale)]
    for persona in await call.services.personas.available(call.chat, call.person):
        marks = [notices.PERSONA_IN_USE.say(locale)] if persona.name in used else []
        marks += [notices.PERSONA_OWN.say(locale)] if persona.author is not None else []
        note = f" *({', '.join(marks)})*" if marks else ""
        lines.append(f"- {code(persona.name)}{_described(persona)}{note}")
    return Reply("\n".join(lines))


async def _show(call: Call) -> Reply:
    typed = call.text("name")
    if typed is None:
        return await _show_current(call)
    name = normalized(typed)
    persona = await call.services.personas.find(call.chat, call.person, name)
    if persona is None:
        return await persona_names.unknown(call, name, "/persona show")
    prompt = "\n".join(f"> {line}".rstrip() for line in persona.prompt.strip().splitlines())
    return Reply(f"{_bold(persona)}{_described(persona)}\n\n{prompt}", _use_button(persona))


async def _show_current(call: Call) -> Reply:
    locale = call.person.locale
    persona, _ = await call.services.talk.setup(call.chat, call.person)
    current = notices.PERSONA_CURRENT.say(locale, name=_bold(persona))
    how = notices.PERSONA_HOW.say(
        locale,
        use=code("/persona use name"),
        create=code("/persona create name prompt"),
        reset=code("/persona reset"),
    )
    described = f"\n{persona.description}" if persona.description else ""
    choose = buttons.run([(notices.PERSONAS.say(locale), "/persona use")])
    return Reply(f"{current}{described}\n{how}", choose)


async def _reset(call: Call) -> Reply:
    await call.services.store.preferences.put(settings_scope(call.chat), PREFERENCE, None)
    persona, _ = await call.services.talk.setup(call.chat, call.person)
    return Reply(notices.PERSONA_RESET.say(call.person.locale, name=_bold(persona)))


def _bold(persona: Persona) -> str:
    return f"**{persona.name}**"


def _described(persona: Persona) -> str:
    return f" – {' '.join(persona.description.split())}" if persona.description else ""


def _use_button(persona: Persona) -> tuple[Button, ...]:
    line = f"/persona use {persona.name}"
    return buttons.run([(line, line)])


_NAME = Option("name", "The persona; a+b combines two", rest=True, complete=persona_names.complete)

PERSONA = Command(
    "persona",
    "Who answers here: choose a persona, or write one",
    "persona",
    children=(
        Command("use", "Choose who answers here", "persona", handler=_use, options=(_NAME,)),
        Command("list", "All personas that can be used here", "persona", handler=_list),
        Command("show", "Who answers here, or what a persona is told", "persona", handler=_show, options=(_NAME,)),
        CREATE,
        EDIT,
        DELETE,
        Command("reset", "Back to the usual persona", "persona", handler=_reset),
    ),
    default_child="show",
    example="/persona use teacher",
    details="The choice holds for this chat, also after /new. `/persona use teacher+engineer` combines two.",
)
