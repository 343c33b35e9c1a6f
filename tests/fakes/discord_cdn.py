"""Discord's store of files and the signed, expiring links to them ("Signed Attachment CDN URLs", its documentation)."""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, Literal

from aiohttp import web

Json = dict[str, Any]

FOLDERS = ("attachments", "ephemeral-attachments")

_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".wav": "audio/x-wav",
    ".flac": "audio/x-flac",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
    ".json": "application/json; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".py": "text/x-python; charset=utf-8",
}
_DROPPED = re.compile(r"[^\w.-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sends. `waveform` are levels from 0 to 255; with a `duration` it makes a voice message."""

    data: bytes = field(repr=False)
    filename: str
    content_type: str | None = None
    duration: float | None = None
    waveform: bytes | None = None
    description: str | None = None


@dataclass(eq=False, slots=True)
class StoredFile:
    """A file in Discord's store; `object` describes it with a link that is fresh each time."""

    id: str
    path: str
    upload: Upload
    cdn: Cdn = field(repr=False)

    @property
    def content_type(self) -> str | None:
        """By the name, unless the sender's client told it; Discord sends none for what it does not know."""
        return self.upload.content_type or _TYPES.get(PurePosixPath(self.upload.filename).suffix.lower())

    @property
    def kind(self) -> Literal["image", "audio", "document"]:
        match (self.content_type or "").partition("/")[0]:
            case "image":
                return "image"
            case "audio":
                return "audio"
            case _:
                return "document"

    def object(self) -> Json:
        upload, name = self.upload, stored_name(self.upload.filename)
        link = self.cdn.link(self.path)
        data: Json = {"id": self.id, "filename": name, "size": len(upload.data), "url": link, "proxy_url": link}
        if name != upload.filename:
            data["title"] = PurePosixPath(upload.filename).stem
        if upload.waveform is not None:
            data["waveform"] = base64.b64encode(upload.waveform).decode()
        told = {
            "content_type": self.content_type,
            "description": upload.description,
            "duration_secs": upload.duration,
            "ephemeral": self.path.startswith("/ephemeral") or None,
        }
        return data | {name: value for name, value in told.items() if value is not None}


@dataclass(slots=True)
class Cdn:
    """Serves files to whoever has a link. `life` is how many seconds new links are good for; below 0 they come dead.

    `tells_length` False leaves out Content-Length, and `redirect_to` sends every reader to another address.
    `stickers` are pictures by name (`7.png`), whose addresses are neither signed nor expire.
    """

    base: Callable[[], str]
    new_id: Callable[[], str]
    life: float = 86_400.0
    tells_length: bool = True
    redirect_to: str | None = None
    files: dict[str, StoredFile] = field(default_factory=dict)
    stickers: dict[str, bytes] = field(default_factory=dict)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def store(self, upload: Upload, channel_id: str, *, ephemeral: bool = False) -> StoredFile:
        number = self.new_id()
        path = f"/{FOLDERS[ephemeral]}/{channel_id}/{number}/{stored_name(upload.filename)}"
        stored = self.files[path] = StoredFile(number, path, upload, self)
        return stored

    def link(self, path: str) -> str:
        now = datetime.now(UTC).timestamp()
        issued, expires = f"{int(now):x}", f"{int(now + self.life):x}"
        return f"{self.base()}{path}?ex={expires}&is={issued}&hm={self._signature(path, expires, issued)}&"

    def forget(self, file: StoredFile) -> None:
        """The file is gone, as after its message was deleted."""
        self.files.pop(file.path, None)

    def revoke(self) -> None:
        """Make every link so far useless, whatever it says of itself."""
        self._key = secrets.token_bytes(16)

    async def serve_sticker(self, request: web.Request) -> web.StreamResponse:
        found = self.stickers.get(request.match_info["name"])
        return web.Response(status=404) if found is None else web.Response(body=found, content_type="image/png")

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The file, in pieces, or 404 for a wrong signature, an expired link and a file that is gone."""
        if self.redirect_to is not None:
            return web.Response(status=302, headers={"Location": self.redirect_to})
        stored = self._found(request)
        if stored is None:
            return web.Response(status=404, text="This content is no longer available.")
        response = web.StreamResponse()
        response.content_type = (stored.content_type or "application/octet-stream").partition(";")[0]
        if self.tells_length:
            response.content_length = len(stored.upload.data)
        await response.prepare(request)
        for start in range(0, len(stored.upload.data), 65_536):
            await response.write(stored.upload.data[start : start + 65_536])
            await asyncio.sleep(0)
        return response

    def _found(self, request: web.Request) -> StoredFile | None:
        query = request.query
        expires, issued = query.get("ex", ""), query.get("is", "")
        if not hmac.compare_digest(self._signature(request.path, expires, issued), query.get("hm", "")):
            return None
        alive = int(expires, 16) > datetime.now(UTC).timestamp()
        return self.files.get(request.path) if alive else None

    def _signature(self, path: str, expires: str, issued: str) -> str:
        return hmac.new(self._key, f"{path} {expires} {issued}".encode(), sha256).hexdigest()


def stored_name(filename: str) -> str:
    """The name under which Discord keeps a file: spaces become underscores, all but ASCII letters and digits goes."""
    return _DROPPED.sub("", filename.replace(" ", "_")) or "unknown"
