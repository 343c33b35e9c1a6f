"""Files that the person at the terminal hands over."""

from __future__ import annotations

import asyncio
import mimetypes
import os
import secrets
import stat
from pathlib import Path

from adapters.console.named import take_files
from bot.domain.attachments import Attachment, AttachmentKind
from bot.errors import FileTooLarge, FileUnavailable

PATIENCE = 30.0
"""Seconds until a file that does not come, such as one of a network that is gone, is given up."""

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
"""Without waiting for a writer, should a FIFO have taken the file's place since it was looked at."""

_RECORDINGS = (".ogg", ".oga", ".opus")
"""How messengers name voice notes that were saved."""

_MIMES = {
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".md": "text/markdown",
    ".mkv": "video/x-matroska",
    ".webp": "image/webp",
    **dict.fromkeys(_RECORDINGS, "audio/ogg"),
}
"""What `mimetypes` knows on some machines only, or in some versions of Python."""

_KINDS: dict[str, AttachmentKind] = {"image": "image", "audio": "audio", "video": "video"}


class Attached:
    """The files that were named in this run. Nobody outside learns their paths; a handle stands for each."""

    def __init__(self) -> None:
        self._paths: dict[str, Path] = {}

    async def take(self, line: str) -> tuple[str, tuple[Attachment, ...]]:
        """A line without the files that it names, and these."""
        return await asyncio.to_thread(self._take, line)

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """At most `limit` bytes; raises FileTooLarge or FileUnavailable."""
        path = self._paths.get(attachment.handle)
        if path is None:
            raise FileUnavailable("the file was named in an earlier run")
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.to_thread(_read, path, limit)
        except TimeoutError as error:
            raise FileUnavailable("the file does not come") from error

    def _take(self, line: str) -> tuple[str, tuple[Attachment, ...]]:
        found = take_files(line, find)
        speaks = not found.text and len(found.paths) == 1
        return found.text, tuple(self._attachment(path, speaks=speaks) for path in found.paths)

    def _attachment(self, path: Path, *, speaks: bool) -> Attachment:
        """`speaks`: nothing else came along, so that a recording is a voice note."""
        handle = secrets.token_hex(8)
        self._paths[handle] = path
        kind, mime = _kind(path.name, speaks=speaks)
        return Attachment(kind, handle, path.name, mime, _size(path))


def find(written: str) -> Path | None:
    """The regular file of this path, which may begin with `~/`. It is looked at and not opened."""
    try:
        path = Path(written)
        path = (path.expanduser() if written.startswith("~/") else path).absolute()
        return path if stat.S_ISREG(path.stat().st_mode) else None
    except (OSError, ValueError, RuntimeError):  # ValueError: no path at all; RuntimeError: nobody's home is known
        return None


def _kind(name: str, *, speaks: bool) -> tuple[AttachmentKind, str | None]:
    """What a file is, judging by the end of its name."""
    suffix = Path(name).suffix.lower()
    guessed, encoding = mimetypes.guess_type(f"x{suffix}")
    mime = _MIMES.get(suffix, None if encoding else guessed)
    if speaks and suffix in _RECORDINGS:
        return "voice", mime
    if mime is None or mime == "image/svg+xml":  # a drawing that is text
        return "document", mime
    return _KINDS.get(mime.partition("/")[0], "document"), mime


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _read(path: Path, limit: int) -> bytes:
    """Only regular files are opened: anything else may wait for ever, never end, or do something when it is opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileUnavailable("this is no file any more")
        with os.fdopen(os.open(path, _FLAGS), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileUnavailable("this is no file any more")
            data = file.read(limit + 1)
    except OSError as error:
        raise FileUnavailable(error.strerror or "it cannot be read") from error
    if len(data) > limit:
        raise FileTooLarge(limit)
    return data
