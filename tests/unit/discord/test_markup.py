"""Markdown as Discord gets it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.markup import fits, render

LINE = "─" * 20


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("# One\n## Two\n### Three", "# One\n## Two\n### Three"),
        ("#### Four", "**Four**"),
        ("###### Six ##", "**Six**"),
        ("#### A **bold** `c**d`", "**A bold `c**d`**"),
        ("> #### quoted", "> **quoted**"),
        ("#### *", r"\*"),
        ("#hashtag #### not a heading", "#hashtag #### not a heading"),
        ("a\n\n---\n\nb", f"a\n\n{LINE}\n\nb"),
        ("* * *", LINE),
        ("___", LINE),
        ("- - one", "- - one"),
        ("![a cat](https://x.org/cat.png)", "[a cat](https://x.org/cat.png)"),
        ('![cat](https://x.org/a_(b).png "Tom")', '[cat](https://x.org/a_(b).png "Tom")'),
        ("![](https://x.org/cat.png)", "https://x.org/cat.png"),
        ("`![a](b)` and \\![a](b)", "`![a](b)` and \\![a](b)"),
        ("a || b || c, `x || y`", "a \\|\\| b \\|\\| c, `x || y`"),
        ("List<String> <think>x</think> @everyone <@1> $a_1$", "List<String> <think>x</think> @everyone <@1> $a_1$"),
        ("- one\n  - two\n    1. three", "- one\n  - two\n    1. three"),
        ("", ""),
    ],
)
def test_what_discord_cannot_show_is_put_otherwise(source: str, shown: str) -> None:
    assert render(source) == shown


def test_a_table_is_aligned_in_a_code_block() -> None:
    source = "Look:\n| Name | Price |\n|:--|--:|\n| **Tea** | 3 |\n| `co\\|ffee` | 12 |\n| 抹茶 | 5 |\n\nDone."
    assert render(source).split("\n") == [
        "Look:",
        "```",
        "Name    | Price",
        "--------+------",
        "Tea     |     3",
        "co|ffee |    12",
        "抹茶    |     5",
        "```",
        "",
        "Done.",
    ]


def test_rows_of_other_lengths_and_a_long_cell() -> None:
    shown = render("a | b\n--- | ---\none\nx | y | z\n" + "w" * 50 + " | v").split("\n")
    assert shown[:4] == ["```", "a | b", "--+--", "```"]
    long = render("a | b\n--- | ---\n" + "w" * 50 + " | v\nx | y").split("\n")
    assert long[-2] == "x" + " " * 31 + " | y"


@pytest.mark.parametrize(
    "fence",
    [
        "```python\n#### no heading\n| a | b |\n|---|---|\n![x](y) || ---\n```",
        "~~~\n#### no\n```\n#### no\n~~~",
        "````\n```\n#### no\n```\n````",
        "- ```\n  #### no\n  ```",
        "```\nunclosed\n#### no\n---",
    ],
)
def test_code_is_never_changed(fence: str) -> None:
    assert render(f"before\n{fence}") == f"before\n{fence}"


def test_after_a_fence_everything_is_rendered_again() -> None:
    assert render("```\ncode\n```\n#### Four").endswith("\n**Four**")


def test_what_fits() -> None:
    assert fits("x" * 2000)
    assert not fits("x" * 2001)
    assert not fits("😀" * 1001)
    assert not fits("a||" * 650), "rendered it is longer"


PIECES = st.sampled_from(
    (
        *("word", "naïve 😀", "`x`", "``", "|", "||", "\n", "\n\n", "| a | b |\n|--|:-:|\n| 1 | 2 |\n", "---"),
        *("#### ", "# ", "![a](b)", "![", "](", "> ", "- ", "1. ", "**", "*", "~~~", "\\", "$x$", "<think>", "\t", " "),
    )
)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join)
CODE = st.text(st.characters(exclude_characters="`\r", exclude_categories=["Cs"]), max_size=60)


@given(TEXTS)
def test_no_letter_is_lost_and_nothing_raises(source: str) -> None:
    def words(text: str) -> str:
        return "".join(character for character in text if character.isalnum())

    assert words(render(source)) == words(source)
    fits(source)


@given(TEXTS.filter(lambda text: "`" not in text and "~~~" not in text), CODE)
def test_fenced_code_stays_as_it_is(before: str, code: str) -> None:
    block = f"```python\n{code}\n```"
    assert render(f"{before}\n{block}\nafter").endswith(f"{block}\nafter")


@given(TEXTS)
def test_what_is_rendered_needs_no_further_change(source: str) -> None:
    once = render(source)
    if not re.search(r"\\|`|~~~|!\[", once):
        assert render(once) == once
