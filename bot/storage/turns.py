"""The way from turns to rows, and back. Rows are taken apart by position: by name, it takes longer than the query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from bot.domain.conversations import Answer, AnswerState, Exchange, History, Question, Turn
from bot.domain.media import PictureRef
from bot.domain.usage import Usage
from bot.storage.tables import messages

USER = "user"
ASSISTANT = "assistant"

# In the order in which `turns_of` takes them apart.
TURN_COLUMNS = (
    messages.c.id,
    messages.c.role,
    messages.c.text,
    messages.c.pictures,
    messages.c.key,
    messages.c.author_id,
    messages.c.author_name,
    messages.c.message_id,
    messages.c.state,
    messages.c.model,
    messages.c.persona,
    messages.c.message_ids,
    messages.c.reasoning,
    messages.c.prompt_tokens,
    messages.c.completion_tokens,
    messages.c.cached_tokens,
    messages.c.reasoning_tokens,
)

# What is left of an answer that was dropped. A question without an author's name, of any length, is one that was.
DROPPED_ANSWER: Mapping[str, Any] = {"text": "", "pictures": None, "reasoning": None}
DROPPED_QUESTION: Mapping[str, Any] = {**DROPPED_ANSWER, "author_name": None}


def question_row(question: Question) -> dict[str, Any]:
    return {
        "role": USER,
        "text": question.text,
        "pictures": stored_refs(question.pictures),
        "key": question.key,
        "author_id": question.author_id,
        "author_name": question.author_name,
        "message_id": question.message_id,
    }


def answer_row(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    return {
        "role": ASSISTANT,
        "text": answer.text,
        "pictures": stored_refs(answer.pictures),
        "state": answer.state,
        "model": answer.model,
        "persona": answer.persona,
        "message_ids": list(answer.message_ids),
        "reasoning": answer.reasoning or None,
        "prompt_tokens": usage and usage.prompt_tokens,
        "completion_tokens": usage and usage.completion_tokens,
        "cached_tokens": usage and usage.cached_tokens,
        "reasoning_tokens": usage and usage.reasoning_tokens,
    }


def turns_of(rows: Iterable[Sequence[Any]]) -> list[Turn]:
    """The turns of rows of `TURN_COLUMNS` in which every answer follows its question; dropped ones are left out."""
    turns: list[Turn] = []
    kept = False
    for number, role, text, pictures, *rest in rows:
        refs = _refs(pictures) if pictures else ()
        if role == USER:
            kept = rest[2] is not None
            if kept:
                turns.append(Turn(number, _question(text, refs, *rest[:4])))
        elif kept:
            turns[-1] = replace(turns[-1], answer=_answer(number, text, refs, *rest[4:13]))
    return turns


def answer_of(row: Sequence[Any]) -> Answer:
    """The answer of a row of `TURN_COLUMNS`."""
    number, _, text, pictures, *rest = row
    return _answer(number, text, _refs(pictures) if pictures else (), *rest[4:13])


def history_of(rows: Sequence[Sequence[Any]]) -> History:
    """What rows of `bot.storage.history.BEFORE` tell. Only the first of them can have a summary."""
    if not rows or rows[0][-1] is None:
        return History(_exchanges(rows))
    # A question that was summed up before it had an answer is told once more: that one says nothing without it.
    answered = rows[0][0] == USER and len(rows) > 1 and rows[1][0] == ASSISTANT
    return History(_exchanges(rows if answered else rows[1:]), rows[0][-1])


def _exchanges(rows: Sequence[Sequence[Any]]) -> tuple[Exchange, ...]:
    """From the newest, so that each is made once: a value takes longer to make than its row to read."""
    exchanges: list[Exchange] = []
    answer: str | None = None
    made: tuple[PictureRef, ...] = ()
    end = 0
    for role, text, author, pictures, number, _ in reversed(rows):
        refs = _refs(pictures) if pictures else ()
        if role == ASSISTANT:
            answer, made, end = text, refs, number
            continue
        if author is not None:
            exchanges.append(Exchange(author, text, answer, refs, made, end or number))
        answer, made, end = None, (), 0
    return tuple(reversed(exchanges))


def stored_refs(refs: Sequence[PictureRef]) -> list[dict[str, Any]] | None:
    """What the column `pictures` holds: nothing where there are none, as in rows that are older than the column."""
    return [asdict(ref) for ref in refs] or None


def _refs(stored: Iterable[Mapping[str, Any]]) -> tuple[PictureRef, ...]:
    return tuple(PictureRef(each["digest"], each["width"], each["height"]) for each in stored)


def _question(
    text: str, refs: tuple[PictureRef, ...], key: str, author_id: str, author_name: str, message_id: str | None
) -> Question:
    return Question(key, author_id, author_name, text, message_id, refs)


def _answer(
    number: int,
    text: str,
    refs: tuple[PictureRef, ...],
    state: AnswerState,
    model: str,
    persona: str,
    message_ids: Iterable[str],
    reasoning: str | None,
    *usage: int,
) -> Answer:
    return Answer(text, state, model, persona, _usage(*usage), tuple(message_ids), refs, reasoning or "", number)


def _usage(prompt: int | None, completion: int, cached: int, reasoning: int) -> Usage | None:
    return None if prompt is None else Usage(prompt, completion, cached, reasoning)
