"""Conversations as files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.exporting import Export, Form, Heading
from bot.domain.conversations import Answer, AnswerState, Question, Turn
from bot.domain.media import PictureRef

HEADING = Heading("Conversation", "telegram:1:42", datetime(2026, 7, 14, 12, tzinfo=UTC), "You teach.", group=False)
GROUP = Heading("Conversation", "telegram:1:42", datetime(2026, 7, 14, 12, tzinfo=UTC), "You teach.", group=True)
PICTURE = PictureRef("d", 640, 480)
FORMS: tuple[Form, ...] = get_args(Form)


def turn(asked: str, said: str | None, state: AnswerState = "complete", author: str = "Ann") -> Turn:
    answer = None if said is None else Answer(said, state, "a/b", "teacher")
    return Turn(1, Question("key", "telegram:7", author, asked), answer)


def export(form: Form, turns: Sequence[Turn], heading: Heading = HEADING, most: int = 10**6) -> Export:
    made = Export(form, heading, most)
    made.add(turns)
    return made


def file(form: Form, *turns: Turn, heading: Heading = HEADING) -> str:
    return export(form, turns, heading).file().decode()


def test_markdown_reads_like_a_conversation() -> None:
    seen = Turn(2, Question("k", "telegram:7", "Bob *", "", pictures=(PICTURE,)))
    cut = turn("And then?", "Well", "stopped")
    assert file("markdown", turn("# Why?\n\nTell me.", "**So.**"), cut, seen) == (
        "# Conversation\n\n"
        "**Ann**\n\n# Why?\n\nTell me.\n\n**teacher** (a/b)\n\n**So.**\n"
        "\n---\n\n"
        "**Ann**\n\nAnd then?\n\n**teacher** (a/b, stopped)\n\nWell\n"
        "\n---\n\n"
        "**Bob \\***\n\n*(picture, 640x480)*\n"
    )


def test_json_holds_what_is_known() -> None:
    assert json.loads(file("json", turn("a", "b", "failed"), turn("c", None), heading=GROUP)) == {
        "chat": "telegram:1:42",
        "exported_at": "2026-07-14T12:00:00+00:00",
        "turns": [
            {"question": "a", "author": "Ann", "answer": "b", "model": "a/b", "persona": "teacher", "state": "failed"},
            {"question": "c", "author": "Ann", "answer": None},
        ],
    }


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_that_was_withheld_stays_so(form: Form) -> None:
    assert "secret" not in file(form, turn("a", "secret", "withheld"), turn("a", "b"))


def test_jsonl_is_one_example_with_the_prompt_of_now() -> None:
    [line] = file("jsonl", turn("a", "b"), turn("c", "d", "incomplete")).splitlines()
    assert json.loads(line) == {
        "messages": [
            {"role": "system", "content": "You teach."},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
            {"role": "assistant", "content": "d"},
        ]
    }


def test_in_a_group_the_model_is_told_who_speaks() -> None:
    messages = json.loads(file("jsonl", turn("a", "b"), turn("c", "d", author="Bob"), heading=GROUP))["messages"]
    assert [each["content"] for each in messages[1:]] == ["Ann: a", "b", "Bob: c", "d"]
    assert messages[0]["content"].startswith("You teach.\n\nSeveral people write")


def test_a_model_learns_only_from_answers_that_are_some() -> None:
    states = {state: turn(f"to {state}", "b", state) for state in get_args(AnswerState)}
    bare = [turn("a", None), turn("a", " \n"), turn("  ", "b")]
    messages = json.loads(file("jsonl", *states.values(), *bare))["messages"]
    assert [each["content"] for each in messages[1::2]] == ["to complete", "to stopped", "to incomplete"]
    assert export("jsonl", bare).kept == 0


@pytest.mark.parametrize("form", FORMS)
def test_the_oldest_turns_are_left_out_of_a_file_that_is_full(form: Form) -> None:
    turns = [turn(f"question {number}", "x" * 100) for number in range(50)]
    whole = export(form, turns)
    assert (whole.kept, whole.left_out) == (50, 0)
    size = len(whole.file())
    assert export(form, turns, most=size).left_out == 0
    assert export(form, turns, most=size - 1).left_out == 1
    part = export(form, turns, most=size // 2)
    assert part.kept + part.left_out == 50
    text = part.file().decode()
    assert f"question {part.left_out}" in text
    assert f"question {part.left_out - 1}" not in text
    assert "question 49" in text


@pytest.mark.parametrize("form", FORMS)
def test_a_turn_that_is_too_large_alone_leaves_an_empty_file(form: Form) -> None:
    made = export(form, [turn("a", "b"), turn("a", "b" * 1000)], most=500)
    assert (made.kept, made.left_out) == (0, 2)
    made.add([turn("c", "d")])
    assert (made.kept, made.left_out) == (1, 2)


words = st.text(max_size=30)
turns_of_any_kind = st.builds(
    Turn,
    st.integers(1),
    st.builds(Question, words, words, words, words),
    st.none() | st.builds(Answer, words, st.sampled_from(get_args(AnswerState)), words, words),
)


@given(st.sampled_from(FORMS), st.lists(turns_of_any_kind, max_size=12), st.booleans(), st.integers(0, 2000))
def test_any_file_is_whole_and_fits(form: Form, turns: list[Turn], group: bool, most: int) -> None:
    made = export(form, turns, GROUP if group else HEADING, most)
    all_of_them = export(form, turns, GROUP if group else HEADING, 10**9)
    assert made.kept + made.left_out == all_of_them.kept
    if not made.kept:
        return
    data = made.file()
    assert len(data) <= most
    match form:
        case "json":
            whole, part = (json.loads(each.file())["turns"] for each in (all_of_them, made))
            assert part == whole[-made.kept :]
        case "jsonl":
            check_example(data)
        case "markdown":
            last = all_of_them.file()
            assert last.endswith(data.removeprefix(b"# Conversation\n\n"))


def check_example(data: bytes) -> None:
    """OpenAI's rules for a file to fine-tune a chat model with, as its guide and its Cookbook's checks say them."""
    text = data.decode("utf-8")
    assert text.endswith("\n")
    for line in text.removesuffix("\n").split("\n"):
        example: Any = json.loads(line)
        assert isinstance(example, dict)
        assert set(example) == {"messages"}
        messages = example["messages"]
        assert isinstance(messages, list)
        for message in messages:
            assert set(message) <= {"role", "content", "name", "weight"}
            assert message["role"] in ("system", "user", "assistant")
            assert isinstance(message["content"], str)
            assert message["content"].strip()
            assert message.get("weight", 1) in (0, 1)
            assert "weight" not in message or message["role"] == "assistant"
        roles = [message["role"] for message in messages]
        assert "system" not in roles[1:]
        assert "user" in roles
        assert roles[-1] == "assistant"
