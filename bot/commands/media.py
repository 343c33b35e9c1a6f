"""Commands about pictures and speech: imagine, transcribe, speak, voice."""

from __future__ import annotations

from bot.commands import buttons
from bot.commands.spec import Call, Command, Option, Reply
from bot.domain.ids import settings_scope
from bot.replies import notices
from bot.replies.notices import code

MOST_PICTURES = 4
_LONGEST_VOICE = 40
_DESCRIBE = "Describe this image."


async def _imagine(call: Call) -> Reply | None:
    count = call.values.get("count", 1)
    prompt = (call.text("prompt") or "").strip()
    await call.services.studio.imagine(
        call.event, call.channel, prompt, call.text("size"), call.text("quality"), int(count)
    )
    return None


async def _describe(call: Call) -> Reply | None:
    files = call.quote.attachments if call.quote is not None else ()
    if not any(file.kind in ("image", "document") for file in (*files, *call.event.attachments)):
        return Reply(notices.NO_PICTURE_THERE.say(call.person.locale), private=True)
    await call.services.talk.ask(call.event, call.channel, _DESCRIBE)
    return None


async def _transcribe(call: Call) -> Reply | None:
    words = await call.services.voice.transcribe(call.event, call.channel)
    return None if words is None else Reply(words)


async def _speak(call: Call) -> Reply | None:
    text = call.text("text") or (call.quote.text if call.quote is not None else "")
    if not text.strip():
        return Reply(notices.NOTHING_TO_SAY.say(call.person.locale, usage=code("/speak text")), private=True)
    await call.services.voice.speak(call.event, call.channel, text.strip())
    return None


async def _voice(call: Call) -> Reply:
    locale = call.person.locale
    if not call.services.voice.speaks:
        return Reply(notices.NO_SPEECH.say(locale), private=True)
    typed = (call.text("choice") or "").strip()
    if typed:
        return Reply(_state(await put_voice(call, typed), locale))
    chosen = await call.services.voice.chosen(call.chat, call.person)
    how = notices.VOICE_HOW.say(locale, on=code("/voice on"), off=code("/voice off"), name=code("/voice name"))
    return Reply(f"{_state(chosen, locale)}\n{how}", buttons.run((line, f"/voice {line}") for line in ("on", "off")))


async def put_voice(call: Call, typed: str) -> str:
    """Set and return what was chosen: `on`, `off`, or the name of a voice."""
    switch = typed.casefold()
    choice = switch if switch in ("on", "off") else typed[:_LONGEST_VOICE]  # providers tell voices by capitals
    await call.services.store.preferences.put(settings_scope(call.chat), "voice", choice)
    return choice


def _state(chosen: str | None, locale: str | None) -> str:
    if chosen in (None, "off"):
        return notices.VOICE_OFF.say(locale)
    voice = notices.VOICE_USUAL.say(locale) if chosen == "on" else code(chosen or "")
    return notices.VOICE_ON.say(locale, voice=voice)


IMAGINE = Command(
    "imagine",
    "Make pictures from words, or change a picture",
    "media",
    handler=_imagine,
    asks_model=True,
    options=(
        Option("prompt", "What the picture shows, or what should change", required=True, rest=True),
        Option("size", "Width and height, such as 1536x1024"),
        Option("quality", "low, medium, high, or what the model knows"),
        Option("count", "How many pictures", type="integer", minimum=1, maximum=MOST_PICTURES),
        Option("picture", "A picture to change", type="file"),
    ),
    example="/imagine count=2 a lighthouse in a storm, oil on canvas",
    details="As a reply to a picture, or with one attached, it changes that picture.",
)

DESCRIBE = Command("describe", "Describe a picture", "media", handler=_describe, asks_model=True, hidden=True)
"""For menus: elsewhere a reply to the picture asks the same."""

TRANSCRIBE = Command(
    "transcribe",
    "Write down what a recording says",
    "media",
    handler=_transcribe,
    asks_model=True,
    options=(Option("recording", "A voice note, a recording or a video", type="file"),),
    in_order=False,
    details="Use it as a reply to a voice note or a recording, or send one along.",
)

SPEAK = Command(
    "speak",
    "Say a text aloud",
    "media",
    handler=_speak,
    asks_model=True,
    options=(Option("text", "What to say; without it, the message you reply to", rest=True),),
    example="/speak Good morning, everybody!",
)

VOICE = Command(
    "voice",
    "Answer voice notes with a voice: on, off, or the name of a voice",
    "media",
    handler=_voice,
    options=(Option("choice", "on, off, or the name of a voice"),),
    example="/voice on",
    details="The answer always comes as text too.",
)
