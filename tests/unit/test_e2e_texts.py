"""The judge of the end-to-end tests finds what is wrong, and only that."""

from __future__ import annotations

import pytest

from tests.e2e.texts import differs

CODE = "before\n\n```python\none\ntwo\n```\n\nafter"


@pytest.mark.parametrize(
    "shown",
    [
        [CODE],
        ["before", "```python\none\ntwo\n```\nafter"],
        ["before\n```python\none\n```", "```python\ntwo\n```\n\nafter"],
        ["before\n```python\none\ntwo\n```", "after"],
    ],
)
def test_all_of_the_text_in_order(shown: list[str]) -> None:
    assert differs(shown, CODE) is None


@pytest.mark.parametrize(
    "shown",
    [
        [],
        ["before"],
        ["before\n```python\none\n```", "after"],
        ["before\n```python\none\ntwo\n```", "two\n\nafter"],
        ["before\n```python\none\ntwo\n```", "after", "after"],
        ["```python\none\ntwo\n```\nafter", "before"],
        ["before\n```python\none\n```", "two\n```\n\nafter"],
        ["before\n```python\none\ntwo\n```\n\nafter!"],
    ],
    ids=["nothing", "cut", "lost", "doubled", "repeated", "order", "fence", "added"],
)
def test_anything_else(shown: list[str]) -> None:
    assert differs(shown, CODE) is not None


def test_blocks_of_the_same_language_stay_two() -> None:
    text = "```python\none\n```\n\n```python\ntwo\n```"
    assert differs(["```python\none\n```", "```python\ntwo\n```"], text) is None
    assert differs(["```python\none\ntwo\n```"], text) is not None
