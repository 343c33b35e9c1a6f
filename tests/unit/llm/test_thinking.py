"""Reasoning that is written into the answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.events import TextDelta
from bot.llm.thinking import ThinkFilter


def split(*pieces: str) -> tuple[str, str]:
    """All reasoning and all text."""
    thinker = ThinkFilter()
    events = [event for piece in pieces for event in thinker.feed(piece)] + thinker.close()
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    return "".join(event.text for event in events if not isinstance(event, TextDelta)), text


CASES = [
    ("Hello", "", "Hello"),
    ("<think>hm</think>Hello", "hm", "Hello"),
    ("\n <think>\nhm\n</think>\n\nHello\n\nyou", "\nhm\n", "Hello\n\nyou"),
    ("<thinking>hm</thinking>Hello", "hm", "Hello"),
    ("<think></think>Hello", "", "Hello"),
    ("<think>a < b </thin k></think>x", "a < b </thin k>", "x"),
    ("<think>never closed", "never closed", ""),
    ("<think>hm</thi", "hm</thi", ""),
    ("Say <think>this</think>", "", "Say <think>this</think>"),
    ("<think>a</think>b<think>c</think>", "a", "b<think>c</think>"),
    ("<thi", "", "<thi"),
    ("<thistle>", "", "<thistle>"),
    ("  spaces stay", "", "  spaces stay"),
    ("", "", ""),
]


@pytest.mark.parametrize(("content", "thought", "text"), CASES)
def test_content(content: str, thought: str, text: str) -> None:
    assert split(content) == (thought, text)
    assert split(*content) == (thought, text)


PARTS = st.lists(st.sampled_from(["<", ">", "/", "think", "<think>", "</think>", "a", " ", "\n"]))


@given(PARTS.map("".join), st.lists(st.integers(0, 60)))
def test_any_split_gives_the_same(content: str, cuts: list[int]) -> None:
    at = sorted(cut for cut in cuts if cut <= len(content))
    pieces = [content[start:end] for start, end in zip([0, *at], [*at, len(content)], strict=True)]
    assert split(*pieces) == split(content)
