"""Files that the bot shows: attachments of a message, and voice messages.

A voice message is one recording with its length and its waveform, and nothing else; it cannot be changed afterwards
(developer documentation, "Message Flags"). discord.py does not know how to send one, so its request is built here.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import discord
from discord.http import handle_message_parameters

from bot.domain.platform import Outgoing, OutgoingFile
from bot.errors import FileRefused

_FLAT = bytes([48]) * 32
"""A waveform for a recording that comes without one; Discord takes no voice message that has none."""

_LEVELS = 256
"""Points of a waveform at most (developer documentation, "Attachment Structure")."""


class _VoiceFile(discord.File):
    """What discord.py sends of a file, with the two facts that make it a voice message."""

    def __init__(self, file: OutgoingFile, duration: float) -> None:
        super().__init__(io.BytesIO(file.data), filename="voice-message.ogg")
        self._facts = {
            "duration_secs": duration,
            "waveform": base64.b64encode((file.waveform or _FLAT)[:_LEVELS]).decode(),
        }

    def to_dict(self, index: int) -> dict[str, Any]:
        return super().to_dict(index) | self._facts


def files(message: Outgoing) -> list[discord.File]:
    """As discord.py wants them; made anew for each attempt, because a call reads them."""
    return [discord.File(io.BytesIO(file.data), filename=file.name) for file in message.files]


def voice(message: Outgoing) -> OutgoingFile | None:
    """The recording, when the message is to be a voice message."""
    spoken: Sequence[OutgoingFile] = [file for file in message.files if file.kind == "voice"]
    return spoken[0] if spoken else None


def refuse_voice(message: Outgoing) -> None:
    """For edits and webhooks, which cannot make a voice message."""
    if voice(message) is not None:
        raise FileRefused("no voice message can be shown this way")


async def send_voice(
    client: discord.Client, channel_id: int, message: Outgoing, reference: discord.MessageReference | None
) -> str:
    """Send the recording of a message; returns the id of what was sent."""
    file = voice(message)
    if file is None or len(message.files) > 1 or message.source:
        raise FileRefused("a voice message is one recording without words")
    if not file.duration:
        raise FileRefused("a voice message needs to tell its length")
    parameters = handle_message_parameters(
        file=_VoiceFile(file, file.duration),
        flags=discord.MessageFlags(voice=True),
        nonce=message.nonce,
        allowed_mentions=discord.AllowedMentions.none(),
        message_reference=discord.utils.MISSING if reference is None else reference.to_message_reference_dict(),
    )
    with parameters:
        sent = await client.http.send_message(channel_id, params=parameters)
    return str(sent["id"])
