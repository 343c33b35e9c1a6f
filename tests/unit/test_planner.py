"""The planner's decisions that the writer's tests do not pin down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.platform import Button
from bot.replies.planner import (
    Done,
    Edit,
    Idle,
    Look,
    Part,
    Send,
    Typing,
    View,
    forget_unshown_cuts,
    lay_out,
    next_step,
    wanted,
    without_file,
)
from tests.fakes.channel import LIMITS

STOP = Button("Stop", "stop 1")
LONG = "Some words that are more than one message holds. " * 3


def fits(source: str) -> bool:
    return len(source) <= LIMITS.text


def laid_out(view: View) -> View:
    return lay_out(view, fits, LIMITS.text)


def test_sealed_parts_never_change() -> None:
    view = laid_out(View(text=LONG))
    grown = laid_out(replace(view, text=LONG + "And much more of it, for many more messages than before."))
    assert grown.parts[: len(view.parts) - 1] == view.parts[:-1]
    assert len(grown.parts) > len(view.parts)


def test_parts_join_up() -> None:
    view = laid_out(View(text=LONG))
    assert "".join(LONG[part.start : part.end] for part in view.parts) == LONG


@pytest.mark.parametrize("length", [15, 16, 200])
def test_a_fence_that_leaves_no_room_is_not_opened_again(length: int) -> None:
    text = "`" * length + "\n" + "code\n" * 40
    view = laid_out(View(text=text))
    assert "".join(text[part.start : part.end] for part in view.parts) == text
    assert all(len(part.opener) <= 15 for part in view.parts)
    assert any(part.opener for part in view.parts) or length == 16
    assert len(view.parts) < 20


def test_a_fence_that_leaves_no_room_any_more_opens_no_messages_without_end() -> None:
    view = View(text="```python\nab", parts=(Part(0, end=10), Part(10, opener="```python")))
    parts = lay_out(view, lambda source: len(source) <= 5, 5).parts
    assert [(part.start, part.end) for part in parts] == [(0, 10), (10, 11), (11, None)]


def test_white_space_at_the_end_opens_no_message() -> None:
    assert len(laid_out(View(text="word " * 11 + " " * 100)).parts) == 1


def test_only_the_last_message_has_buttons() -> None:
    view = laid_out(View(text=LONG, buttons=(STOP,)))
    buttons = [wanted(view, index).buttons for index in range(len(view.parts))]
    assert buttons == [()] * (len(view.parts) - 1) + [(STOP,)]


@pytest.mark.parametrize("end", [None, 60], ids=["open", "sealed"])
def test_an_unsure_message_is_not_repeated_while_the_answer_grows(end: int | None) -> None:
    parts = (Part(0, end=end, lost=True),) if end is None else (Part(0, end=end, lost=True), Part(end))
    view = View(text=LONG[:80] if end else LONG[:40], parts=parts, since=0.0)
    assert next_step(view, LIMITS, 100.0) == Idle()
    finished = next_step(replace(view, finished=True), LIMITS, 100.0)
    assert isinstance(finished, Send)
    assert finished.part == 0


def test_cuts_are_forgotten_only_while_nothing_behind_them_is_shown() -> None:
    view = laid_out(View(text=LONG))
    reopened = forget_unshown_cuts(view, 0)
    assert reopened.parts == (replace(view.parts[0], end=None),)
    for changes in ({"message_id": "7"}, {"lost": True}):
        shown = replace(view, parts=(*view.parts[:1], replace(view.parts[1], **changes), *view.parts[2:]))
        assert forget_unshown_cuts(shown, 0) == shown


def test_nothing_is_called_when_all_is_shown() -> None:
    look = Look("A sentence that is long enough to go.")
    view = View(text=look.source, parts=(Part(0, message_id="7", shown=look),), since=0.0)
    assert next_step(view, LIMITS, 1.0) == Idle()
    assert next_step(replace(view, finished=True), LIMITS, 1.0) == Done()


def test_a_look_that_is_not_known_is_shown_again() -> None:
    view = View(text="A sentence that is long enough to go.", parts=(Part(0, message_id="7"),), since=0.0)
    assert next_step(view, LIMITS, 1.0) == Edit(0, "7", Look(view.text))


def test_a_file_is_never_put_into_an_older_message() -> None:
    parts = (Part(0, end=20, gone=2), Part(20))
    view = View(text=LONG, finished=True, parts=parts, most=1, caption="All of it.", spare=("7",))
    assert next_step(view, LIMITS, 1.0) == Send(1, Look("All of it.", file=True))


def test_after_a_refused_file_the_rest_is_formatted() -> None:
    view = View(text=LONG, finished=True, parts=(Part(0, end=20), Part(20, plain=True)), most=1)
    assert without_file(view) == replace(view, most=None, parts=(Part(0, end=20), Part(20)))


def test_the_typing_sign_comes_when_it_is_due() -> None:
    view = View(typing_due=5.0)
    assert next_step(view, LIMITS, 4.0) == Idle(5.0)
    assert next_step(view, LIMITS, 5.0) == Typing()
    assert next_step(replace(view, finished=True), LIMITS, 5.0) == Done()
