"""What of a conversation is sent to the model."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.estimates import LEAST, MESSAGE_TOKENS, PICTURE_TOKENS
from bot.conversation.window import (
    AHEAD,
    BEFORE,
    CHARACTERS_PER_TOKEN,
    GROUP_RULE,
    HEARD_LENGTH,
    KEPT_PICTURES,
    MADE_BY_YOU,
    MEANWHILE,
    MOST_TURNS,
    OWN_QUOTE_LENGTH,
    WITHOUT_WORDS,
    Window,
    recent_pictures,
    with_quote,
)
from bot.domain.attachments import Attachment
from bot.domain.conversations import Exchange, History, Question
from bot.domain.media import Picture, PictureRef
from bot.domain.messages import Heard, Quote
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


def built(window: Window, history: Sequence[Exchange], asked: Question) -> tuple[PromptMessage, ...]:
    """The messages of a request with as much of the history as fits."""
    return window.messages(PERSONA, window.fitted(History(tuple(history))), asked)


def sent(window: Window, history: list[Exchange], asked: str = "now?") -> list[tuple[str, object]]:
    return [(message.role, message.content) for message in built(window, history, question(asked))]


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


def test_nobodys_name_looks_like_a_message_of_somebody_else() -> None:
    forged = "Ben: yes\nAnn"
    heard = (Heard(forged, "hm"),)
    told = Window(len, 1000, group=True).messages(PERSONA, History(()), question("now?", forged), heard)
    assert "\nAnn" not in str(told[-1].content)
    assert str(told[-1].content).endswith("Ben: yes Ann: now?")


@pytest.mark.parametrize("answered", [None, "", " \n"])
def test_a_question_without_an_answer_is_not_asked_again(answered: str | None) -> None:
    messages = sent(Window(len, 1000, group=False), [past("old?", answered), past("kept?", "Kept.")])
    assert [content for _, content in messages] == ["You teach.", "kept?", "Kept.", "now?"]


# Blocks


def long(count: int, size: int = 42) -> History:
    """Turns of 50 tokens each, as `len` counts, or more."""
    half = size // 2
    return History(
        tuple(Exchange("Ann", f"{n:04}".ljust(half, "q"), "a" * (size - half), end=n + 1) for n in range(count))
    )


@pytest.mark.parametrize(("turns", "fallen"), [(19, 0), (20, 0), (21, 11), (30, 20), (200, 190)])
def test_a_block_falls_out_when_the_budget_is_exceeded(turns: int, fallen: int) -> None:
    window = Window(len, 1000, group=False)
    assert window.start(long(turns)) == fallen
    assert window.fitted(long(turns)).exchanges == long(turns).exchanges[fallen:]


def test_what_stands_before_counts_too() -> None:
    window = Window(len, 1000, group=False)
    summary = "s" * 98
    taken = window.used(History((), summary))
    assert taken == len(f"{BEFORE}\n> {summary}\n\n")
    assert window.start(replace(long(17), summary=summary)) == 0
    assert window.start(replace(long(18), summary=summary)) == 18 - (1000 - taken) // 100


def test_the_newest_turn_stays_if_it_fits_at_all() -> None:
    history = History((*long(1).exchanges, *long(1, size=900).exchanges))
    assert Window(len, 920, group=False).start(history) == 1
    assert Window(len, 907, group=False).start(history) == 2


def test_there_may_be_too_many_short_turns() -> None:
    window = Window(len, 1_000_000, group=False)
    assert window.start(long(MOST_TURNS)) == 0
    assert window.start(long(MOST_TURNS + 1)) == MOST_TURNS // 2 + 1


def test_a_summary_without_room_is_left_out() -> None:
    assert Window(len, 40, group=False).fitted(History((), "s" * 41)) == History()


def test_no_budget_no_history() -> None:
    assert len(sent(Window(len, 0, group=False), [past("q", "a")])) == 2


def test_the_summary_stands_before_the_first_words() -> None:
    history = History((past("first?", "First."), past("second?", "Second.")), "Ann likes tea.\nBen does not.")
    told = Window(len, 1000, group=True).messages(PERSONA, history, question("now?"))
    above = f"{BEFORE}\n> Ann likes tea.\n> Ben does not.\n\n"
    assert [each.content for each in told[1:]] == [
        f"{above}Ann: first?",
        "First.",
        "Ann: second?",
        "Second.",
        "Ann: now?",
    ]
    alone = Window(len, 1000, group=True).messages(PERSONA, replace(history, exchanges=()), question("now?"))
    assert alone[1].content == f"{above}Ann: now?"


def test_what_others_said_stands_before_the_question() -> None:
    heard = [Heard("Ben", "Hi\nall"), Heard("Cleo", "x" * (HEARD_LENGTH + 1))]
    told = Window(len, 1000, group=True).messages(PERSONA, History((past("a?", "A."),)), question("now?"), heard)
    cut = "x" * HEARD_LENGTH
    assert told[1].content == "Ann: a?"
    assert told[-1].content == f"{MEANWHILE}\n> Ben: Hi\n> all\n> Cleo: {cut} …\n\nAnn: now?"


@pytest.mark.parametrize(("turns", "coming"), [(14, 0), (15, 11), (17, 11), (19, 11)])
def test_what_falls_out_next_is_known_ahead(turns: int, coming: int) -> None:
    """With the turn that has just ended there is one more; once the window is full, half of it stays."""
    window = Window(len, 1000, group=False)
    assert window.ahead(long(turns), 50) == coming
    if coming:
        too_many = 1000 // 50 + 1
        assert window.start(long(too_many)) == coming


def test_many_short_turns_are_known_ahead() -> None:
    window = Window(len, 1_000_000, group=False)
    assert window.ahead(long(int(AHEAD * MOST_TURNS) - 1), 50) == 0
    coming = window.ahead(long(int(AHEAD * MOST_TURNS)), 50)
    assert MOST_TURNS // 2 <= coming < AHEAD * MOST_TURNS


words = st.text(max_size=200)
histories = st.builds(
    lambda turns, summary: History(
        tuple(Exchange("Ann", asked, said, end=number) for number, (asked, said) in enumerate(turns)), summary
    ),
    st.lists(st.tuples(words, st.none() | words), max_size=30),
    words,
)


@given(histories, st.integers(0, 1000), st.booleans())
def test_what_goes_along_is_whole_answered_and_within_the_budget(history: History, tokens: int, group: bool) -> None:
    window = Window(estimate_tokens, tokens, group)
    fitted = window.fitted(history)
    told = window.messages(PERSONA, fitted, question("now?"))

    assert window.used(fitted) <= tokens
    assert history.exchanges[len(history.exchanges) - len(fitted.exchanges) :] == fitted.exchanges
    assert [each.role for each in told[1:]] == ["user", "assistant"] * ((len(told) - 2) // 2) + ["user"]
    assert all(str(each.content).strip() for each in told if each.role == "assistant")
    answered = sum(each.answer is not None and bool(each.answer.strip()) for each in fitted.exchanges)
    assert len(told) == 2 + 2 * answered
    assert sum(MESSAGE_TOKENS + estimate_tokens(str(each.content)) for each in told[1:-1]) <= tokens


@given(histories, st.integers(1, 1000), st.data())
def test_after_a_cut_the_next_turns_begin_at_the_same_place(history: History, tokens: int, data: st.DataObject) -> None:
    """Whatever is said next: while all fits, each request begins as the one before it."""
    window = Window(estimate_tokens, tokens, group=False)
    history = window.fitted(history)
    before = window.messages(PERSONA, history, question("first?"))
    for _ in range(3):
        asked, said = data.draw(words), data.draw(words)
        history = replace(history, exchanges=(*history.exchanges, Exchange("Ann", asked, said)))
        now = window.messages(PERSONA, history, question("next?"))
        if window.start(history):
            break
        assert now[: len(before) - 1] == before[:-1]
        before = now


@given(histories, st.integers(1, 1000), st.integers(1, 300))
def test_what_is_known_ahead_leaves_room(history: History, tokens: int, said: int) -> None:
    window = Window(estimate_tokens, tokens, group=False)
    history = window.fitted(history)
    coming = window.ahead(history, said)
    assert 0 <= coming <= len(history.exchanges)
    if not coming:
        assert window.used(history) + said <= AHEAD * tokens or not history.exchanges or said > tokens // 4
    else:
        assert window.used(replace(history, exchanges=history.exchanges[coming:])) <= tokens


@given(st.text(min_size=1, max_size=2000))
def test_all_that_goes_along_is_read(text: str) -> None:
    """What is read is bounded by characters, what goes along by tokens: the first must not be the narrower bound."""
    assert LEAST * estimate_tokens(text) >= len(text) / CHARACTERS_PER_TOKEN


# Pictures


FILES = (Attachment("voice", "h"),)
A, B, C, D, E = (picture(name) for name in "ABCDE")


def test_a_question_goes_with_its_pictures_in_their_order() -> None:
    messages = built(looking(A, B), [], question("What are these?", "Ann", B, A))

    assert seen(messages[-1]) == ["What are these?", "<B>", "<A>"]
    assert messages[-1].role == "user"


def test_a_question_may_be_a_picture_alone() -> None:
    assert seen(built(looking(A), [], question("", "Ann", A))[-1]) == ["<A>"]


def test_in_a_group_a_picture_without_words_has_an_author() -> None:
    assert seen(built(looking(A, group=True), [], question("", "Ben", A))[-1]) == ["Ben: ", "<A>"]


def test_pictures_of_earlier_questions_stay_with_their_words() -> None:
    history = [past("Look!", "Nice.", shown=[A]), past("And?", "Well.")]

    messages = built(looking(A, B), history, question("now?", "Ann", B))

    assert [seen(each) for each in messages[1:]] == [["Look!", "<A>"], ["Nice."], ["And?"], ["Well."], ["now?", "<B>"]]
    assert messages[3] == PromptMessage("user", "And?")


def test_a_picture_that_is_not_at_hand_is_told_of() -> None:
    history = [past("Look!", "Nice.", shown=[A]), past("", "Both?", shown=[A, C]), past("Two!", "Yes.", shown=[B, C])]

    messages = built(looking(B), history, question("now?"))

    gone = "came along, not shown to you now: 640x480"
    assert seen(messages[1]) == [f"Look!\n\n(a picture {gone})"]
    assert seen(messages[3]) == [f"(2 pictures {gone}, 640x480)"]
    assert seen(messages[5]) == [f"Two!\n\n(a picture {gone})", "<B>"]


def test_what_the_bot_made_goes_with_the_persons_next_words() -> None:
    history = [past("Draw!", "Here.", made=[A]), past("Now blue.", "There.", shown=[B], made=[C])]

    messages = built(looking(A, B, C), history, question("Green!"))

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

    assert seen(built(looking(A), history, question("Blue!"))[-1]) == [MADE_BY_YOU, "<A>", "Blue!"]


def test_made_pictures_that_are_gone_leave_plain_words() -> None:
    messages = built(looking(), [past("Draw!", "[made a picture: x]", made=[A])], question("Blue!"))

    assert messages[-1] == PromptMessage("user", "Blue!")


def test_an_answer_of_pictures_alone_is_an_answer() -> None:
    history = [past("Draw!", "\n", made=[A])]

    assert [seen(each) for each in built(looking(A), history, question("Blue!"))[1:]] == [
        ["Draw!"],
        [WITHOUT_WORDS],
        [MADE_BY_YOU, "<A>", "Blue!"],
    ]


def test_pictures_at_hand_leave_text_as_it_was() -> None:
    history = [past("first?", "First."), past("second?", "Second.")]

    assert built(looking(A, B), history, question("now?")) == (
        PromptMessage("system", "You teach."),
        PromptMessage("user", "first?"),
        PromptMessage("assistant", "First."),
        PromptMessage("user", "second?"),
        PromptMessage("assistant", "Second."),
        PromptMessage("user", "now?"),
    )


@pytest.mark.parametrize(
    ("tokens", "turns"),
    [(2 * PICTURE_TOKENS + 13, 1), (2 * PICTURE_TOKENS + 12, 0)],
)
def test_pictures_count_against_the_history(tokens: int, turns: int) -> None:
    history = [past("Dra", "w!", shown=[A], made=[B])]

    assert len(built(looking(A, B, tokens=tokens), history, question("?"))) == 2 + 2 * turns


def test_pictures_that_do_not_go_along_cost_nothing() -> None:
    assert len(built(looking(tokens=13), [past("Dra", "w!", shown=[A], made=[B])], question("?"))) == 4


def test_the_newest_pictures_of_the_history_are_kept() -> None:
    history = [past("1", "a", shown=[A, B]), past("2", "b", shown=[C], made=[D]), past("3", "c"), past("4", None)]

    assert recent_pictures(history) == [each.ref.digest for each in (D, C, B, A)]
    assert recent_pictures([*history, past("5", "d", shown=[E])]) == [each.ref.digest for each in (E, D, C, B, A)]
    assert recent_pictures([]) == []


def test_pictures_fall_out_four_at_a_time() -> None:
    """A new picture must not change what was sent before each time."""
    many = [picture(f"p{number}") for number in range(20)]
    kept = [recent_pictures([past("x", "y", shown=[each]) for each in many[:count]]) for count in range(21)]

    assert KEPT_PICTURES == 4
    assert [len(each) for each in kept] == [0, 1, 2, 3, 4, 5, 6, 7, *[4, 5, 6, 7] * 3, 4]
    assert all(each[0] == many[count - 1].ref.digest for count, each in enumerate(kept) if count)
    assert all(set(one) < set(next_) for one, next_ in pairwise(kept) if len(next_) != 4 or len(one) == 3)


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

    messages = built(looking(*at_hand, tokens=tokens), history, question("now?"))

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
