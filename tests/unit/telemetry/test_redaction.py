"""Whatever is written, and however: a secret is not in it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.redaction import MASK, SHORTEST, Redactor

KEY = 'sk-p@ss/"w\\örd"+and more'
redact = Redactor([KEY, "sk-p@ss/", "short"])


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        repr(KEY),
        repr({"Authorization": f"Bearer {KEY}"}),
        json.dumps({"key": KEY}),
        f"https://models.example.com/?key={quote(KEY, safe='')}",
        f"Basic {base64.b64encode(f'me:{KEY}'.encode()).decode()}",
    ],
)
def test_a_secret_is_found_however_it_is_written(written: str) -> None:
    said = redact(f"before {written} behind")
    assert MASK in said
    assert "sk-p" not in said
    assert said.startswith("before ")
    assert said.endswith(" behind")


@given(st.binary(max_size=5), st.text("abcdefgh-_0123456789", min_size=SHORTEST, max_size=60), st.binary(max_size=5))
def test_base64_hides_no_secret(before: bytes, secret: str, behind: bytes) -> None:
    encoded = base64.b64encode(before + secret.encode() + behind).decode()
    assert MASK in Redactor([secret])(encoded)


def test_a_secret_within_another_does_not_leave_half_of_it() -> None:
    assert Redactor(["0123456789", "0123456789abcdef"])("0123456789abcdef") == MASK


def test_words_that_a_short_secret_is_part_of_stay() -> None:
    assert redact("in short: nothing") == "in short: nothing"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://parley:pw@db:5432/parley", f"postgresql://parley:{MASK}@db:5432/parley"),
        ("GET https://api.telegram.org/file/bot123456:AAbb-cc_dd/photos/file_7.jpg now", "GET [telegram file] now"),
        ("https://api.telegram.org/bot123456:AAbb-cc_dd/getMe", f"https://api.telegram.org/bot{MASK}/getMe"),
        ("/webhooks/42/aW50ZXJhY3Rpb246MTIzNDU2/messages", f"/webhooks/42/{MASK}/messages"),
        ("/interactions/42/aW50ZXJhY3Rpb246MTIzNDU2/callback", f"/interactions/42/{MASK}/callback"),
        ("https://example.com/a/b?c=d and me@example.com", "https://example.com/a/b?c=d and me@example.com"),
    ],
)
def test_addresses_that_are_secrets_are_known_by_their_form(address: str, said: str) -> None:
    assert Redactor()(address) == said
