"""Files on the fake Telegram's servers: their ids, their paths, and how a message's JSON tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.fakes.screen import SeenFile
from tests.fakes.telegram_errors import bad_request
from tests.fakes.telegram_sniff import dimensions, first_frame, thumbnails

Json = dict[str, Any]
Kind = Literal["photo", "voice", "audio", "video_note", "video", "document", "sticker", "animation"]

LARGEST_DOWNLOAD = 20 * 1024 * 1024
"""Bytes that `getFile` gives (Bot API, getFile); a local server has no such limit."""

_PLACES: dict[Kind, tuple[str, str, str | None]] = {
    "photo": ("photos", ".jpg", None),
    "voice": ("voice", ".oga", "audio/ogg"),
    "audio": ("music", ".mp3", "audio/mpeg"),
    "video_note": ("video_notes", ".mp4", None),
    "video": ("videos", ".mp4", "video/mp4"),
    "document": ("documents", "", "application/octet-stream"),
    "sticker": ("stickers", ".webp", None),
    "animation": ("animations", ".mp4", "video/mp4"),
}
"""The folder, the ending of a name that has none, and the type that is assumed. The last is not told of some kinds."""

_SEEN: dict[Kind, Literal["image", "voice", "audio", "document"]] = {
    "photo": "image",
    "sticker": "image",
    "voice": "voice",
    "audio": "audio",
}


@dataclass(slots=True, eq=False)
class StoredFile:
    """`size` is what Telegram says of it. `expired`: the link to it leads nowhere."""

    file_id: str
    unique_id: str
    path: str
    data: bytes = field(repr=False)
    size: int
    expired: bool = False

    def as_json(self) -> Json:
        return {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": self.size}


@dataclass(frozen=True, slots=True)
class Media:
    """What a message carries: as its JSON shows it, and as people see it."""

    kind: Kind
    json: Json
    seen: SeenFile


class FileStore:
    """Every file that anybody sent. With `local` it is a server in `--local` mode, which keeps its files there."""

    def __init__(self) -> None:
        self.files: dict[str, StoredFile] = {}
        self.local: Path | None = None

    def keep(self, kind: Kind, data: bytes, name: str | None = None, size: int | None = None) -> StoredFile:
        number = len(self.files) + 1
        folder, ending, _ = _PLACES[kind]
        path = f"{folder}/file_{number}{Path(name).suffix if name and Path(name).suffix else ending}"
        file_id = f"AgACAgIAAxkBAAI{number:04}-{kind}_fake"
        file = StoredFile(file_id, f"AQAD{number:04}", path, data, len(data) if size is None else size)
        self.files[file_id] = file
        return file

    def get_file(self, parameters: Json) -> Json:
        """The Bot API's `getFile`."""
        file = self.files.get(str(parameters.get("file_id") or ""))
        if file is None:
            raise bad_request("invalid file_id" if parameters.get("file_id") else "file_id not specified")
        if self.local is not None:
            return {**file.as_json(), "file_path": str(self._on_disk(file, self.local))}
        if file.size > LARGEST_DOWNLOAD:
            raise bad_request("file is too big")
        return {**file.as_json(), "file_path": file.path}

    def download(self, path: str) -> bytes | None:
        """What lies at a path; None for nothing. A local server serves no files."""
        found = [file for file in self.files.values() if file.path == path and not file.expired]
        return found[0].data if found and self.local is None else None

    def expire(self) -> None:
        """Let the links to all files that were sent so far lead nowhere, as they do after an hour or more."""
        for file in self.files.values():
            file.expired = True

    @staticmethod
    def _on_disk(file: StoredFile, folder: Path) -> Path:
        place = folder / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.data)
        return place

    def media(
        self,
        kind: Kind,
        data: bytes,
        *,
        name: str | None = None,
        mime: str | None = None,
        duration: int | None = None,
        size: int | None = None,
    ) -> Media:
        """Keep a file and tell of it as Telegram does of this kind; `size` claims another than the true one."""
        if kind == "photo":
            return Media("photo", {"photo": self._sizes(data, size)}, SeenFile("image", name or "photo.jpg", data))
        facts = {**self.keep(kind, data, name, size).as_json(), **_facts(kind, data, name, mime, duration)}
        still = first_frame(data) if kind == "animation" else None
        if still is not None:
            facts["thumbnail"] = {**self.keep("photo", still).as_json(), "width": 320, "height": 240}
        fields: Json = {kind: facts}
        if kind == "animation":
            # Older clients know it as a document alone.
            fields["document"] = {key: facts[key] for key in facts if key.startswith(("file_", "mime"))}
        length = None if duration is None else float(duration)
        return Media(kind, fields, SeenFile(_SEEN.get(kind, "document"), name or kind, data, length))

    def _sizes(self, data: bytes, size: int | None) -> list[Json]:
        """A photo's sizes, the largest last."""
        width, height = dimensions(data) or (1280, 960)
        smaller = [{**self.keep("photo", small).as_json(), "width": w, "height": h} for small, w, h in thumbnails(data)]
        return [*smaller, {**self.keep("photo", data, size=size).as_json(), "width": width, "height": height}]


def _facts(kind: Kind, data: bytes, name: str | None, mime: str | None, duration: int | None) -> Json:
    facts: Json = {}
    if kind in ("audio", "document", "animation", "video") and name is not None:
        facts["file_name"] = name
    told = mime or _PLACES[kind][2]
    if kind not in ("video_note", "sticker") and told is not None:
        facts["mime_type"] = told
    if kind in ("voice", "audio", "video", "video_note", "animation"):
        facts["duration"] = 1 if duration is None else duration
    if kind in ("video", "animation"):
        facts |= {"width": 640, "height": 480}
    if kind == "video_note":
        facts["length"] = 240
    if kind == "sticker":
        width, height = dimensions(data) or (512, 512)
        facts |= {"type": "regular", "width": width, "height": height, "is_animated": False, "is_video": False}
    return facts
