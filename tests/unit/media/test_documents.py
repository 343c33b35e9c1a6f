"""Text out of files."""

from __future__ import annotations

import pytest

from bot.errors import FileUnreadable, FileUnsupported
from bot.media.documents import Document
from bot.media.texts import cleaned, read_text
from bot.media.workshop import Workshop
from tests.fakes import media

WORDS = "Äpfel — naïve\ttab\nzwei 🍏\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_of_unicode(encoding: str) -> None:
    assert read_text(WORDS.encode(encoding), 1000) == Document(WORDS)


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_of_both_orders(order: str) -> None:
    assert read_text(("\ufeff" + WORDS).encode(f"utf-16-{order}"), 1000).text == WORDS


def test_old_windows() -> None:
    words = "Grüße aus Köln – schöne Straße, 5 €\n" * 3
    assert read_text(words.encode("cp1252"), 1000).text == words


def test_the_charset_that_the_sender_tells() -> None:
    words = "привет, как дела\n" * 3
    assert read_text(words.encode("koi8-r"), 1000, "koi8-r").text == words
    assert read_text(words.encode(), 1000, "koi8-r").text == words
    assert read_text(b"plain", 1000, "no such thing").text == "plain"
    assert read_text(b"plain", 1000, "base64").text == "plain"
    assert read_text(b"plain\xe9", 1000, "rot13").text == "plainé"


def test_utf_8_that_was_cut_off() -> None:
    whole = "äöü 🍏 äöü".encode()
    assert read_text(whole[:-1], 1000).text.startswith("äöü 🍏 äö")


def test_utf_8_with_a_mistake_far_behind() -> None:
    text = "Grüße 🍏\n" * 40_000
    data = text.encode() + b"\xff" + b"Ende"
    assert read_text(data, 12).text == text[:12]


def test_line_ends_and_controls() -> None:
    assert read_text(b"a\r\nb\rc\x1b[31md\n", 1000).text == "a\nb\nc[31md\n"
    assert cleaned("a\u2028b\x85c\x0cd\x7fe\ufefff\ud800g") == "a\nb\nc\ndefg"


def test_line_ends_across_pieces() -> None:
    data = b"x" * (64 * 1024 - 1) + b"\r\n" + b"y"
    assert read_text(data, 10**6).text == "x" * (64 * 1024 - 1) + "\ny"


def test_what_is_left_out_is_counted() -> None:
    found = read_text(("ä" * 200_000).encode(), 1000)
    assert (len(found.text), found.left_out) == (1000, 199_000)
    assert read_text("ä".encode() * 1000, 1000).left_out == 0


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04" + bytes(30),
        b"{\\rtf1\\ansi Hello}",
        media.png(),
        media.wav(),
        bytes(range(256)) * 4,
        b"text and\0nothing",
        b"\x89\xd1\xe5\xf7" * 50,
        b"\x7fELF" + b"text" * 20,
    ],
    ids=["zip", "rtf", "png", "wav", "all bytes", "nul", "high", "elf"],
)
def test_what_is_no_text(data: bytes) -> None:
    with pytest.raises(FileUnsupported):
        read_text(data, 1000)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \n\t\n"], ids=["empty", "mark alone", "blank"])
def test_nothing_to_read(data: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read_text(data, 1000)


async def test_code_and_tables_are_text(workshop: Workshop) -> None:
    assert (await workshop.document(media.CSV, "a.csv", "text/csv", 1000)).text == media.CSV.decode()
    assert (await workshop.document(media.HTML, "a.html", "text/html", 1000)).text == media.HTML.decode()
    assert (await workshop.document(media.SVG, None, None, 1000)).text == media.SVG.decode()
    words = "тест " * 5
    assert (await workshop.document(words.encode("cp1251"), None, 'text/plain; charset="cp1251"', 99)).text == words


async def test_a_pdf(workshop: Workshop) -> None:
    data = media.pdf("First (page)\nwith two lines", "", "Third")
    found = await workshop.document(data, "whatever.txt", None, 1000)
    assert found == Document("First (page)\nwith two lines\n\nThird", pages=3)


async def test_a_long_pdf_is_read_as_far_as_needed(workshop: Workshop) -> None:
    data = media.pdf(*("word " * 100 for _ in range(20)))
    found = await workshop.document(data, None, None, 1200)
    assert (len(found.text), found.pages, found.pages_left_out) == (1200, 20, 17)
    assert found.left_out == 3 * 499 + 2 * 2 - 1200


async def test_a_pdf_that_may_not_be_changed_can_be_read(workshop: Workshop) -> None:
    assert (await workshop.document(media.locked_pdf("Hello", owner_only=True), None, None, 99)).text == "Hello"


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (media.locked_pdf("Hello"), "password"),
        (media.pdf("", ""), "no text"),
        (b"%PDF-1.7\nnothing", "Error"),
    ],
    ids=["locked", "scanned", "broken"],
)
async def test_a_pdf_that_cannot_be_read(workshop: Workshop, data: bytes, detail: str) -> None:
    with pytest.raises(FileUnreadable, match=detail):
        await workshop.document(data, "a.pdf", None, 1000)


async def test_a_pdf_in_name_only(workshop: Workshop) -> None:
    with pytest.raises(FileUnreadable):
        await workshop.document(b"no pdf", "A.PDF", None, 1000)
    with pytest.raises(FileUnreadable):
        await workshop.document(b"no pdf", None, "application/pdf", 1000)
