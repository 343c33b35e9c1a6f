"""Every failure that the library reports, and what it means for the message."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from adapters.telegram.errors import delivery_error
from adapters.telegram.patience import LONGEST_PAUSE, REFUSED_PAUSE, describe, pause
from bot.errors import (
    Ambiguous,
    BadFormat,
    ChatGone,
    DeliveryError,
    FileRefused,
    MessageGone,
    NotModified,
    NotSent,
    RetryLater,
    TooLong,
)

SAME = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def caused(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


CASES: list[tuple[Exception, type[DeliveryError]]] = [
    (BadRequest(SAME), NotModified),
    (BadRequest("Bad Request: message is too long"), TooLong),
    (BadRequest("Bad Request: MESSAGE_TOO_LONG"), TooLong),
    (BadRequest("Bad Request: text is too long"), TooLong),
    (BadRequest("Bad Request: can't parse entities: Can't find end of the entity"), BadFormat),
    (BadRequest("Bad Request: can't parse MessageEntity: Unsupported type specified"), BadFormat),
    (BadRequest("Bad Request: ENTITY_BOUNDS_INVALID"), BadFormat),
    (BadRequest("Bad Request: entity URL 'x' is invalid: Wrong HTTP URL"), BadFormat),
    (BadRequest("Bad Request: something new"), BadFormat),
    (BadRequest("Bad Request: message to edit not found"), MessageGone),
    (BadRequest("Bad Request: message can't be edited"), MessageGone),
    (BadRequest("Bad Request: MESSAGE_ID_INVALID"), MessageGone),
    (BadRequest("Bad Request: message to delete not found"), MessageGone),
    (BadRequest("Bad Request: message can't be deleted for everyone"), BadFormat),
    (BadRequest("Bad Request: chat not found"), ChatGone),
    (BadRequest("Bad Request: not enough rights to send text messages to the chat"), ChatGone),
    (BadRequest("Bad Request: have no rights to send a message"), ChatGone),
    (BadRequest("Bad Request: not enough rights to send voice notes to the chat"), FileRefused),
    (BadRequest("Bad Request: not enough rights to send voice messages to the chat"), FileRefused),
    (BadRequest("Bad Request: not enough rights to send photos to the chat"), FileRefused),
    (BadRequest("Bad Request: not enough rights to send music to the chat"), FileRefused),
    (BadRequest("Bad Request: not enough rights to send documents to the chat"), FileRefused),
    (BadRequest("Bad Request: VOICE_MESSAGES_FORBIDDEN"), FileRefused),
    (BadRequest("Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN"), FileRefused),
    (BadRequest("Bad Request: PHOTO_INVALID_DIMENSIONS"), FileRefused),
    (BadRequest("Bad Request: IMAGE_PROCESS_FAILED"), FileRefused),
    (BadRequest("Bad Request: file of size 9 bytes is too big for a photo; the maximum size is 8 bytes"), FileRefused),
    (BadRequest("Bad Request: file must be non-empty"), FileRefused),
    (BadRequest("Bad Request: message caption is too long"), TooLong),
    (BadRequest("Bad Request: MEDIA_CAPTION_TOO_LONG"), TooLong),
    (NetworkError("Request Entity Too Large"), FileRefused),
    (NetworkError("Content Too Large (413). Parsing the server response b'<html>' failed"), FileRefused),
    (BadRequest("Bad Request: CHAT_WRITE_FORBIDDEN"), ChatGone),
    (BadRequest("Bad Request: message thread not found"), ChatGone),
    (BadRequest("Bad Request: TOPIC_CLOSED"), ChatGone),
    (BadRequest("Bad Request: group chat was deactivated"), ChatGone),
    (BadRequest("Bad Request: PEER_ID_INVALID"), ChatGone),
    (Forbidden("Forbidden: bot was blocked by the user"), ChatGone),
    (Forbidden("Forbidden: bot was kicked from the supergroup chat"), ChatGone),
    (InvalidToken("Unauthorized"), NotSent),
    (Conflict("Conflict: terminated by other getUpdates request"), NotSent),
    (caused(TimedOut("Pool timeout"), httpx.PoolTimeout("")), NotSent),
    (caused(TimedOut(), httpx.ConnectTimeout("")), NotSent),
    (caused(NetworkError("httpx.ConnectError: "), httpx.ConnectError("")), NotSent),
    (caused(NetworkError("httpx.ProxyError: "), httpx.ProxyError("")), NotSent),
    (caused(TimedOut(), httpx.ReadTimeout("")), Ambiguous),
    (caused(TimedOut(), httpx.WriteTimeout("")), Ambiguous),
    (caused(NetworkError("httpx.ReadError: "), httpx.ReadError("")), Ambiguous),
    (caused(NetworkError("httpx.RemoteProtocolError: "), httpx.RemoteProtocolError("")), Ambiguous),
    (NetworkError("Bad Gateway (502)"), Ambiguous),
    (NetworkError("Internal Server Error (500)"), Ambiguous),
    (NetworkError("Too Many Requests: retry later"), RetryLater),
    (TelegramError("Invalid server response"), Ambiguous),
    (ChatMigrated(-100123), Ambiguous),
    (KeyError("result"), Ambiguous),
    (TimeoutError(), Ambiguous),
]


@pytest.mark.parametrize(("error", "kind"), CASES, ids=lambda value: repr(value)[:60])
def test_kinds(error: Exception, kind: type[DeliveryError]) -> None:
    assert type(delivery_error(error)) is kind


@pytest.mark.parametrize("form", ["0", "1"])
@pytest.mark.filterwarnings("ignore:.*retry_after.*")
def test_the_pause_in_both_forms(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", form)
    for error in (RetryAfter(17), RetryAfter(timedelta(seconds=17))):
        translated = delivery_error(error)
        assert isinstance(translated, RetryLater)
        assert translated.after == 17.0
        assert pause(error, 0) == 18.0


def test_pauses_grow_to_a_limit() -> None:
    pauses = [pause(NetworkError("x"), failures) for failures in range(2000)]
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(pauses) == LONGEST_PAUSE == pauses[-1]


def test_a_refused_token_is_believed_after_a_while() -> None:
    assert [pause(InvalidToken(), failures) for failures in range(5)] == [0.5, 1.0, 2.0, REFUSED_PAUSE, REFUSED_PAUSE]


def test_descriptions_are_one_short_line() -> None:
    errors = [*(error for error, _ in CASES), TimeoutError(), NetworkError("x" * 9000), OSError("y" * 9000)]
    for error in errors:
        line = describe(error)
        assert line
        assert len(line) < 300
        assert "\n" not in line
