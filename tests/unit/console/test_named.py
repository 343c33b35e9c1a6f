"""Which words of a line are files, and what is left of the line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.console.named import Found, take_files

FILES = (
    "photo.jpg",
    "my photo.jpg",
    "./photo.jpg",
    "../x.pdf",
    "/abs/path.png",
    "/abs/my file.png",
    "/abs/it's.png",
    "./it's.png",
    "~/a.ogg",
    "dir/c#1?.txt",
    "/abs/50% off.txt",
    "./what?",
    "Bücher.pdf",
)


def find(written: str) -> Path | None:
    return Path(written) if written in FILES else None


@pytest.mark.parametrize(
    ("line", "text", "paths"),
    [
        ("@photo.jpg", "", ["photo.jpg"]),
        ('@"my photo.jpg"', "", ["my photo.jpg"]),
        ("@'my photo.jpg' what is it", "what is it", ["my photo.jpg"]),
        (r"@my\ photo.jpg", "", ["my photo.jpg"]),
        ("./photo.jpg", "", ["photo.jpg"]),
        ("what is ../x.pdf about", "what is about", ["../x.pdf"]),
        ("/abs/path.png", "", ["/abs/path.png"]),
        ("/abs/path.png whose is it", "whose is it", ["/abs/path.png"]),
        ("~/a.ogg", "", ["~/a.ogg"]),
        ("@~/a.ogg", "", ["~/a.ogg"]),
        ("file:///abs/path.png", "", ["/abs/path.png"]),
        ("file://localhost/abs/my%20file.png hm", "hm", ["/abs/my file.png"]),
        ("file:///abs/50%25%20off.txt", "", ["/abs/50% off.txt"]),
        ("@dir/c#1?.txt", "", ["dir/c#1?.txt"]),
        ("@Bücher.pdf", "", ["Bücher.pdf"]),
        # As terminals type what is dragged into them.
        ("/abs/my\\ file.png ", "", ["/abs/my file.png"]),
        ("'/abs/my file.png' ", "", ["/abs/my file.png"]),
        ('"/abs/my file.png" and', "and", ["/abs/my file.png"]),
        ("'/abs/it'\\''s.png'", "", ["/abs/it's.png"]),
        ("/abs/it\\'s.png", "", ["/abs/it's.png"]),
        ("'file:///abs/my%20file.png'", "", ["/abs/my file.png"]),
        # Names as people write them.
        ("./it's.png isn't it", "isn't it", ["it's.png"]),
        ("what is in @photo.jpg?", "what is in?", ["photo.jpg"]),
        ("@photo.jpg, and then?", ", and then?", ["photo.jpg"]),
        ('is it @"my photo.jpg"?!', "is it?!", ["my photo.jpg"]),
        ("is it ./what?", "is it", ["what?"]),
        # Several, and commands.
        ("compare @photo.jpg ./photo.jpg  and   more", "compare  and   more", ["photo.jpg", "photo.jpg"]),
        ("@photo.jpg@photo.jpg", "@photo.jpg@photo.jpg", []),
        ("/imagine make it blue @photo.jpg", "/imagine make it blue", ["photo.jpg"]),
        ("@photo.jpg /imagine make it blue", "/imagine make it blue", ["photo.jpg"]),
        ('/transcribe @"my photo.jpg" de', "/transcribe de", ["my photo.jpg"]),
        # Words, because there is no such file, or nothing says that it is one.
        ("photo.jpg", "photo.jpg", []),
        ("'my photo.jpg'", "'my photo.jpg'", []),
        ("@nobody said  so ", "@nobody said  so ", []),
        ("me@photo.jpg", "me@photo.jpg", []),
        ("file://elsewhere/abs/path.png", "file://elsewhere/abs/path.png", []),
        ("file:///abs/my file.png", "file:///abs/my file.png", []),
        ("/etc/hosts/none", "/etc/hosts/none", []),
        ("/help me", "/help me", []),
        ("@", "@", []),
        ("@ photo.jpg", "@ photo.jpg", []),
        ('@"my photo.jpg', '@"my photo.jpg', []),
        ("@... @'' @\"\" @\\", "@... @'' @\"\" @\\", []),
        ("it's what it's", "it's what it's", []),
        ("", "", []),
    ],
)
def test_files_are_taken_out_and_the_rest_stays(line: str, text: str, paths: list[str]) -> None:
    assert take_files(line, find) == Found(text, tuple(map(Path, paths)))


LINES = st.text(st.sampled_from("ab@\"'\\ /.~?%:\t\xa0") | st.characters())


@given(LINES)
@example("@\x00 ./\ud800 file://[x/ file://%zz/")
def test_a_line_without_files_stays_as_it_is(line: str) -> None:
    assert take_files(line, lambda written: None) == Found(line)


@given(LINES)
def test_nothing_but_files_is_taken(line: str) -> None:
    """Where every path is a file, the words that are left are words of the line."""
    found = take_files(line, Path)
    left = iter(line)
    assert all(character in left for character in found.text)
    if not found.paths:
        assert found.text == line


@given(st.lists(st.sampled_from(["a", "b c", "it's", "?"])), st.sampled_from(["@photo.jpg", "'/abs/my file.png'"]))
def test_a_file_is_found_wherever_it_stands(words: list[str], name: str) -> None:
    for at in range(len(words) + 1):
        found = take_files(" ".join([*words[:at], name, *words[at:]]), find)
        assert found.text == " ".join(words)
        assert len(found.paths) == 1
