"""What of a text is read aloud, and how much of it at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.reading import LONGEST_TEXT, beginning, speakable


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Good morning.", "Good morning."),
        (
            "# Title\n\nSome **bold** and _thin_ words, `code` ~~gone~~.",
            "Title\n\nSome bold and thin words, code gone.",
        ),
        ("- one\n* two\n+ three\n1. four", "one\ntwo\nthree\nfour"),
        ("> quoted\n> twice", "quoted\ntwice"),
        ("See [the page](https://a.org/x_y) and ![a cat](cat.png).", "See the page and a cat."),
        ("Before\n```python\nprint('x')\n```\nafter", "Before\n\nafter"),
        ("Before\n~~~\n```\nx\n~~~\nafter", "Before\n\nafter"),
        ("  ```\n  x\n  ```\nafter", "after"),
        ("2 - 1 is 1, and C# is no title", "2 - 1 is 1, and C# is no title"),
        ("||hidden||", "hidden"),
        ("1999. What a year", "1999. What a year"),
        ("**2*3** is 2 * 3, *a_name* (__not__ ~6)", "2*3 is 2 * 3, a_name (not ~6)"),
        ("```\nonly code\n```", "```\nonly code\n```"),
        (" \n", ""),
    ],
)
def test_marks_and_code_are_not_read_aloud(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


def test_a_long_text_ends_with_a_sentence() -> None:
    text = "This is a sentence. " * 300

    spoken = beginning(text)

    assert LONGEST_TEXT - 20 < len(spoken) <= LONGEST_TEXT
    assert spoken.endswith("This is a sentence.")
    assert text.startswith(spoken)


@pytest.mark.parametrize(("mark", "end"), [("! ", "!"), ("? ", "?"), (". ", "."), ("\n", "")])
def test_any_sentence_ends_it(mark: str, end: str) -> None:
    assert beginning("x" * 3000 + mark + "y" * 3000) == "x" * 3000 + end


def test_what_is_short_enough_stays_whole() -> None:
    assert beginning("One. Two. " + "x" * (LONGEST_TEXT - 10)) == "One. Two. " + "x" * (LONGEST_TEXT - 10)


def test_a_text_without_sentences_is_cut() -> None:
    assert beginning("x" * 9000) == "x" * LONGEST_TEXT


pieces = st.sampled_from(["word", ". ", "\n", "```\n", "~~~\n", "**", "[a](b)", "# ", "x" * 1500, "!"])


@given(st.lists(pieces).map("".join))
def test_any_text_that_says_something_is_spoken(text: str) -> None:
    spoken = beginning(speakable(text))

    assert len(spoken) <= LONGEST_TEXT
    assert bool(spoken) == bool(text.strip())
    assert spoken == spoken.strip()
