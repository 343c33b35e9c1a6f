"""What buttons carry, as it comes back: years later, from another version of the bot, or forged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import presses
from bot.presses import Press


@pytest.mark.parametrize(
    ("data", "press"),
    [
        ("stop 0", Press("stop", 0)),
        ("retry 17", Press("retry", 17)),
        ("show 17 2", Press("show", 17, "2")),
        ("change 17 abc", Press("change", 17, "abc")),
        ("pick 17 a b c", Press("pick", 17, "a")),
    ],
)
def test_what_a_button_means(data: str, press: Press) -> None:
    assert presses.read(data) == press


@pytest.mark.parametrize(
    "data",
    [
        "",
        " ",
        "stop",
        "retry",
        "retry ",
        "retry -1",
        "retry 1.5",
        "retry ٣",
        "retry 9999999999999999999",
        "dance 1",
        "1",
    ],
)
def test_what_means_nothing(data: str) -> None:
    assert presses.read(data) is None


@pytest.mark.parametrize(("mark", "number"), [("2", 2), ("", 0), ("-2", 0), ("²", 0), ("x", 0)])
def test_a_mark_that_is_no_number_counts_as_none(mark: str, number: int) -> None:
    assert Press("show", 1, mark).number == number


@given(st.text(max_size=64))
def test_whatever_comes_back_is_a_turn_that_a_database_can_look_for(data: str) -> None:
    press = presses.read(data)
    assert press is None or 0 <= press.turn < 2**63


def test_each_action_is_carried_out_and_what_asks_is_one_of_them() -> None:
    assert set(presses.ACTS) > presses.ASKING
    assert "stop" not in presses.ACTS
