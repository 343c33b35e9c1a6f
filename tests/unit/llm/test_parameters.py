"""What a request carries, and what is left out of it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.personas import Sampling
from bot.domain.prompts import ChatRequest, ImagePart, PromptMessage, TextPart, Tool, ToolCall
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
SCHEMA = {"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]}
ASKED = ChatRequest("a/b", BARE.messages, tools=(Tool("paint", "Makes a picture.", SCHEMA),))
TOOLS = [{"type": "function", "function": {"name": "paint", "description": "Makes a picture.", "parameters": SCHEMA}}]
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


@pytest.mark.parametrize(
    ("profile", "refused", "sent"),
    [
        (Profile(), (), {"tools": TOOLS}),
        (Profile(tools=False), (), {}),
        (Profile(), ("tools",), {}),
        (Profile(tools_without_reasoning=True), (), {"tools": TOOLS, "reasoning_effort": "none"}),
        (Profile(tools_without_reasoning=True), ("reasoning_effort",), {"tools": TOOLS}),
        (Profile(tools_without_reasoning=True), ("tools",), {}),
        (Profile(tools_without_reasoning=True, tools=False), (), {}),
    ],
)
def test_tools_where_the_model_takes_them(profile: Profile, refused: tuple[str, ...], sent: dict[str, Any]) -> None:
    assert parameters(ASKED, PLAIN, profile, refused) == sent


def test_without_tools_a_model_may_reason() -> None:
    assert parameters(BARE, PLAIN, Profile(tools_without_reasoning=True), ()) == {}


def test_options_win_over_what_comes_with_tools() -> None:
    own = parameters(ASKED, PLAIN, Profile(tools_without_reasoning=True), ())
    assert extra_body(own, {"a": {"reasoning_effort": "low"}}, "a", "b") == {"tools": TOOLS, "reasoning_effort": "low"}


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


@pytest.mark.parametrize(
    "words",
    [
        "tools is not supported in this model. For a list of supported models, refer to",
        "Tools is not supported in this model.",
        "registry.ollama.ai/library/gemma3:latest does not support tools",
        "Unrecognized request argument supplied: tools",
        'No endpoints found that support tool use. Try disabling "paint".',
        "Tool calling is not supported for model: mistralai/Mistral-Small-24B-Instruct-2501",
        "Function calling is not enabled for models/gemma-3-27b-it",
        "Function call is not supported for this model",
        "deepseek-reasoner does not support Function Calling",
        "model features function calling not support",
        '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
        "tools param requires --jinja flag",
    ],
)
def test_models_without_tools(words: str) -> None:
    assert refused_parameter(words, None, ["stream_options", "tools"]) == "tools"
    assert refused_parameter(words, None, ["stream_options"]) is None


@pytest.mark.parametrize(
    ("words", "param", "sent", "culprit"),
    [
        # The same sentence decides by what was sent: first the effort is left out, and if that does not help the tools.
        (
            "Function tools with reasoning_effort are not supported",
            "reasoning_effort",
            ("tools", "reasoning_effort"),
            1,
        ),
        ("Function tools with reasoning_effort are not supported", "reasoning_effort", ("stop", "tools"), 1),
        ("Unsupported value: 'reasoning_effort' does not support 'none'", None, ("tools", "reasoning_effort"), 1),
        ("No endpoints found that support image input", None, ("tools",), None),
        ("The tool call id is missing", None, ("tools",), None),
    ],
)
def test_what_is_wrong_with_tools(words: str, param: str | None, sent: tuple[str, ...], culprit: int | None) -> None:
    assert refused_parameter(words, param, sent) == (None if culprit is None else sent[culprit])


def test_messages_with_tool_calls() -> None:
    asked = PromptMessage("assistant", "", (ToolCall("a", "paint", '{"n": 1}'), ToolCall("b", "stop", "")))
    assert message_json(asked) == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "paint", "arguments": '{"n": 1}'}},
            {"id": "b", "type": "function", "function": {"name": "stop", "arguments": "{}"}},
        ],
    }
    assert message_json(PromptMessage("assistant", "So:", (ToolCall("a", "f", "{}"),)))["content"] == "So:"
    result = PromptMessage("tool", "", call_id="a")
    assert message_json(result) == {"role": "tool", "content": "", "tool_call_id": "a"}


@pytest.mark.parametrize("arguments", ["", "  ", '{"a": ', "null", "[1]", '"x"', '{"a": 1} and', "{'a': 1}"])
def test_broken_arguments_are_not_repeated(arguments: str) -> None:
    written = message_json(PromptMessage("assistant", "", (ToolCall("a", "f", arguments),)))
    assert written["tool_calls"][0]["function"]["arguments"] == "{}"


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
