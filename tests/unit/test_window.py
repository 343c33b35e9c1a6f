"""What of a conversation is sent to the model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.window import GROUP_RULE, OWN_QUOTE_LENGTH, Window, with_attachments, with_quote
from bot.domain.attachments import Attachment
from bot.domain.conversations import Exchange, Question
from bot.domain.messages import Quote
from bot.domain.personas import Persona
from bot.llm.tokens import estimate_tokens

PERSONA = Persona("teacher", "You teach.")


def question(text: str, author: str = "Ann") -> Question:
    return Question(f"key of {text}", "telegram:1", author, text)


def past(asked: str, answered: str | None) -> Exchange:
    return Exchange("Ann", asked, answered)


def sent(window: Window, history: list[Exchange], asked: str = "now?") -> list[tuple[str, object]]:
    return [(message.role, message.content) for message in window.messages(PERSONA, history, question(asked))]


def test_the_persona_the_history_and_the_question_in_this_order() -> None:
    window = Window(len, 1000, group=False)
    assert sent(window, [past("first?", "First."), past("second?", "Second.")]) == [
        ("system", "You teach."),
        ("user", "first?"),
        ("assistant", "First."),
        ("user", "second?"),
        ("assistant", "Second."),
        ("user", "now?"),
    ]


def test_in_a_group_everybody_has_a_name() -> None:
    messages = sent(Window(len, 1000, group=True), [past("first?", "First.")])
    assert messages[0] == ("system", f"You teach.\n\n{GROUP_RULE}")
    assert messages[1] == ("user", "Ann: first?")
    assert messages[2] == ("assistant", "First.")
    assert messages[3] == ("user", "Ann: now?")


@pytest.mark.parametrize("answered", [None, "", " \n"])
def test_a_question_without_an_answer_is_not_asked_again(answered: str | None) -> None:
    messages = sent(Window(len, 1000, group=False), [past("old?", answered), past("kept?", "Kept.")])
    assert [content for _, content in messages] == ["You teach.", "kept?", "Kept.", "now?"]


def test_old_turns_go_first_and_whole() -> None:
    history = [past("q" * 10, "a" * 10) for _ in range(10)]
    assert len(sent(Window(len, 45, group=False), history)) == 2 + 2 * 2


def test_no_budget_no_history() -> None:
    assert len(sent(Window(len, 0, group=False), [past("q", "a")])) == 2


@given(st.lists(st.tuples(st.text(max_size=200), st.text(min_size=1, max_size=200)), max_size=30), st.integers(0, 500))
def test_the_history_never_exceeds_its_budget(texts: list[tuple[str, str]], tokens: int) -> None:
    history = [past(asked, answered) for asked, answered in texts]
    inner = Window(estimate_tokens, tokens, group=False).messages(PERSONA, history, question("now?"))[1:-1]
    assert sum(estimate_tokens(str(message.content)) for message in inner) <= tokens
    assert [message.role for message in inner] == ["user", "assistant"] * (len(inner) // 2)


def test_a_quote_comes_before_the_words_with_its_author() -> None:
    text = with_quote("Is that so?", Quote("Ben", "The sky is green.\nReally."))
    assert text == "(in reply to Ben)\n> The sky is green.\n> Really.\n\nIs that so?"


def test_the_bots_own_words_are_only_hinted_at() -> None:
    text = with_quote("Why?", Quote("Parley", "word " * 1000, from_bot=True))
    assert len(text) < OWN_QUOTE_LENGTH + 60
    assert text.startswith("(in reply to your own message)")


def test_no_quote_no_change() -> None:
    assert with_quote("Why?", None) == "Why?"
    assert with_quote("Why?", Quote("Ben", " ")) == "Why?"


def test_files_are_named_because_the_model_cannot_open_them() -> None:
    files = (Attachment("image", "h1"), Attachment("document", "h2", name="a.pdf"))
    text = with_attachments("What is this?", files)
    assert text == "What is this?\n\n(attached, but you cannot open it: image, document a.pdf)"
    assert with_attachments("What?", ()) == "What?"
