"""Personas that people write: made, changed and deleted by their author or an admin."""

from __future__ import annotations

from dataclasses import replace

from bot.commands import buttons, persona_names
from bot.commands.persona_names import PREFERENCE, is_name, normalized
from bot.commands.spec import Call, Command, Option, Reply
from bot.domain.ids import scope_ladder, settings_scope
from bot.domain.personas import Persona
from bot.replies import notices
from bot.replies.notices import code

MOST_PERSONAS = 50
LONGEST_PROMPT = 4000
LONGEST_DESCRIPTION = 100


async def _create(call: Call) -> Reply:
    locale, name = call.person.locale, normalized(call.text("name") or "")
    if not is_name(name):
        return Reply(notices.PERSONA_BAD_NAME.say(locale, name=code(name)))
    if await call.services.personas.find(call.chat, call.person, name) is not None:
        return await _refuse_name(call, name)
    if call.text("prompt") is None:
        if call.text("description") is not None:  # a button has no room for it
            usage = code(f'/persona create {name} description="..." prompt')
            return Reply(notices.MISSING_OPTION.say(locale, option=code("prompt"), usage=usage))
        return _ask_prompt(call, "create", name)
    fault = _fault(call)
    if fault is not None:
        return fault
    scope = settings_scope(call.chat)
    if len(await call.services.store.personas.list([scope])) >= MOST_PERSONAS:
        delete = code("/persona delete name")
        return Reply(notices.PERSONA_TOO_MANY.say(locale, maximum=MOST_PERSONAS, delete=delete))
    prompt, description = (call.text("prompt") or "").strip(), (call.text("description") or "").strip()
    await call.services.store.personas.save(scope, Persona(name, prompt, description, author=call.person.handle))
    return Reply(notices.PERSONA_CREATED.say(locale, name=f"**{name}**", use=code(f"/persona use {name}")))


async def _refuse_name(call: Call, name: str) -> Reply:
    locale = call.person.locale
    if await _written(call, name) is None:
        return Reply(notices.PERSONA_TAKEN.say(locale, name=code(name)))
    return Reply(notices.PERSONA_EXISTS.say(locale, name=code(name), edit=code(f"/persona edit {name}")))


async def _edit(call: Call) -> Reply:
    locale, name = call.person.locale, normalized(call.text("name") or "")
    found = await _mine(call, name, "/persona edit")
    if isinstance(found, Reply):
        return found
    prompt, description = call.text("prompt"), call.text("description")
    if prompt is None and description is None:
        return _ask_prompt(call, "edit", name)
    fault = _fault(call)
    if fault is not None:
        return fault
    scope, persona = found
    changed = replace(
        persona,
        prompt=persona.prompt if prompt is None else prompt.strip(),
        description=persona.description if description is None else description.strip(),
    )
    await call.services.store.personas.save(scope, changed)
    return Reply(notices.PERSONA_EDITED.say(locale, name=f"**{name}**"))


async def _delete(call: Call) -> Reply:
    locale, name = call.person.locale, normalized(call.text("name") or "")
    found = await _mine(call, name, "/persona delete")
    if isinstance(found, Reply):
        return found
    await call.services.store.personas.delete(found[0], name)
    said = notices.PERSONA_DELETED.say(locale, name=f"**{name}**")
    if not await _put_away(call, name):
        return Reply(said)
    persona, _ = await call.services.talk.setup(call.chat, call.person)
    return Reply(f"{said} {notices.PERSONA_RESET.say(locale, name=f'**{persona.name}**')}")


def _ask_prompt(call: Call, child: str, name: str) -> Reply:
    """Ask for the prompt in a form, which has room for a long one."""
    locale, line = call.person.locale, f"/persona {child} {name}"
    said = notices.PERSONA_ASK_PROMPT.say(locale, name=f"**{name}**", usage=code(f"{line} prompt"))
    return Reply(said, buttons.asking(notices.WRITE_PROMPT.say(locale), line))


async def _put_away(call: Call, name: str) -> bool:
    """Stop using a deleted persona in this chat; tells whether it was in use, alone or combined."""
    scope = settings_scope(call.chat)
    preferences = call.services.store.preferences
    used = (await preferences.get([scope])).get(scope, {}).get(PREFERENCE, "")
    if name not in used.split("+"):
        return False
    await preferences.put(scope, PREFERENCE, None)
    return True


async def _written(call: Call, name: str) -> tuple[str, Persona] | None:
    """The persona that people wrote under this name, with the scope that it is stored in."""
    for scope in scope_ladder(call.chat, call.person):
        for persona in await call.services.store.personas.list([scope]):
            if persona.name == name:
                return scope, persona
    return None


async def _mine(call: Call, name: str, command: str) -> tuple[str, Persona] | Reply:
    """The persona, if this person may change it; else the reply that says why not."""
    found = await _written(call, name)
    if found is None:
        if await call.services.personas.find(call.chat, call.person, name) is None:
            return await persona_names.unknown(call, name, command)
        return Reply(notices.PERSONA_BUILT_IN.say(call.person.locale, name=code(name)))
    if found[1].author != call.person.handle and not call.services.access.is_admin(call.person):
        return Reply(notices.PERSONA_NOT_YOURS.say(call.person.locale, name=code(name)))
    return found


def _fault(call: Call) -> Reply | None:
    """What is wrong with the prompt or the description that was given."""
    prompt, description = call.text("prompt"), (call.text("description") or "").strip()
    if prompt is not None and not 1 <= len(prompt.strip()) <= LONGEST_PROMPT:
        notice, maximum, length = notices.PERSONA_BAD_PROMPT, LONGEST_PROMPT, len(prompt.strip())
    elif len(description) > LONGEST_DESCRIPTION:
        notice, maximum, length = notices.PERSONA_BAD_DESCRIPTION, LONGEST_DESCRIPTION, len(description)
    else:
        return None
    return Reply(notice.say(call.person.locale, maximum=maximum, length=length))


_OWN = Option("name", "The persona", required=True, complete=persona_names.complete_own)
_DESCRIPTION = Option("description", "One line for the list of personas")

CREATE = Command(
    "create",
    "Write a persona for this chat",
    "persona",
    handler=_create,
    options=(
        Option("name", "One word to call it by", required=True),
        Option("prompt", "Who it is and how it answers; without it I ask", rest=True),
        _DESCRIPTION,
    ),
    example="/persona create pirate You are a pirate. Answer in one salty sentence.",
    details='A description goes before the prompt: `/persona create pirate description="Salty" You are a pirate.`',
)

EDIT = Command(
    "edit",
    "Change a persona that was written here",
    "persona",
    handler=_edit,
    options=(_OWN, Option("prompt", "Who it is and how it answers", rest=True), _DESCRIPTION),
    example="/persona edit pirate You are a polite pirate.",
    details="Its author and the admins can do this.",
)

DELETE = Command(
    "delete",
    "Delete a persona that was written here",
    "persona",
    handler=_delete,
    options=(_OWN,),
    details="Its author and the admins can do this.",
)
