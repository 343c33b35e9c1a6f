"""What of a conversation is sent to the model."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.window import (
    GROUP_RULE,
    KEPT_PICTURES,
    MADE_BY_YOU,
    OWN_QUOTE_LENGTH,
    PICTURE_TOKENS,
    WITHOUT_WORDS,
    Window,
    recent_pictures,
    with_quote,
)
from bot.domain.attachments import Attachment
from bot.domain.conversations import Exchange, Question
from bot.domain.media import Picture, PictureRef
from bot.domain.messages import Quote
from bot.domain.personas import Persona
from bot.domain.prompts import Part, PromptMessage, TextPart
from bot.llm.tokens import estimate_tokens

PERSONA = Persona("teacher", "You teach.")


def question(text: str, author: str = "Ann", *pictures: Picture) -> Question:
    return Question(f"key of {text}", "telegram:1", author, text, pictures=refs(pictures))


def past(asked: str, answered: str | None, *, shown: Sequence[Picture] = (), made: Sequence[Picture] = ()) -> Exchange:
    return Exchange("Ann", asked, answered, refs(shown), refs(made))


def picture(name: str) -> Picture:
    return Picture(name.encode(), "image/png", 640, 480)


def refs(pictures: Sequence[Picture]) -> tuple[PictureRef, ...]:
    return tuple(each.ref for each in pictures)


def looking(*pictures: Picture, tokens: int = 100_000, group: bool = False) -> Window:
    """A window that may show these pictures."""
    return Window(len, tokens, group, {each.ref.digest: each for each in pictures})


def seen(message: PromptMessage) -> list[str]:
    """What a message holds, in order: its words, and of its pictures the names."""
    if isinstance(message.content, str):
        return [message.content]
    return [_told(part) for part in message.content]


def _told(part: Part) -> str:
    if isinstance(part, TextPart):
        return part.text
    head, _, data = part.data_uri.partition(",")
    assert head == "data:image/png;base64"
    return f"<{base64.b64decode(data).decode()}>"


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


# Pictures


FILES = (Attachment("voice", "h"),)
A, B, C, D, E = (picture(name) for name in "ABCDE")


def test_a_question_goes_with_its_pictures_in_their_order() -> None:
    messages = looking(A, B).messages(PERSONA, [], question("What are these?", "Ann", B, A))

    assert seen(messages[-1]) == ["What are these?", "<B>", "<A>"]
    assert messages[-1].role == "user"


def test_a_question_may_be_a_picture_alone() -> None:
    assert seen(looking(A).messages(PERSONA, [], question("", "Ann", A))[-1]) == ["<A>"]


def test_in_a_group_a_picture_without_words_has_an_author() -> None:
    assert seen(looking(A, group=True).messages(PERSONA, [], question("", "Ben", A))[-1]) == ["Ben: ", "<A>"]


def test_pictures_of_earlier_questions_stay_with_their_words() -> None:
    history = [past("Look!", "Nice.", shown=[A]), past("And?", "Well.")]

    messages = looking(A, B).messages(PERSONA, history, question("now?", "Ann", B))

    assert [seen(each) for each in messages[1:]] == [["Look!", "<A>"], ["Nice."], ["And?"], ["Well."], ["now?", "<B>"]]
    assert messages[3] == PromptMessage("user", "And?")


def test_a_picture_that_is_not_at_hand_is_told_of() -> None:
    history = [past("Look!", "Nice.", shown=[A]), past("", "Both?", shown=[A, C]), past("Two!", "Yes.", shown=[B, C])]

    messages = looking(B).messages(PERSONA, history, question("now?"))

    gone = "came along, not shown to you now: 640x480"
    assert seen(messages[1]) == [f"Look!\n\n(a picture {gone})"]
    assert seen(messages[3]) == [f"(2 pictures {gone}, 640x480)"]
    assert seen(messages[5]) == [f"Two!\n\n(a picture {gone})", "<B>"]


def test_what_the_bot_made_goes_with_the_persons_next_words() -> None:
    history = [past("Draw!", "Here.", made=[A]), past("Now blue.", "There.", shown=[B], made=[C])]

    messages = looking(A, B, C).messages(PERSONA, history, question("Green!"))

    assert [seen(each) for each in messages[1:]] == [
        ["Draw!"],
        ["Here."],
        [MADE_BY_YOU, "<A>", "Now blue.", "<B>"],
        ["There."],
        [MADE_BY_YOU, "<C>", "Green!"],
    ]
    assert all(isinstance(each.content, str) for each in messages if each.role == "assistant")


def test_what_the_bot_made_outlives_a_question_without_an_answer() -> None:
    history = [past("Draw!", "Here.", made=[A]), past("Lost.", None)]

    assert seen(looking(A).messages(PERSONA, history, question("Blue!"))[-1]) == [MADE_BY_YOU, "<A>", "Blue!"]


def test_made_pictures_that_are_gone_leave_plain_words() -> None:
    messages = looking().messages(PERSONA, [past("Draw!", "[made a picture: x]", made=[A])], question("Blue!"))

    assert messages[-1] == PromptMessage("user", "Blue!")


def test_an_answer_of_pictures_alone_is_an_answer() -> None:
    history = [past("Draw!", "\n", made=[A])]

    assert [seen(each) for each in looking(A).messages(PERSONA, history, question("Blue!"))[1:]] == [
        ["Draw!"],
        [WITHOUT_WORDS],
        [MADE_BY_YOU, "<A>", "Blue!"],
    ]


def test_pictures_at_hand_leave_text_as_it_was() -> None:
    history = [past("first?", "First."), past("second?", "Second.")]

    assert looking(A, B).messages(PERSONA, history, question("now?")) == (
        PromptMessage("system", "You teach."),
        PromptMessage("user", "first?"),
        PromptMessage("assistant", "First."),
        PromptMessage("user", "second?"),
        PromptMessage("assistant", "Second."),
        PromptMessage("user", "now?"),
    )


@pytest.mark.parametrize(("tokens", "turns"), [(2 * PICTURE_TOKENS + 5, 1), (2 * PICTURE_TOKENS + 4, 0)])
def test_pictures_count_against_the_history(tokens: int, turns: int) -> None:
    history = [past("Dra", "w!", shown=[A], made=[B])]

    assert len(looking(A, B, tokens=tokens).messages(PERSONA, history, question("?"))) == 2 + 2 * turns


def test_pictures_that_do_not_go_along_cost_nothing() -> None:
    assert len(looking(tokens=5).messages(PERSONA, [past("Dra", "w!", shown=[A], made=[B])], question("?"))) == 4


def test_the_newest_pictures_of_the_history_are_kept() -> None:
    history = [past("1", "a", shown=[A, B]), past("2", "b", shown=[C], made=[D]), past("3", "c"), past("4", None)]

    assert KEPT_PICTURES == 4
    assert recent_pictures(history) == [each.ref.digest for each in (D, C, B, A)]
    assert recent_pictures([*history, past("5", "d", shown=[E])]) == [each.ref.digest for each in (E, D, C, B)]
    assert recent_pictures([]) == []


def test_a_picture_that_comes_twice_is_kept_once() -> None:
    history = [past("1", "a", shown=[A]), past("2", "b", shown=[B]), *[past("again", "c", shown=[C, C])] * 4]

    assert recent_pictures(history) == [each.ref.digest for each in (C, B, A)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "words", "\n"]),
            st.sampled_from([None, "", "Words."]),
            st.lists(st.sampled_from([A, B, C, D, E]), max_size=3),
            st.lists(st.sampled_from([A, B, C, D, E]), max_size=2),
        ),
        max_size=8,
    ),
    st.sets(st.sampled_from([A, B, C, D, E])),
    st.integers(0, 6 * PICTURE_TOKENS),
)
def test_whatever_the_history_pictures_are_the_persons_and_at_hand(
    texts: list[tuple[str, str | None, list[Picture], list[Picture]]], at_hand: set[Picture], tokens: int
) -> None:
    history = [past(asked, said, shown=shown, made=made) for asked, said, shown, made in texts]

    messages = looking(*at_hand, tokens=tokens).messages(PERSONA, history, question("now?"))

    assert [each.role for each in messages[1:]] == ["user", "assistant"] * ((len(messages) - 2) // 2) + ["user"]
    assert all(isinstance(each.content, str) and each.content.strip() for each in messages if each.role == "assistant")
    shown = {name for each in messages for name in seen(each) if name.startswith("<")}
    assert shown <= {f"<{each.data.decode()}>" for each in at_hand}
    in_history = sum(name.startswith("<") for each in messages[1:] for name in seen(each))
    assert in_history * PICTURE_TOKENS <= tokens


def test_a_quote_comes_before_the_words_with_its_author() -> None:
    text = with_quote("Is that so?", Quote("Ben", "The sky is green.\nReally."))
    assert text == "(in reply to Ben)\n> The sky is green.\n> Really.\n\nIs that so?"


def test_the_bots_own_words_are_only_hinted_at() -> None:
    text = with_quote("Why?", Quote("Parley", "word " * 1000, from_bot=True))
    assert len(text) < OWN_QUOTE_LENGTH + 60
    assert text.startswith("(in reply to your own message)")


@pytest.mark.parametrize(
    ("quote", "whose"),
    [(Quote("Ben", " ", attachments=FILES), "Ben's"), (Quote("Parley", "", True, FILES), "your own")],
)
def test_of_files_without_words_the_model_is_told_whose_they_are(quote: Quote, whose: str) -> None:
    assert with_quote("Why?", quote) == f"(in reply to {whose} message, whose files came along)\n\nWhy?"


def test_no_quote_no_change() -> None:
    assert with_quote("Why?", None) == "Why?"
    assert with_quote("Why?", Quote("Ben", " ")) == "Why?"
