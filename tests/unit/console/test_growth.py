"""A growing answer leaves on paper what a finished one would, wherever it was cut and however low the screen is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from adapters.console.blocks import split
from adapters.console.growth import Growing
from adapters.console.markup import THEME

ANSI = re.compile(r"\x1b\[[0-9;]*m")

FRAGMENTS = [
    "# Title\n",
    "Setext\n===\n",
    "A paragraph with **bold**, *slanted* and `code` words that is long enough to be wrapped somewhere.\n",
    "\n",
    "- item\n",
    "  - nested item\n",
    "  going on\n",
    "1. first\n",
    "2. second\n",
    "10. tenth\n",
    "```python\n",
    "def f(x):\n    return x\n",
    '"""\n',
    "```\n",
    "~~~\n",
    "> a quote\n",
    "| a | b |\n|---|--:|\n| 1 | 2 |\n",
    "---\n",
    "    indented\n",
    "<div>\n",
    "List<String> and <think>\n",
    "[a link](http://example.org/) and ![a picture](http://example.org/x.png)\n",
    "[name]: http://example.org/\n",
    "\\(x_1\\) \\[y\\]\n",
    "日本語の文章 🐍🎉\n",
    "**bold that ends\nin the next line**\n",
    "half a line",
    "a_line_of_code = " + "'long' " * 30,
    "#",
    "-",
    "`",
]


def rows_of(renderable: RenderableType) -> list[str]:
    console = Console(width=60, force_terminal=True, color_system="truecolor", theme=THEME)
    with console.capture() as capture:
        console.print(renderable)
    return [ANSI.sub("", row).rstrip() for row in capture.get().removesuffix("\n").split("\n")]


def at_once(text: str) -> list[str]:
    growing = Growing(rows_of)
    growing.update(text)
    return growing.rest()


def piecewise(text: str, cuts: list[int], room: int) -> list[str]:
    """The rows that are printed while the text comes in pieces."""
    growing = Growing(rows_of)
    rows: list[str] = []
    for end in [*sorted(cut % (len(text) + 1) for cut in cuts), len(text)]:
        growing.update(text[:end])
        rows += growing.ripe(room)
        assert len(growing.tail(room)) <= room
    return rows + growing.rest()


@settings(deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS)).map("".join), st.lists(st.integers(0, 5000)), st.integers(1, 12))
def test_a_growing_answer_ends_like_one_shown_at_once(text: str, cuts: list[int], room: int) -> None:
    assert piecewise(text, cuts, room) == at_once(text)


@settings(deadline=None)
@given(st.text(), st.lists(st.integers(0, 500)), st.integers(1, 5))
def test_no_text_breaks_it(text: str, cuts: list[int], room: int) -> None:
    piecewise(text, cuts, room)


@settings(deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS)).map("".join))
def test_the_blocks_are_the_text(text: str) -> None:
    blocks = split(text)

    shown = "".join(block.source for block in blocks)
    assert text.endswith(shown)
    assert not text[: len(text) - len(shown)].strip()


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[a-z]{1,9}", fullmatch=True)), st.integers(1, 40))
def test_words_are_all_shown_in_order(words: list[str], every: int) -> None:
    text = "".join(f"{word}{' ' if index % every else chr(10)}" for index, word in enumerate(words))

    assert " ".join(at_once(text)).split() == words


def test_code_higher_than_the_screen_goes_out_line_by_line() -> None:
    growing = Growing(rows_of)
    code = "".join(f"line {number}\n" for number in range(20))

    growing.update(f"Look:\n```\n{code}")

    assert growing.ripe(5) == ["", "Look:", "", *(f"  line {number}" for number in range(15))]
    assert growing.tail(5) == [f"  line {number}" for number in range(15, 20)]
    assert growing.ripe(5) == []
    assert growing.rest() == [f"  line {number}" for number in range(15, 20)]
    assert growing.rest() == []


def test_a_line_of_code_that_may_become_longer_is_not_printed() -> None:
    growing = Growing(rows_of)

    growing.update("```\n" + "x" * 100)
    assert growing.ripe(1) == []
    growing.update("```\n" + "x" * 110 + "\n```")

    assert growing.rest() == ["", "  " + "x" * 58, "  " + "x" * 52]


def test_a_block_that_may_still_change_is_not_printed() -> None:
    growing = Growing(rows_of)

    growing.update("one\n\ntwo\n")
    assert growing.ripe(50) == ["", "one"]
    growing.update("one\n\ntwo\n===")
    assert growing.ripe(50) == []
    assert growing.tail(50) == ["", "two"]


def test_a_code_block_closed_for_the_moment_goes_on() -> None:
    growing = Growing(rows_of)
    rows: list[str] = []
    for text in ("```\na\n```", "```\na\nb\n```", "```\na\nb\nc\n```\n\nend"):
        growing.update(text)
        rows += growing.ripe(1)

    assert rows + growing.rest() == ["", "  a", "  b", "  c", "", "end"]


def test_text_that_contradicts_what_is_printed_is_shown_again() -> None:
    growing = Growing(rows_of)
    growing.update("one\n\ntwo\n\nthree\n")
    assert growing.ripe(50) == ["", "one", "", "two"]

    growing.update("ONE\n\ntwo")

    assert growing.rest() == ["", "ONE", "", "two"]


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        ("List<String> and <think>x</think>", ["List<String> and <think>x</think>"]),
        ("<div>\nx\n</div>", ["<div>", "x", "</div>"]),
        (r"\(x\) and \[y\] but \* star", [r"\(x\) and \[y\] but * star"]),
        ("one\ntwo", ["one", "two"]),
        ("see <http://a.example>", ["see http://a.example"]),
        ("[text](http://a.example)", ["text (http://a.example)"]),
        ("[http://a.example](http://a.example)", ["http://a.example"]),
        ("![alt](http://a.example/x.png)", ["!alt (http://a.example/x.png)"]),
        ("[name]: http://a.example", ["[name]: http://a.example"]),
        ("9. nine\n10. ten", [" 9. nine", "10. ten"]),
        ("- a\n- b", [" • a", " • b"]),
        ("- a\n\n- b", [" • a", "", " • b"]),
        ("# T\ntext", ["T", "text"]),
        ("text\n# T", ["text", "", "T"]),
        ("```py\nx  = 1\n\n\ny\n```", ["  x  = 1", "", "", "  y"]),
        ("```\nx\n```\ntext", ["  x", "", "text"]),
        ("text\n```\nx\n```", ["text", "", "  x"]),
        ("- a\n  ```\n  x\n  ```", [" • a", "     x"]),
        ("&lt; &amp;", ["< &"]),
        ("~~gone~~ **b** *i*", ["gone b i"]),
    ],
)
def test_nothing_that_was_written_is_lost(source: str, rows: list[str]) -> None:
    assert at_once(source) == ["", *rows]
