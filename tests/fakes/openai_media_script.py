"""Scripted answers for the media calls of the fake provider: pictures, transcripts, speech, verdicts, and what goes
wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.fakes.openai_script import Script

MediaCall = Literal["images/generations", "images/edits", "audio/transcriptions", "audio/speech", "moderations"]


@dataclass(slots=True)
class MediaScript(Script):
    """One answer to a media call: to any, or to those of `call` for whose fields `when` returns true.

    What is None is left to the fake. `pictures` are the finished ones and `sketches` the unfinished ones of a stream;
    `as_url` makes the answer carry addresses, or keeps it from doing so; `ignores_stream` answers a stream request with
    plain JSON. `words` is a transcript, sent as `plain` text where that is set. `sound` is a piece of speech. `flags`
    are the categories under which each text is flagged; `unsaid` leaves out whether it is, as Mistral does.

    Of the fields of `Script`, streams of pictures take `first_delay`, `pace`, `insert` and what counts pieces (events);
    other answers stop after their headers and one half of the bytes when `stall_after` or `cut_after` is set. Errors,
    `body`, `headers` and `header_delay` work as they do for chat.
    """

    call: MediaCall | None = None
    pictures: Sequence[bytes] | None = None
    sketches: Sequence[bytes] | None = None
    as_url: bool | None = None
    ignores_stream: bool = False
    words: str | None = None
    plain: bool = False
    sound: bytes | None = None
    flags: Sequence[str] = ()
    unsaid: bool = False

    @classmethod
    def moderated(cls, **fields: Any) -> MediaScript:
        """OpenAI's refusal of a picture that it does not want to make."""
        message = "Your request was rejected by the safety system. safety_violations=[violence]."
        kind = "image_generation_user_error"
        detail = {"message": message, "type": kind, "param": None, "code": "moderation_blocked"}
        return cls(status=400, body={"error": detail}, **fields)

    @classmethod
    def unreadable_sound(cls, **fields: Any) -> MediaScript:
        """What OpenAI says of a recording that it cannot decode, whatever its name."""
        message = "Audio file might be corrupted or unsupported"
        return cls.error(400, message, "invalid_value", "file", **fields)
