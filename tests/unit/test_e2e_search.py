"""The search for secrets, which judges the end-to-end tests, finds what it is there for."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.e2e.search import Search

SECRET = "sk-that-must-not-be-seen"


@pytest.fixture
def search(tmp_path: Path) -> Search:
    search = Search(tmp_path)
    search.know([SECRET])
    return search


@pytest.mark.parametrize(
    "output", [SECRET, f"GET /?key={SECRET}", base64.b64encode(f"me:{SECRET}".encode()), b"\xff\x00" + SECRET.encode()]
)
def test_a_secret_is_found_once(search: Search, output: str | bytes) -> None:
    search.take("log", output)
    (leak,) = search.leaks()[:1]
    assert leak.startswith("log: ")
    assert search.leaks() == []


def test_what_shows_no_secret_is_searched(search: Search, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "file").write_text("nothing")
    search.take("log", "nothing")
    search.take_folder("file", tmp_path / "inside")
    assert (search.leaks(), search.finish()) == ([], [])
    assert search.characters == {"log": 7, "file": 7}


def test_a_file_in_a_folder_is_searched(search: Search, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "file").write_text(SECRET)
    search.take_folder("file", tmp_path)
    assert search.leaks()


def test_a_secret_that_is_used_later_is_found_in_what_came_before(search: Search) -> None:
    search.take("log", "a later secret: sk-another-one")
    assert search.leaks() == []
    search.know(["sk-another-one"])
    assert search.finish()
