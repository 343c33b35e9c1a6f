"""What the files of a request become, and what Discord refuses about them.

Sources: Discord's documentation, "Uploading Files", "Editing Message Attachments", "Message Flags" (voice messages) and
the JSON error codes 30015, 40005, 50159 to 50162 and 50173.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from tests.fakes.discord_cdn import StoredFile, Upload
from tests.fakes.discord_errors import invalid_form, refusal
from tests.fakes.discord_limits import Rules
from tests.fakes.discord_routes import Asked
from tests.fakes.discord_state import Channel, MessageFlag, Permission
from tests.fakes.discord_world import World

Json = dict[str, Any]

_BESIDE_VOICE = ("content", "embeds", "components", "sticker_ids", "poll")


def with_files(
    world: World, channel: Channel, body: Json, asked: Asked, kept: Sequence[StoredFile] | None = None
) -> Json:
    """A message's body with its attachments as stored files, in the order of the body's list.

    `kept` are those of the message that an edit changes; None for a new message, whose list names uploads alone.
    """
    _check_sizes(asked, world.rules)
    if not asked.files and "attachments" not in body:
        return body
    if asked.files and channel.lacks(Permission.ATTACH_FILES):
        raise refusal(50013)
    listed = body.get("attachments")
    if listed is None:
        listed = [{"id": file.id} for file in kept or ()] + [{"id": number} for number, _, _ in asked.files]
    if len(listed) > world.rules.files:
        raise refusal(30015)
    old = {file.id: file for file in kept or ()}
    new = {number: (filename, data) for number, filename, data in asked.files}
    return body | {"attachments": [_file(world, channel, n, entry, old, new) for n, entry in enumerate(listed)]}


def check_voice(channel: Channel, body: Json) -> None:
    """A new message with the voice flag: one recording with its duration and its waveform, and nothing else."""
    if not (body.get("flags") or 0) & MessageFlag.VOICE:
        return
    if channel.lacks(Permission.SEND_VOICE_MESSAGES):
        raise refusal(50173)
    if any(body.get(name) for name in _BESIDE_VOICE):
        raise refusal(50159)
    files: list[StoredFile] = body.get("attachments") or []
    if len(files) != 1 or files[0].kind != "audio" or not files[0].upload.data.startswith(b"OggS"):
        raise refusal(50160)
    if not files[0].upload.duration or not files[0].upload.waveform:
        raise refusal(50161)


def without_voice(body: Json) -> Json:
    """Edits and webhooks cannot set the voice flag; Discord ignores it there."""
    return body | {"flags": (body["flags"] or 0) & ~MessageFlag.VOICE} if "flags" in body else body


def _check_sizes(asked: Asked, rules: Rules) -> None:
    sizes = [len(data) for _, _, data in asked.files]
    if sum(sizes) > rules.request or any(size > rules.upload for size in sizes):
        raise refusal(40005)


def _file(
    world: World,
    channel: Channel,
    place: int,
    entry: Json,
    old: dict[str, StoredFile],
    new: dict[str, tuple[str, bytes]],
) -> StoredFile:
    number = str(entry.get("id"))
    if number in old:
        return old[number]
    if number not in new:
        raise invalid_form(f"attachments.{place}.id", "ATTACHMENT_NOT_FOUND", "Attachment data not found")
    filename, data = new[number]
    upload = Upload(
        data,
        entry.get("filename") or filename,
        duration=_duration(entry, place),
        waveform=_waveform(entry, place),
        description=_description(entry, place),
    )
    return world.cdn.store(upload, channel.id)


def _duration(entry: Json, place: int) -> float | None:
    duration = entry.get("duration_secs")
    if duration is not None and not (isinstance(duration, int | float) and 0 < duration <= 1200):
        raise invalid_form(f"attachments.{place}.duration_secs", "NUMBER_TYPE_COERCE", "Value must be a duration.")
    return duration


def _waveform(entry: Json, place: int) -> bytes | None:
    if (text := entry.get("waveform")) is None:
        return None
    try:
        levels = base64.b64decode(text, validate=True)
    except (ValueError, TypeError, binascii.Error):
        raise invalid_form(f"attachments.{place}.waveform", "BASE_TYPE_BAD_BASE64", "Value is no Base64.") from None
    if len(levels) > 256:
        raise invalid_form(f"attachments.{place}.waveform", "BASE_TYPE_MAX_LENGTH", "Must be 256 or fewer in length.")
    return levels


def _description(entry: Json, place: int) -> str | None:
    text: str | None = entry.get("description")
    if len(text or "") > 1024:
        raise invalid_form(
            f"attachments.{place}.description", "BASE_TYPE_MAX_LENGTH", "Must be 1024 or fewer in length."
        )
    return text
