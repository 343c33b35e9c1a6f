"""What a request carries, and what is left out of it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.personas import Sampling
from bot.domain.prompts import ChatRequest, ImagePart, PromptMessage, TextPart
from bot.llm.parameters import extra_body, message_json, parameters, refused_parameter
from bot.llm.profiles import Profile
from bot.llm.providers import Quirks

FULL = ChatRequest(
    "a/b",
    (PromptMessage("user", "hi"),),
    Sampling(temperature=0.2, top_p=0.9, presence_penalty=0.1, frequency_penalty=0.0, max_tokens=500, stop=("END",)),
    person="hash",
)
BARE = ChatRequest("a/b", (PromptMessage("user", "hi"),))
PLAIN = Quirks(stream_options=False)
SAMPLING: dict[str, Any] = {
    "temperature": 0.2, "top_p": 0.9, "presence_penalty": 0.1, "frequency_penalty": 0.0, "stop": ["END"],
}  # fmt: skip


def test_all_that_was_chosen() -> None:
    quirks = Quirks(length="max_completion_tokens", person="safety_identifier")
    assert parameters(FULL, quirks, Profile(), ()) == {
        **SAMPLING,
        "max_completion_tokens": 500,
        "stream_options": {"include_usage": True},
        "safety_identifier": "hash",
    }


def test_nothing_that_was_not_chosen() -> None:
    assert parameters(BARE, Quirks(stream_options=False, person="user"), Profile(), ()) == {}


def test_models_that_refuse_sampling_get_none() -> None:
    assert parameters(FULL, PLAIN, Profile(sampling=False), ()) == {"max_tokens": 500}


def test_no_more_than_the_model_can_write() -> None:
    assert parameters(FULL, PLAIN, Profile(max_output=100), ())["max_tokens"] == 100


@pytest.mark.parametrize(
    ("refused", "length"),
    [
        ((), {"max_tokens": 500}),
        (("max_tokens",), {"max_completion_tokens": 500}),
        (("max_tokens", "max_completion_tokens"), {}),
        (("temperature", "stop"), {"max_tokens": 500}),
    ],
)
def test_what_was_refused_before_is_left_out_or_renamed(refused: tuple[str, ...], length: dict[str, int]) -> None:
    kept = {name: value for name, value in SAMPLING.items() if name not in refused}
    assert parameters(FULL, PLAIN, Profile(), refused) == {**kept, **length}


def test_options_of_the_model_win_over_the_providers_and_ours() -> None:
    options: dict[str, dict[str, Any]] = {"a": {"x": 1, "y": 1}, "a/b": {"y": 2, "temperature": None}, "c": {"x": 9}}
    assert extra_body({"temperature": 0.2, "top_p": 0.9}, options, "a", "b") == {"top_p": 0.9, "x": 1, "y": 2}


@pytest.mark.parametrize(
    ("words", "param", "culprit"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens'",
            "max_tokens",
            "max_tokens",
        ),
        ("Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens'", None, "max_tokens"),
        ("Unrecognized request argument supplied: stream_options", None, "stream_options"),
        ("extra_forbidden body stream_options Extra inputs are not permitted", None, "stream_options"),
        ("Unsupported value: 'temperature' does not support 0.2. Only the default", "temperature", "temperature"),
        ("'stop' is not supported with this model", None, "stop"),
        ("This feature is not supported; stop asking", None, None),
        ("temperature must be at most 1", "temperature", None),
        ("max_tokens is too large", "max_tokens", None),
        ("Unknown parameter: 'foo'", "foo", None),
        ("Invalid image", None, None),
    ],
)
def test_which_parameter_is_refused(words: str, param: str | None, culprit: str | None) -> None:
    sent = ["stream_options", "temperature", "stop", "max_tokens"]
    assert refused_parameter(words, param, sent) == culprit


def test_messages() -> None:
    assert message_json(PromptMessage("system", "Be kind.")) == {"role": "system", "content": "Be kind."}
    parts = (TextPart("text", "What is this?"), ImagePart("image", "data:image/png;base64,AA=="))
    assert message_json(PromptMessage("user", parts)) == {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        ],
    }
