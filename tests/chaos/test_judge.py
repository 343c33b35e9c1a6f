"""The judge can fail: each kind of violation, made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.replies import notices
from tests.chaos.answers import answer_text, pieces_of, question_text, read
from tests.chaos.judge import Asked, Excuse, Record, Seen, Stored, judge

INTERRUPTED = notices.INTERRUPTED.say()
DOWN = notices.PROVIDER_DOWN.say(model="`fake/test-model`")
FAILED = notices.MESSAGE_FAILED.say()


def asked(number: int, words: int = 10, *excuses: Excuse) -> Asked:
    return Asked(number, f"m{number}", words, frozenset(excuses))


def answer(number: int, words: int = 10, *, attempt: int = 0, footer: str = "", message_id: str = "") -> Seen:
    text = answer_text(number, attempt, words) if words else ""
    shown = "\n\n".join(part for part in (text, footer) if part)
    return Seen(message_id or f"a{number}", shown, ("Retry",), f"m{number}")


def stored(number: int, words: int = 10, *, state: str = "complete", ids: tuple[str, ...] = ()) -> Stored:
    return Stored(question_text(number), answer_text(number, 0, words), state, ids or (f"a{number}",))


RIGHT = Record("here", (asked(1), asked(2)), (answer(1), answer(2)), (stored(1), stored(2)), replies=True)


def with_seen(*seen: Seen) -> Record:
    return replace(RIGHT, seen=seen)


def test_what_is_right_passes() -> None:
    verdict = judge(RIGHT)
    assert verdict.violations == []
    assert verdict.outcomes == {1: "whole", 2: "whole"}
    assert verdict.repeats == 0


def test_an_answer_in_several_messages_passes() -> None:
    text = answer_text(1, 0, 100)
    pieces = pieces_of(text, 40)
    parts = tuple(Seen(f"p{number}", piece) for number, piece in enumerate(pieces))
    parts = (replace(parts[0], reply_to="m1"), *parts[1:-1], replace(parts[-1], buttons=("Retry",)))
    whole = replace(stored(1, 100), message_ids=tuple(part.message_id for part in parts))
    assert judge(Record("here", (asked(1, 100),), parts, (whole,), replies=True)).violations == []


@pytest.mark.parametrize(
    ("excuse", "sentence", "words", "state"),
    [("restart", INTERRUPTED, 4, "incomplete"), ("model", DOWN, 0, "failed"), ("model", DOWN, 4, "failed")],
)
def test_a_sentence_with_an_excuse_passes(excuse: Excuse, sentence: str, words: int, state: str) -> None:
    seen = answer(1, words, footer=sentence)
    record = Record("here", (asked(1, 10, excuse),), (seen,), (stored(1, words, state=state),), replies=True)
    verdict = judge(record)
    assert verdict.violations == []
    assert verdict.outcomes == {1: excuse}


def test_a_sentence_alone_stands_for_its_question() -> None:
    sentence = Seen("s", FAILED)
    record = replace(RIGHT, asked=(asked(1, 10, "storage"), asked(2)), seen=(sentence, answer(2)), stored=(stored(2),))
    assert judge(record).violations == []


def test_what_the_bot_was_not_told_may_be_missing() -> None:
    record = replace(RIGHT, asked=(asked(1), asked(2), replace(asked(3), unheard=True)))
    assert judge(record).violations == []


def test_what_the_bot_could_not_write_down_before_it_died_may_be_missing_or_answered_again() -> None:
    forgotten = replace(RIGHT, asked=(asked(1), asked(2), replace(asked(3), unkept=True)))
    assert judge(forgotten).violations == []
    first = replace(answer(1, 4, footer=DOWN), message_id="b")
    again = replace(RIGHT, asked=(replace(asked(1), unkept=True), asked(2)), seen=(first, answer(1), answer(2)))
    verdict = judge(again)
    assert (verdict.violations, verdict.repeats) == ([], 1)


def test_what_was_shown_beyond_what_could_be_written_down_may_stay() -> None:
    """Once the next process has ended what it knew of the answer."""
    shown = replace(answer(1, 8, message_id="x"), buttons=("Stop",), reply_to=None)
    asked_then = (replace(asked(1, 10, "restart"), unkept=True), asked(2))
    kept = (stored(1, 4, state="incomplete"), stored(2))
    record = replace(RIGHT, asked=asked_then, seen=(answer(1, 4, footer=INTERRUPTED), shown, answer(2)), stored=kept)
    verdict = judge(record)
    assert (verdict.violations, verdict.repeats) == ([], 1)
    assert judge(replace(record, seen=(shown, answer(2)))).violations
    assert judge(replace(record, asked=(asked(1, 10, "restart"), asked(2)))).violations


def test_a_message_that_the_bot_cannot_know_is_counted() -> None:
    stray = replace(answer(1, 4, message_id="x"), unsure=True, buttons=("Stop",))
    verdict = judge(with_seen(stray, answer(1), answer(2)))
    assert verdict.violations == []
    assert verdict.repeats == 1


WRONG: dict[str, tuple[Record, str]] = {
    "lost": (with_seen(answer(2)), "no answer to question 001"),
    "doubled": (with_seen(answer(1), answer(1, message_id="b"), answer(2)), "question 001 was answered 2 times"),
    "out of order": (with_seen(answer(2), answer(1)), "answered in the order [2, 1]"),
    "somebody else's": (with_seen(answer(1), answer(2), answer(7)), "question 007, which nobody asked here"),
    "one sentence too many": (with_seen(answer(1), Seen("s", FAILED), answer(2)), "1 sentences for 0 questions"),
    "words lost at the end": (with_seen(answer(1, 8), answer(2)), "ends after word 8 of 10"),
    "words lost": (
        with_seen(replace(answer(1), text=answer_text(1, 0, 10).replace("q001a00w0004", "")), answer(2)),
        "after word 3 come [5, 6, 7, 8]",
    ),
    "words doubled": (
        with_seen(replace(answer(1), text=answer_text(1, 0, 4) + " " + answer_text(1, 0, 10)), answer(2)),
        "after word 4 come [1, 2, 3, 4]",
    ),
    "more words than there are": (with_seen(answer(1, 12), answer(2)), "has 12 words, not 10"),
    "attempts mixed": (
        with_seen(replace(answer(1), text=answer_text(1, 0, 4) + answer_text(1, 1, 10)), answer(2)),
        "mixed of attempts [0, 1]",
    ),
    "questions mixed": (
        with_seen(replace(answer(1), text=answer_text(1, 0, 10) + answer_text(2, 0, 4)), answer(2)),
        "mixed with others",
    ),
    "unknown words": (with_seen(answer(1, footer="Hello!"), answer(2)), "unknown words: 'Hello!'"),
    "no excuse": (with_seen(answer(1, 4, footer=INTERRUPTED), answer(2)), "nothing excuses"),
    "words lost in a restart": (
        Record("here", (replace(asked(1, 10, "restart"), kept={0: 6}),), (answer(1, 4, footer=INTERRUPTED),)),
        "4 words are left of 6",
    ),
    "Stop is left": (with_seen(replace(answer(1), buttons=("Stop",)), answer(2)), "still offers Stop"),
    "a reply to another": (with_seen(answer(1), replace(answer(2), reply_to="m1")), "replies to m1, not to m2"),
    "not stored": (replace(RIGHT, stored=(stored(2),)), "question 001: no answer is stored"),
    "stored twice": (replace(RIGHT, stored=(stored(1), stored(1), stored(2))), "2 answers are stored"),
    "stored otherwise": (replace(RIGHT, stored=(stored(1, 8), stored(2))), "8 words are stored, 10 are shown"),
    "stored as another state": (
        replace(RIGHT, stored=(stored(1, state="incomplete"), stored(2))),
        "stored as incomplete",
    ),
    "stored elsewhere": (replace(RIGHT, stored=(stored(1, ids=("z",)), stored(2))), "stored as messages ('z',)"),
    "a strange message twice": (
        with_seen(replace(answer(9, message_id="x"), unsure=True), answer(1), answer(2)),
        "sent twice perhaps",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str) -> None:
    record, words = WRONG[name]
    violations = judge(record).violations
    assert any(words in violation for violation in violations), violations


def test_an_answer_names_each_of_its_words() -> None:
    reading = read(answer_text(7, 2, 300))
    assert [word.number for word in reading.words] == list(range(1, 301))
    assert {(word.question, word.attempt) for word in reading.words} == {(7, 2)}
    assert reading.rest == ""
