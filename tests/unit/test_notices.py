"""The catalogue: a sentence for every failure, and nothing in a sentence that its values could break."""

from __future__ import annotations

import gettext
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import errors
from bot.errors import ModelError, ProviderDown, RateLimited, RequestRefused
from bot.replies import notices
from bot.replies.notices import Notice, for_model_error

CATALOGUE = {name: value for name, value in vars(notices).items() if isinstance(value, Notice)}


def model_errors(root: type[ModelError] = ModelError) -> Iterator[type[ModelError]]:
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
            yield from model_errors(kind)


def test_the_walk_finds_the_tree() -> None:
    assert {ProviderDown, RateLimited, RequestRefused} <= set(model_errors())


@pytest.mark.parametrize("kind", list(model_errors()), ids=lambda kind: kind.__name__)
def test_every_model_error_has_a_sentence_of_its_own(kind: type[ModelError]) -> None:
    said = for_model_error(kind("acme/large"))

    assert said != notices.UNKNOWN_FAILURE.say()
    assert said.endswith(".")
    assert "{" not in said


def test_no_two_failures_share_a_sentence() -> None:
    said = [for_model_error(kind("acme/large")) for kind in model_errors()]

    assert len(set(said)) == len(said)


def test_an_error_without_a_sentence_is_an_unknown_failure() -> None:
    assert for_model_error(ModelError("acme/large")) == notices.UNKNOWN_FAILURE.say()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "1 s"), (0.2, "1 s"), (30, "30 s"), (90, "90 s"), (91, "2 min"), (5400, "90 min"), (5401, "2 h")],
)
def test_a_rate_limit_says_when_to_come_back(seconds: float, said: str) -> None:
    assert f"Try again in {said}." in for_model_error(RateLimited("acme/large", retry_after=seconds))


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
