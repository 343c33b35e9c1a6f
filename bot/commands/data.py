"""What is stored: export a conversation, forget a person or a chat."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot import clock
from bot.commands import buttons
from bot.commands.spec import Call, Command, Option, Reply
from bot.conversation.exporting import Export, Form, Heading
from bot.domain.conversations import Turn
from bot.domain.ids import ChatRef, place_scopes, scope_ladder
from bot.domain.platform import OutgoingFile
from bot.errors import UsageError
from bot.replies import notices
from bot.replies.notices import code, size

_FILES: dict[Form, tuple[str, str]] = {
    "markdown": ("conversation.md", "text/markdown"),
    "json": ("conversation.json", "application/json"),
    "jsonl": ("conversation.jsonl", "application/jsonl"),
}

_TURNS_AT_ONCE = 500
"""How many turns are written by one call of a thread; some milliseconds."""

_CONFIRMED = "confirm"


async def _export(call: Call) -> Reply:
    locale, limit = call.person.locale, call.channel.limits.upload
    form: Form = next((form for form in _FILES if form == call.text("format")), "markdown")
    export = Export(form, await _heading(call), limit)
    seen = await _fill(call, export)
    if not export.kept:
        raise UsageError(_nothing(export, locale, seen=seen))
    name, mime = _FILES[form]
    said = notices.EXPORTED.say(locale)
    if export.left_out:
        said = f"{said} {notices.EXPORT_CUT.say(locale, limit=size(limit), count=export.left_out)}"
    data = await asyncio.to_thread(export.file)
    return Reply(said, private=True, files=(OutgoingFile("document", name, mime, data),))


async def _heading(call: Call) -> Heading:
    now = clock.utc_now()
    persona, _ = await call.services.talk.setup(call.chat, call.person)
    title = notices.EXPORT_TITLE.say(call.person.locale, date=now.date().isoformat())
    return Heading(title, call.chat.key, now, persona.prompt, group=call.chat.kind == "group")


async def _fill(call: Call, export: Export) -> bool:
    """Put the conversation into the file, some turns at a time and off the loop; tells whether there were any."""
    conversations, key = call.services.store.conversations, call.chat.key
    if not await conversations.known(key):
        return False
    some: list[Turn] = []
    seen = False
    async for turn in conversations.branch(await conversations.current(key)):
        seen = True
        some.append(turn)
        if len(some) == _TURNS_AT_ONCE:
            await asyncio.to_thread(export.add, some)
            some = []
    await asyncio.to_thread(export.add, some)
    return seen


def _nothing(export: Export, locale: str | None, *, seen: bool) -> str:
    if export.left_out:
        return notices.EXPORT_TOO_LARGE.say(locale, limit=size(export.most))
    if seen:
        return notices.EXPORT_UNANSWERED.say(locale, markdown=code("/export markdown"))
    return notices.EXPORT_EMPTY.say(locale)


async def _forget(call: Call) -> Reply:
    what = call.text("what") or "me"
    private = call.chat.kind == "private"
    if what == "chat" and not private and not call.services.access.is_admin(call.person):
        raise UsageError(notices.ADMINS_ONLY.say(call.person.locale, command=code("/forget chat")))
    confirmed = call.text("confirm")
    if confirmed is None:
        return _ask(call, what)
    # In a group others see the button, and it works for whoever presses it: it names the person whom it is for.
    if confirmed.casefold() not in (_CONFIRMED, call.person.user_id.casefold()):
        raise UsageError(notices.FORGET_NOT_YOURS.say(call.person.locale, command=code("/forget")))
    if what == "chat":
        said = notices.FORGOTTEN_CHAT.say(call.person.locale, count=await _forget_chat(call))
    else:
        gone = await call.services.forgetting.person(call.person.handle, scope_ladder(call.chat, call.person)[:1])
        gone += await _forget_chat(call) if private else 0
        said = notices.FORGOTTEN_ME.say(call.person.locale, count=gone)
    return Reply(said, private=True, in_place=True)


def _ask(call: Call, what: str) -> Reply:
    locale = call.person.locale
    if what == "chat":
        sentences = [notices.FORGET_CHAT]
    elif call.chat.kind == "private":
        sentences = [notices.FORGET_ME, notices.FORGET_ME_IN_PRIVATE]
    else:
        sentences = [notices.FORGET_ME, notices.FORGET_ME_IN_GROUP]
    sentences.append(notices.FORGET_SURE)
    said = " ".join(notice.say(locale, command=code(f"/forget {what} {_CONFIRMED}")) for notice in sentences)
    # In a private chat nobody else can press it.
    line = f"/forget {what} {_CONFIRMED if call.chat.kind == 'private' else call.person.user_id}"
    return Reply(said, buttons.run([(notices.FORGET_DELETE.say(locale), line)]), private=True)


async def _forget_chat(call: Call) -> int:
    place = _place(call.chat)
    return await call.services.forgetting.chat(place.place, place_scopes(place))


def _place(chat: ChatRef) -> ChatRef:
    """Where the conversation is held: threads that share their chat's are that chat."""
    return replace(chat, thread_id=None) if chat.joined else chat


EXPORT = Command(
    "export",
    "This conversation as a file",
    "data",
    handler=_export,
    options=(Option("format", "What kind of file; jsonl is for fine-tuning a model", choices=tuple(_FILES)),),
    example="/export json",
)

FORGET = Command(
    "forget",
    "Delete what is stored about you, or (admins) about this chat",
    "data",
    handler=_forget,
    options=(
        Option("what", "Yourself, or this chat with its threads", choices=("me", "chat")),
        Option("confirm", "The word confirm deletes at once, without asking"),
    ),
    example="/forget me",
    details="It says first what it is going to delete, and asks.",
)
