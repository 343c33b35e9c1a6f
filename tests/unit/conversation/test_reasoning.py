"""Reasoning as a quote, however its pieces are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.reasoning import LONGEST, ReasoningQuote
from bot.replies.splitter import fence_after

BREAKS = "\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def quoted(*pieces: str) -> str:
    quote = ReasoningQuote()
    return "".join(map(quote.add, pieces)) + quote.end()


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["Let me ", "see."], "> Let me see.\n\n"),
        (["One", "\n", "two\nthree"], "> One\n> two\n> three\n\n"),
        (["One\n\n\n", "\ntwo"], "> One\n>\n> two\n\n"),
        (["\n  \nOne \n", "  \n"], "> One\n\n"),
        (["a\r", "\nb\rc"], "> a\n> bc\n\n"),
        (["a ", " ", "b"], "> a  b\n\n"),
        (["a\n", "  - b"], "> a\n>   - b\n\n"),
        (["a\u2028b"], "> a\n> b\n\n"),
        (["Code:\n``", "`py\nx\n~~~"], "> Code:\n> \\```py\n> x\n> \\~~~\n\n"),
        ([" ", "\n"], ""),
        ([], ""),
    ],
)
def test_lines_are_marked(pieces: list[str], shown: str) -> None:
    assert quoted(*pieces) == shown


def test_it_is_cut() -> None:
    assert quoted("x" * LONGEST) == f"> {'x' * LONGEST}\n\n"
    assert quoted("x" * LONGEST, "y\nz") == f"> {'x' * LONGEST}…\n\n"
    assert quoted("x" * LONGEST, "\ny", "z") == f"> {'x' * LONGEST}\n> …\n\n"


def test_after_the_end_nothing_is_shown() -> None:
    quote = ReasoningQuote()
    assert quote.add("Hm.") + quote.end() == "> Hm.\n\n"
    assert (quote.add("More."), quote.end()) == ("", "")

    late = ReasoningQuote()
    assert (late.end(), late.add("More."), late.end()) == ("", "", "")


def test_another_try_begins_a_paragraph() -> None:
    quote = ReasoningQuote()
    quote.pause()
    assert quote.add("One.") == "> One."
    quote.pause()
    assert quote.add("Two.") == "\n>\n> Two."


pieces = st.lists(st.text(st.sampled_from("ab `~>-\r" + BREAKS) | st.characters(), max_size=40), max_size=20)


@given(pieces)
def test_whatever_the_pieces_it_is_one_quote(given_: list[str]) -> None:
    shown = quoted(*given_)
    assert shown == quoted("".join(given_)), "how it is cut makes no difference"
    if shown:
        body = shown.removesuffix("\n\n")
        assert all(line.startswith(">") for line in body.splitlines())
        assert body.splitlines()[-1].removeprefix(">").strip(), "it does not end blank"
        assert fence_after(shown) == "", "nothing stays open"
    else:
        assert not "".join(given_).strip()


@given(st.lists(st.integers(0, LONGEST), max_size=5), st.sampled_from(["x", "xy \n", "`a\n\n"]))
def test_it_has_an_end(sizes: list[int], words: str) -> None:
    given_ = [(words * size)[:size] for size in sizes]
    shown = quoted(*given_)
    assert shown == quoted("".join(given_))
    assert sum(len(line.removeprefix(">").removeprefix(" ").lstrip("\\")) for line in shown.splitlines()) <= LONGEST + 1
    assert shown.count("…") <= 1
