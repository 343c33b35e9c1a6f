"""Where a text is cut, and how fences go on."""

from __future__ import annotations

import pytest

from bot.domain.text import utf16_length
from bot.replies.splitter import cut, fence_after, wrap


def pieces(text: str, limit: int) -> list[str]:
    """All messages of a text, as they are shown."""
    start, opener, shown = 0, "", []
    while utf16_length(wrap(text[start:], opener)) > limit:
        end = cut(text, start, opener, lambda source: utf16_length(source) <= limit, limit)
        shown.append(wrap(text[start:end], opener))
        opener = fence_after(f"{opener}\n{text[start:end]}" if opener else text[start:end])
        start = end
    return [*shown, wrap(text[start:], opener)]


def test_between_paragraphs_rather_than_lines() -> None:
    text = "One two three four.\nFive six seven.\n\nEight nine ten.\nEleven twelve thirteen."
    assert pieces(text, 60)[0] == "One two three four.\nFive six seven.\n\n"


def test_between_lines_rather_than_sentences() -> None:
    assert pieces("One. Two. Three. Four.\nFive. Six. Seven. Eight.", 44)[0] == "One. Two. Three. Four.\n"


def test_between_sentences_rather_than_words() -> None:
    assert pieces("One two three four. Five six seven eight nine ten", 40)[0] == "One two three four. "


def test_between_words_rather_than_letters() -> None:
    assert pieces("abcdef ghijkl mnopqr stuvwx yzabcd efghij", 30)[0] == "abcdef ghijkl mnopqr "


def test_a_good_place_far_from_the_end_is_not_worth_a_short_message() -> None:
    text = "Hi.\n\n" + "word " * 40
    assert len(pieces(text, 100)[0]) > 80


def test_a_fence_goes_on_in_the_next_message() -> None:
    text = "Look:\n\n```python\n" + "x = 1\n" * 30 + "```\n\nDone."
    shown = pieces(text, 90)
    assert len(shown) > 2
    assert shown[0].startswith("Look:\n\n```python\nx = 1\n")
    assert all(part.count("```") == 2 for part in shown[:-1])
    assert all(part.startswith("```python\n") for part in shown[1:])
    assert shown[-1].endswith("Done.")


def test_before_a_fence_rather_than_inside_its_first_lines() -> None:
    text = "Some words that introduce the code below.\n```sh\nls -la\ncd ..\npwd\n```\n"
    assert pieces(text, 64)[0] == "Some words that introduce the code below.\n"


@pytest.mark.parametrize(
    ("text", "opener"),
    [
        ("", ""),
        ("text", ""),
        ("```", "```"),
        ("```py\ncode", "```py"),
        ("```py\ncode\n```", ""),
        ("```py\ncode\n```\n", ""),
        ("````md\n```\ninner\n```", "````md"),
        ("````md\n```\ninner\n```\n````", ""),
        ("~~~\n```\n", "~~~"),
        ("  ```js\n", "```js"),
        ("- ```js\n", "```js"),
        ("1. ```js\n", "```js"),
        ("```in a line``` of text\n", ""),
        ("```py\r\ncode\r\n", "```py"),
        ("``` " + "x" * 100, "```" + "x" * 32),
    ],
)
def test_which_fence_is_open(text: str, opener: str) -> None:
    assert fence_after(text) == opener


def test_a_piece_in_the_middle_of_a_fence_stands_on_its_own() -> None:
    assert wrap("x = 1\ny = 2\n", "```py") == "```py\nx = 1\ny = 2\n```"
    assert wrap("x = 1\n````\nafter", "````py") == "````py\nx = 1\n````\nafter"


@pytest.mark.parametrize(
    "whole",
    ["e\u0301", "👩\u200d👩\u200d👧", "👍\U0001f3fd", "❤\ufe0f", "🇩🇪"],
    ids=["accent", "family", "skin", "heart", "flag"],
)
def test_what_looks_like_one_character_stays_one(whole: str) -> None:
    text = whole * 60
    for limit in range(24, 40):
        for part in pieces(text, limit):
            assert part.replace(whole, "") == ""


def test_a_character_that_never_ends_is_cut_all_the_same() -> None:
    text = "a" + "\u0301" * 200
    assert "".join(pieces(text, 50)) == text
