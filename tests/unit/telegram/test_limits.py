"""The numbers keep within what Telegram documents."""

from __future__ import annotations

import math

import pytest
from telegram.constants import MessageLimit

from adapters.telegram.limits import DOWNLOAD_BYTES, limits_for
from bot.domain.platform import Bucket, Meter, Window
from tests.fakes.telegram_files import LARGEST_DOWNLOAD
from tests.fakes.telegram_parameters import LARGEST_UPLOAD


def most_in(meter: Meter, seconds: float) -> float:
    """The most calls that the meter lets through in any so many seconds."""
    match meter.rate:
        case Bucket(capacity, per_second):
            return capacity + seconds * per_second
        case Window(calls, window):
            return calls * math.ceil(seconds / window)


@pytest.mark.parametrize(("kind", "seconds", "documented"), [("group", 60, 20), ("private", 10, 15)])
def test_messages(kind: str, seconds: float, documented: float) -> None:
    limits = limits_for("group" if kind == "group" else "private", "edit")
    [meter] = [meter for meter in limits.place if "send" in meter.calls]
    assert "edit" in meter.calls
    assert most_in(meter, seconds) <= documented
    assert meter.reserve == 1


def test_signs_and_the_whole_bot() -> None:
    limits = limits_for("private", "draft")
    signs = [meter for meter in limits.place if "typing" in meter.calls]
    assert all("preview" in meter.calls and meter.source for meter in signs)
    assert min(most_in(meter, 5) for meter in signs) <= 20
    assert min(most_in(meter, 30) for meter in signs) <= 40
    assert most_in(limits.shared[0], 1) <= 30


def test_drafts_are_for_private_chats() -> None:
    assert limits_for("private", "draft").previews
    assert not limits_for("group", "draft").previews
    assert not limits_for("private", "edit").previews


def test_quotes_fold_and_no_thread_hangs_on_a_message() -> None:
    limits = limits_for("group", "edit")
    assert (limits.folds, limits.threads) == (True, False)


def test_files() -> None:
    limits = limits_for("group", "edit")
    assert limits.caption == MessageLimit.CAPTION_LENGTH
    assert limits.upload == LARGEST_UPLOAD
    assert DOWNLOAD_BYTES == LARGEST_DOWNLOAD
    assert limits.album_apart
