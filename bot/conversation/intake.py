"""From the files of a message to what a model is told: pictures, the words of recordings, the text of documents."""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from bot.conversation.accounts import Accounts
from bot.conversation.material import Material
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef, Person
from bot.domain.media import Picture, TranscriptionRequest
from bot.errors import FileError, FileTooLarge, FileUnsupported, FormatRefused, ModelError
from bot.media.documents import Document
from bot.media.download import Downloader
from bot.media.workshop import Workshop
from bot.ports import Channel, Observer, Transcriber
from bot.replies import failures, notices
from bot.telemetry.silence import Silence

log = logging.getLogger(__name__)

MOST_BYTES = 20 * 1024 * 1024
"""Telegram lets bots download no more (Bot API, getFile); Discord would."""

MOST_PICTURES = 10
"""An album on either platform."""

MOST_PIXELS = 10 * 2048 * 2048
"""In one turn, as they are sent: an album of squares of the usual size."""

MOST_LINKS = 4
AT_ONCE = 6
"""Files that are fetched and read at a time, over all chats."""

CHARACTERS_PER_TOKEN = 4

_LINK = re.compile(r"https://[^\s<>\"'`()\[\]]{1,2000}")
_PICTURE = re.compile(r"\.(png|jpe?g|webp|gif)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hearing:
    """How recordings are transcribed; without a model they are not."""

    model: str | None = None
    language: str | None = None
    prompt: str | None = None


PictureSide = Callable[[ChatRef, Person], Awaitable[int]]
"""The longest side, in pixels, at which the model that answers here looks at pictures."""


@dataclass(frozen=True, slots=True)
class _Manner:
    """How the files of one message are read: pictures up to `side` pixels, documents up to so many `characters`.

    `speaks`: a voice note is what the person says; `alone`: so is any recording, since there are no other words.
    """

    channel: Channel
    person: Person
    side: int
    characters: int
    alone: bool
    speaks: bool = True

    @property
    def locale(self) -> str | None:
        return self.person.locale


class Intake:
    """Fetches and reads files, some at a time. What is wrong with one of them becomes a sentence, never an error."""

    def __init__(
        self,
        workshop: Workshop,
        downloader: Downloader,
        transcriber: Transcriber,
        hearing: Hearing,
        accounts: Accounts,
        *,
        side: PictureSide,
        document_tokens: int,
        observer: Observer | None = None,
    ) -> None:
        self._workshop = workshop
        self._downloader = downloader
        self._transcriber = transcriber
        self._hearing = hearing
        self._accounts = accounts
        self._side = side
        self._characters = document_tokens * CHARACTERS_PER_TOKEN
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._observer = observer or Silence()

    async def open(
        self,
        text: str,
        attachments: Sequence[Attachment],
        channel: Channel,
        person: Person,
        quoted: Sequence[Attachment] = (),
    ) -> Material:
        """What the files, those of a quoted message, and the links to pictures in the text hold."""
        links = picture_links(text)[:MOST_LINKS]
        files = (*attachments, *quoted)
        if not files and not links:
            return Material()
        own = self._manner(channel, person, await self._side(channel.chat, person), files, text)
        theirs = replace(own, speaks=False, alone=False)
        found = await asyncio.gather(
            *(self._file(each, own) for each in attachments),
            *(self._file(each, theirs) for each in quoted),
            *(self._link(link, own.side) for link in links),
        )
        return _together(found, person.locale)

    def _manner(self, channel: Channel, person: Person, side: int, files: Sequence[Attachment], text: str) -> _Manner:
        """How these files are read: what there is room for is shared among them."""
        pictures = min(MOST_PICTURES, sum(file.kind == "image" for file in files))
        documents = sum(file.kind == "document" for file in files)
        return _Manner(
            channel,
            person,
            side=min(side, math.isqrt(MOST_PIXELS // max(1, pictures))),
            characters=self._characters // max(1, documents),
            alone=not text.strip(),
        )

    async def transcribe(self, attachment: Attachment, channel: Channel, person: Person) -> str:
        """The words of a recording or a video, for this person; raises FileError and ModelError."""
        model = self._hearing.model
        if model is None:
            raise FileUnsupported("no model for transcription is configured")
        async with self._slots:
            data = await channel.fetch(attachment, MOST_BYTES)
            sound = await self._workshop.sound(data, attachment.duration)
        account = self._accounts.of(channel.chat, person)
        hearing = self._hearing
        return await self._words(TranscriptionRequest(model, sound, hearing.language, hearing.prompt, account))

    @property
    def hears(self) -> bool:
        return self._hearing.model is not None

    async def picture(self, attachment: Attachment, channel: Channel, side: int) -> Picture:
        """A picture that somebody sent; raises FileError."""
        async with self._slots:
            return await self._workshop.picture(await channel.fetch(attachment, MOST_BYTES), side)

    async def _file(self, attachment: Attachment, manner: _Manner) -> Material:
        name, locale, chat = file_name(attachment, manner.locale), manner.locale, manner.channel.chat.key
        try:
            return await self._read(attachment, manner)
        except FileError as error:
            self._observer.failed(error)
            log.info("%s in %s cannot be used: %r", attachment.kind, chat, error)
            return Material(problems=(failures.for_file_error(error, name, locale),))
        except ModelError as error:
            log.info("%s in %s was not transcribed: %r", attachment.kind, chat, error)
            return Material(problems=(failures.for_recording_error(error, locale),))
        except Exception as error:
            # One file must not cost the question that came with it.
            self._observer.failed(error)
            log.exception("%s in %s could not be read", attachment.kind, chat)
            return Material(problems=(_capital(notices.FILE_FAILED.say(locale, name=name)),))

    async def _read(self, attachment: Attachment, manner: _Manner) -> Material:
        if attachment.size is not None and attachment.size > MOST_BYTES:
            raise FileTooLarge(MOST_BYTES)
        match attachment.kind:
            case "image":
                return Material(pictures=(await self.picture(attachment, manner.channel, manner.side),))
            case "document":
                return await self._document(attachment, manner)
            case "video":
                said = notices.VIDEO_UNSUPPORTED.say(manner.locale, name=file_name(attachment, manner.locale))
                return Material(problems=(_capital(said),))
            case "voice" | "audio":
                return await self._recording(attachment, manner)

    async def _document(self, attachment: Attachment, manner: _Manner) -> Material:
        """The text, or for a picture that was sent as a file, what it shows."""
        async with self._slots:
            data = await manner.channel.fetch(attachment, MOST_BYTES)
            try:
                read = await self._workshop.document(data, attachment.name, attachment.mime, manner.characters)
            except FileUnsupported:
                return Material(pictures=(await self._workshop.picture(data, manner.side),))
        name = _one_line(attachment.name or "unnamed")
        pages = f", {read.pages} pages" if read.pages else ""
        return Material(documents=(f'<file name="{name}"{pages}>\n{read.text}{_left_out(read)}\n</file>',))

    async def _recording(self, attachment: Attachment, manner: _Manner) -> Material:
        if not self.hears:
            return Material(problems=(notices.NO_TRANSCRIPTION.say(manner.locale),))
        words = (await self.transcribe(attachment, manner.channel, manner.person)).strip()
        if not words:
            said = notices.NOTHING_HEARD.say(manner.locale, name=file_name(attachment, manner.locale))
            return Material(problems=(said,))
        if (attachment.kind == "voice" and manner.speaks) or manner.alone:
            return Material(spoken=(words,))
        name = _one_line(attachment.name or attachment.kind)
        return Material(documents=(f'<recording name="{name}">\n{words}\n</recording>',))

    async def _words(self, request: TranscriptionRequest) -> str:
        """Transcribed, once more in another format where the provider cannot read this one."""
        try:
            return await self._transcriber.transcribe(request)
        except FormatRefused:
            return await self._transcriber.transcribe(replace(request, sound=await self._workshop.mp3(request.sound)))

    async def _link(self, url: str, side: int) -> Material:
        """The picture behind a link; without one the link stays what it is, words."""
        try:
            async with self._slots:
                data = await self._downloader.fetch(url, MOST_BYTES)
                return Material(pictures=(await self._workshop.picture(data, side),))
        except FileError as error:
            self._observer.failed(error)
            log.info("a link to a picture was not followed: %r", error)
        except Exception:
            # As little as a file's, may its failure cost the question.
            log.exception("a link to a picture could not be followed")
        return Material()


def picture_links(text: str) -> list[str]:
    """The https links in a text that name a picture, once each."""
    links = (link.rstrip(".,;:!?") for link in _LINK.findall(text))
    return list(dict.fromkeys(link for link in links if _PICTURE.search(link.partition("?")[0])))


def file_name(attachment: Attachment, locale: str | None) -> str:
    """How a file is called in a sentence."""
    if attachment.name:
        return notices.code(attachment.name, 60)
    names = {
        "image": notices.PICTURE,
        "voice": notices.VOICE_NOTE,
        "audio": notices.RECORDING,
        "video": notices.VIDEO,
        "document": notices.FILE,
    }
    return names[attachment.kind].say(locale)


def _together(found: Sequence[Material], locale: str | None) -> Material:
    pictures = [picture for each in found for picture in each.pictures]
    kept, pixels = [], 0
    for picture in pictures[:MOST_PICTURES]:
        pixels += picture.width * picture.height
        if pixels > MOST_PIXELS:
            break
        kept.append(picture)
    problems = [problem for each in found for problem in each.problems]
    if len(kept) < len(pictures):
        problems.append(notices.TOO_MANY_PICTURES.say(locale, count=len(kept)))
    return Material(
        pictures=tuple(kept),
        spoken=tuple(words for each in found for words in each.spoken),
        documents=tuple(block for each in found for block in each.documents),
        problems=tuple(dict.fromkeys(problems)),
    )


def _left_out(read: Document) -> str:
    """What the model is told of the rest of a file."""
    missing = []
    if read.left_out:
        missing.append(f"{read.left_out:,} more characters are left out")
    if read.pages_left_out:
        missing.append(f"pages at its end that were not read: {read.pages_left_out}")
    return f"\n(the file goes on: {'; '.join(missing)})" if missing else ""


def _one_line(name: str) -> str:
    return " ".join(name.split()).replace('"', "'")[:100]


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]
