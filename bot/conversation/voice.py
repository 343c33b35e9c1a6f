"""Speech: texts spoken aloud, voice notes answered with a voice, recordings written down."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from bot.conversation.accounts import Accounts
from bot.conversation.intake import Intake, file_name
from bot.conversation.reading import beginning, speakable
from bot.conversation.running import Running
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef, Person, scope_ladder
from bot.domain.media import Sound, SpeechRequest
from bot.domain.messages import CommandCall
from bot.domain.platform import OutgoingFile
from bot.errors import FileError, ModelError, UsageError
from bot.media.workshop import Workshop
from bot.ports import Channel, Preferences, SpeechModel
from bot.replies import failures, notices
from bot.replies.gate import Gates
from bot.replies.post import Post, Scene, posting
from bot.replies.speaker import Speaker

log = logging.getLogger(__name__)

LONGEST_MESSAGE = 3500
"""Characters of a transcript that are shown as text; longer ones come as a file."""

PREFERENCE = "voice"
OFF, ON = "off", "on"


@dataclass(frozen=True, slots=True)
class Speaking:
    """How texts are spoken: the model, and the voice of chats that chose none."""

    model: str
    voice: str | None = None


class Voice:
    """Implements `bot.commands.services.Voice`. Without `speaking` it says how to switch speech on."""

    def __init__(
        self,
        speech: SpeechModel,
        workshop: Workshop,
        intake: Intake,
        preferences: Preferences,
        gates: Gates,
        speaker: Speaker,
        running: Running,
        accounts: Accounts,
        speaking: Speaking | None,
    ) -> None:
        self._speech = speech
        self._workshop = workshop
        self._intake = intake
        self._preferences = preferences
        self._gates = gates
        self._speaker = speaker
        self._running = running
        self._accounts = accounts
        self._speaking = speaking

    @property
    def speaks(self) -> bool:
        return self._speaking is not None

    async def chosen(self, chat: ChatRef, person: Person) -> str | None:
        """The chat's choice: off, on, or a voice's name; None where nobody chose."""
        scopes = scope_ladder(chat, person)
        chosen = await self._preferences.get(scopes)
        return next((chosen[scope][PREFERENCE] for scope in scopes if PREFERENCE in chosen.get(scope, {})), None)

    async def speak(self, event: CommandCall, channel: Channel, text: str) -> None:
        """Speak a text, and show it. Raises UsageError."""
        if self._speaking is None:
            raise UsageError(notices.NO_SPEECH.say(event.author.locale))
        chosen = await self.chosen(event.chat, event.author)
        await self._say(text, chosen, event.chat, event.author, channel, shown=text, reply_to=_target(event))

    async def answer(self, text: str, chat: ChatRef, person: Person, channel: Channel) -> None:
        """Speak an answer to somebody who spoke, where the chat wants it; the text is on screen already."""
        chosen = await self.chosen(chat, person)
        if self._speaking is None or chosen in (None, OFF) or not text.strip():
            return
        try:
            await self._say(text, chosen, chat, person, channel, shown="")
        except UsageError as error:
            await self._speaker.say(channel, error.sentence)

    async def transcribe(self, event: CommandCall, channel: Channel) -> str | None:
        """The words of the recording that came with a command or that it replies to; None after they were shown as a
        file. Raises UsageError."""
        locale = event.author.locale
        recording = _recording(event)
        if recording is None:
            raise UsageError(notices.NOTHING_TO_TRANSCRIBE.say(locale))
        if not self._intake.hears:
            raise UsageError(notices.NO_TRANSCRIPTION.say(locale))
        interrupted = notices.COMMAND_INTERRUPTED.say(locale)
        async with posting(channel, self._gates, reply_to=_target(event), interrupted=interrupted) as post:
            words = await self._heard(recording, event.author, channel)
            if len(words) <= LONGEST_MESSAGE:
                return words
            file = OutgoingFile("document", "transcript.txt", "text/plain", words.encode())
            post.finish(Scene(notices.TRANSCRIPT_FILE.say(locale), (file,)))
        return words if post.refused else None

    async def _heard(self, recording: Attachment, person: Person, channel: Channel) -> str:
        locale = person.locale
        name = file_name(recording, locale)
        try:
            words = (await self._intake.transcribe(recording, channel, person)).strip()
        except FileError as error:
            raise UsageError(failures.for_file_error(error, name, locale)) from error
        except ModelError as error:
            raise UsageError(failures.for_recording_error(error, locale)) from error
        if not words:
            raise UsageError(notices.NOTHING_HEARD.say(locale, name=name))
        return words

    async def _say(
        self,
        text: str,
        chosen: str | None,
        chat: ChatRef,
        person: Person,
        channel: Channel,
        *,
        shown: str,
        reply_to: str | None = None,
    ) -> None:
        if self._speaking is None:
            return
        words = speakable(text)
        voice = self._speaking.voice if chosen in (None, OFF, ON) else chosen
        request = SpeechRequest(self._speaking.model, beginning(words), voice, self._accounts.of(chat, person))
        interrupted = notices.COMMAND_INTERRUPTED.say(person.locale) if shown else ""
        async with posting(channel, self._gates, reply_to=reply_to, interrupted=interrupted) as post:
            making = asyncio.create_task(self._make(request, post, shown, person.locale))
            ending = await self._running.see_to_end(chat, making)
            match ending.kind, ending.error:
                case "stopped", _:
                    post.finish(Scene(notices.STOPPED.say(person.locale)) if shown else Scene())
                    return
                case "interrupted", _:
                    raise asyncio.CancelledError
                case "failed", Exception() as error:
                    raise error
        if post.refused:
            raise UsageError(notices.SPEECH_NOT_SHOWN.say(person.locale))
        if len(request.text) < len(words):
            await self._speaker.say(channel, notices.SPEECH_CUT.say(person.locale))

    async def _make(self, request: SpeechRequest, post: Post, shown: str, locale: str | None) -> None:
        post.finish(Scene(shown, (await self._spoken(request, locale),)))

    async def _spoken(self, request: SpeechRequest, locale: str | None) -> OutgoingFile:
        try:
            return await self._voice_file(await self._speech.speak(request))
        except ModelError as error:
            log.info("nothing was spoken: %r", error)
            raise UsageError(failures.for_speech_error(error, locale)) from error
        except FileError as error:
            log.warning("what %s spoke is no recording: %r", request.model, error)
            raise UsageError(notices.SPEECH_REFUSED.say(locale, model=notices.code(request.model))) from error

    async def _voice_file(self, sound: Sound) -> OutgoingFile:
        """Ogg/Opus with its length and its waveform, as both platforms want a voice note."""
        if sound.mime != "audio/ogg":
            sound = await self._workshop.opus(sound)
        duration, levels = await self._workshop.waveform(sound)
        return OutgoingFile("voice", "voice.ogg", "audio/ogg", sound.data, duration, levels)


def _target(event: CommandCall) -> str | None:
    """The message that is answered: in a group the bot's words name it."""
    return event.message_id if event.chat.kind == "group" else None


def _recording(event: CommandCall) -> Attachment | None:
    quoted = event.quote.attachments if event.quote is not None else ()
    files = (*event.attachments, *quoted)
    return next((file for file in files if file.kind in ("voice", "audio", "video", "document")), None)
