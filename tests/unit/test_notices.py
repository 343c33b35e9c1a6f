"""The catalogue: a sentence for every failure, and nothing in a sentence that its values could break."""

from __future__ import annotations

import gettext
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from bot import errors
from bot.access.budgeting import BudgetWarning
from bot.access.counting import Whose
from bot.errors import (
    BrokenStream,
    CannotSee,
    ContentFiltered,
    EmptyAnswer,
    FileError,
    FileTooLarge,
    FileUnavailable,
    FileUnreadable,
    FileUnsupported,
    Flagged,
    ModelError,
    OverBudget,
    ParleyError,
    ProviderDown,
    RateLimited,
    RequestRefused,
    TooManyPixels,
)
from bot.replies import notices
from bot.replies.failures import (
    for_file_error,
    for_image_error,
    for_model_error,
    for_recording_error,
    for_speech_error,
    for_warning,
)
from bot.replies.notices import Notice, code

CATALOGUE = {name: value for name, value in vars(notices).items() if isinstance(value, Notice)}


Kind = TypeVar("Kind", bound=ParleyError)


def below(root: type[Kind]) -> Iterator[type[Kind]]:
    """The error classes below this one."""
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
            yield from below(kind)


def model_errors() -> list[type[ModelError]]:
    return list(below(ModelError))


def made(kind: type[ModelError], model: str, detail: str = "") -> ModelError:
    """An error of this class; some tell more than a detail."""
    if issubclass(kind, OverBudget):
        return kind(model, "person", 3600.0)
    if issubclass(kind, Flagged):
        return kind(model, "question", (detail,) if detail else ())
    return kind(model, detail)


def file_errors() -> list[FileError]:
    """One of each class."""
    limits: dict[type[FileError], FileError] = {FileTooLarge: FileTooLarge(20 * 1024 * 1024)}
    limits[TooManyPixels] = TooManyPixels(178)
    return [limits.get(kind) or kind() for kind in below(FileError)]


def test_the_walk_finds_the_tree() -> None:
    assert {ProviderDown, RateLimited, RequestRefused} <= set(model_errors())
    assert {FileTooLarge, FileUnreadable} <= {type(error) for error in file_errors()}


@pytest.mark.parametrize("kind", model_errors(), ids=lambda kind: kind.__name__)
def test_every_model_error_has_a_sentence_of_its_own(kind: type[ModelError]) -> None:
    said = for_model_error(made(kind, "acme/large"))

    assert said != notices.UNKNOWN_FAILURE.say()
    assert said.endswith(".")
    assert "{" not in said


def test_no_two_failures_share_a_sentence() -> None:
    said = [for_model_error(made(kind, "acme/large")) for kind in model_errors()]

    assert len(set(said)) == len(said)


def test_an_error_without_a_sentence_is_an_unknown_failure() -> None:
    assert for_model_error(ModelError("acme/large")) == notices.UNKNOWN_FAILURE.say()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "1 s"), (0.2, "1 s"), (30, "30 s"), (90, "90 s"), (91, "2 min"), (5400, "90 min"), (5401, "2 h")],
)
def test_a_rate_limit_says_when_to_come_back(seconds: float, said: str) -> None:
    assert f"Try again in {said}." in for_model_error(RateLimited("acme/large", retry_after=seconds))


WHOSE: list[tuple[Whose, str]] = [("person", "our budget"), ("chat", "his chat's"), ("total", "he bot's")]


@pytest.mark.parametrize(("whose", "named"), WHOSE)
def test_whose_budget_is_used_up(whose: Whose, named: str) -> None:
    said = for_model_error(OverBudget("acme/large", whose, 5 * 3600.0))
    assert named in said
    assert "5 h" in said
    for say in (for_image_error, for_recording_error, for_speech_error):
        assert say(OverBudget("acme/large", whose, 5 * 3600.0)) == said
        held = say(OverBudget("acme/large", whose, 5 * 3600.0, held=True))
        assert named in held
        assert "Ask again" in held

    warned = for_warning(BudgetWarning(whose, 83, 12 * 86400.0))
    assert named in warned
    assert "83 %" in warned
    assert "12 days" in warned


def test_what_moderation_refused() -> None:
    question = Flagged("acme/judge", "question", ("harassment/threatening", "a`b"))
    assert "(`harassment/threatening, a'b`)" in for_model_error(question)
    assert "withheld" in for_model_error(Flagged("acme/judge", "answer", ("hate",)))


def test_a_refusal_quotes_the_provider_in_one_line() -> None:
    said = for_model_error(RequestRefused("acme/large", "max_tokens is\ntoo {large}"))

    assert said == "`acme/large` refused this question. The provider says: max_tokens is too {large}."


def test_a_long_refusal_is_cut() -> None:
    assert len(for_model_error(RequestRefused("acme/large", "no " * 1000))) < 400


def test_words_of_others_cannot_leave_their_code_span() -> None:
    assert notices.code("a`b\n``c``") == "`a'b ''c''`"
    assert notices.code("") == "` `"
    assert len(notices.code("x" * 1000)) == 82


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_sentence_can_be_said(name: str) -> None:
    text = CATALOGUE[name].text
    fields = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}

    said = CATALOGUE[name].say("xx-not-there", **dict.fromkeys(fields, "VALUE"))

    assert said.count("VALUE") >= len(fields)
    assert text == text.strip()


# Files, pictures and speech

NAMES = ["`a.pdf`", code("{0}`rm -rf`\n```\n**x**.csv"), "the picture", "the voice note"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("error", file_errors(), ids=lambda error: type(error).__name__)
def test_every_file_error_has_a_sentence_with_the_files_name(error: FileError, name: str) -> None:
    said = for_file_error(error, name)

    assert name[1:] in said
    assert said[0] == "`" or said[0].isupper()
    assert said.endswith(".")
    assert "\n" not in said
    assert said.count("`") % 2 == 0
    assert "```" not in said
    assert said != notices.FILE_FAILED.say(name=name)


def test_no_two_file_errors_share_a_sentence() -> None:
    assert len({for_file_error(error, "`a`") for error in file_errors()}) == len(file_errors()) >= 5


def test_limits_of_files_are_named() -> None:
    assert (
        for_file_error(FileTooLarge(20 * 1024 * 1024), "`a.zip`") == "`a.zip` is too large: I take files up to 20 MB."
    )
    assert "up to 178 megapixels" in for_file_error(TooManyPixels(178), "the picture")


def test_a_sentence_about_a_file_begins_with_a_capital() -> None:
    assert for_file_error(FileUnavailable(), "the voice note") == "The voice note could not be fetched. Send it again."
    assert for_file_error(FileUnsupported(), "the file").startswith("I cannot open the file.")


def test_a_file_error_without_a_sentence_of_its_own_is_a_failure() -> None:
    assert (
        for_file_error(FileError(), "the file")
        == "Something went wrong on the bot's side with the file. Send it again."
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (512, "512 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (300 * 1024, "300 KB"),
        (1023 * 1024, "1023 KB"),
        (1024 * 1024, "1 MB"),
        (20 * 1024 * 1024, "20 MB"),
        (2000 * 1024 * 1024, "2000 MB"),
    ],
)
def test_sizes_have_the_unit_that_fits(count: int, said: str) -> None:
    assert notices.size(count) == said


OTHERS = {CannotSee, EmptyAnswer}
"""What is said of answers alone, but for pictures that did not come."""


@pytest.mark.parametrize("kind", sorted(set(model_errors()) - OTHERS, key=str), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "say", [for_image_error, for_recording_error, for_speech_error], ids=["image", "recording", "speech"]
)
def test_every_model_error_is_said_of_pictures_and_speech(
    say: Callable[[ModelError], str], kind: type[ModelError]
) -> None:
    for detail in ("", "max {tokens} of `x`\n```"):
        said = say(made(kind, "acme/{large}`", detail))

        assert said[0] == "`" or said[0].isupper()
        assert said.endswith((".", "!", "?"))
        assert "\n" not in said
        assert not any(word in said for word in ("question", "/model", "/new"))
        assert said != notices.UNKNOWN_FAILURE.say()


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("audio is longer than 1400 seconds", "The provider says: audio is longer than 1400 seconds."),
        (" ", "`acme/ears` refused this recording."),
    ],
)
def test_a_recording_that_was_refused_quotes_the_provider(detail: str, said: str) -> None:
    assert said in for_recording_error(RequestRefused("acme/ears", detail))
    assert for_recording_error(RequestRefused("acme/ears", detail)).startswith("`acme/ears` refused this recording.")


@pytest.mark.parametrize("kind", [ContentFiltered, RequestRefused])
def test_a_picture_that_was_refused_quotes_the_provider(kind: type[ModelError]) -> None:
    assert for_image_error(kind("acme/brush", "No people")) == (
        "`acme/brush` refused to make this picture. The provider says: No people."
    )
    assert for_image_error(kind("acme/brush", " ")) == (
        "`acme/brush` refused to make this picture. Describe it another way."
    )


def test_no_picture_is_no_silence() -> None:
    assert for_image_error(EmptyAnswer("acme/brush")).startswith("`acme/brush` sent no picture.")


@pytest.mark.parametrize("kind", [RequestRefused, EmptyAnswer, ContentFiltered, BrokenStream])
def test_words_that_were_not_spoken_may_be_said_otherwise(kind: type[ModelError]) -> None:
    assert for_speech_error(kind("acme/voice", "no such voice")) == (
        "`acme/voice` could not speak this. Try another text, or another voice with /voice."
    )


def test_what_is_not_of_pictures_or_speech_is_said_as_ever() -> None:
    assert for_image_error(RateLimited("acme/brush")) == for_model_error(RateLimited("acme/brush"))
    assert for_speech_error(RateLimited("acme/voice", retry_after=5)).endswith("Try again in 5 s.")


def test_quotes_are_block_quotes_and_cut() -> None:
    assert notices.quoted(" one\n\ntwo \n") == "> one\n> \n> two"
    assert notices.quoted("x" * 50, 10) == "> " + "x" * 9 + "…"
    assert notices.excerpt("a\n b\tc") == "a b c"
    assert notices.excerpt("word " * 100, 20) == "word word word word…"


def test_a_translation_is_chosen_by_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_catalogue(tmp_path / "de" / "LC_MESSAGES" / "parley.mo", {"Stop": "Anhalten"})
    monkeypatch.setattr(notices, "_LOCALES", tmp_path)
    notices._translation.cache_clear()
    try:
        assert notices.STOP.say("de-AT") == "Anhalten"
        assert notices.STOP.say("fr") == "Stop"
        assert notices.STOP.say("../../de") == "Stop"
        assert notices.RETRY.say("de") == "Retry"
    finally:
        notices._translation.cache_clear()


def write_catalogue(path: Path, entries: dict[str, str]) -> None:
    """A compiled catalogue as GNU gettext describes it: header, two tables of (length, offset), texts."""
    texts = {"": "Content-Type: text/plain; charset=UTF-8\n", **entries}
    keys = [key.encode() for key in sorted(texts)]
    values = [texts[key].encode() for key in sorted(texts)]
    count, start = len(keys), 28 + 16 * len(keys)
    tables, body = b"", b""
    for text in (*keys, *values):
        tables += len(text).to_bytes(4, "little") + (start + len(body)).to_bytes(4, "little")
        body += text + b"\0"
    header = [0x950412DE, 0, count, 28, 28 + 8 * count, 0, start]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(number.to_bytes(4, "little") for number in header) + tables + body)
    with path.open("rb") as file:
        gettext.GNUTranslations(file)
