"""Names, providers, profiles and the token estimate."""

from __future__ import annotations

import pytest

from bot.llm.names import ModelName
from bot.llm.profiles import chats, profile_of
from bot.llm.providers import KNOWN, LOCAL, Provider, known
from bot.llm.tokens import estimate_tokens


def test_names() -> None:
    name = ModelName.parse(" openrouter/anthropic/claude-3-haiku ")
    assert name == ModelName("openrouter", "anthropic/claude-3-haiku")
    assert str(name) == "openrouter/anthropic/claude-3-haiku"


@pytest.mark.parametrize("text", ["", "gpt", "/gpt", "openai/", "/"])
def test_names_without_a_part(text: str) -> None:
    with pytest.raises(ValueError, match="provider/model"):
        ModelName.parse(text)


def test_known_providers() -> None:
    names = [provider.name for provider in KNOWN] + [provider.name for provider in LOCAL]
    assert len(names) == len(set(names)) == 9
    assert len({provider.key_variable for provider in KNOWN}) == len(KNOWN)
    assert all(p.base_url.startswith("https://") and p.chat_model for p in KNOWN if p.name != "azure")
    assert known("nowhere") is None


def test_a_known_provider_gets_its_key() -> None:
    openai = known("openai")
    assert openai is not None
    assert openai.with_key("k") == Provider("openai", "https://api.openai.com/v1", "k", quirks=openai.quirks)
    assert openai.with_key("k", "http://127.0.0.1/v1").base_url == "http://127.0.0.1/v1"


def test_keys_and_headers_do_not_show() -> None:
    shown = repr(Provider("a", "http://127.0.0.1", "secret-key", headers={"X-Key": "secret-header"}))
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("model", "sampling", "context"),
    [
        ("gpt-6-luna", False, 1_050_000),
        ("openai/gpt-5.5", False, 400_000),
        ("gpt-5-chat-latest", True, 128_000),
        ("o3-mini", False, 200_000),
        ("gpt-4o-mini", True, 128_000),
        ("anthropic/claude-3-haiku", True, 200_000),
        ("GPT-4o", True, 128_000),
        ("something-new", True, None),
        ("olmo-2", True, None),
    ],
)
def test_profiles(model: str, sampling: bool, context: int | None) -> None:
    profile = profile_of(model)
    assert (profile.sampling, profile.context) == (sampling, context)


def test_which_models_chat() -> None:
    assert all(map(chats, ["gpt-6-luna", "llama3.2", "openrouter/auto", "gpt-4o-mini"]))
    silent = ["text-embedding-3-small", "whisper-1", "openai/gpt-image-2", "tts-1", "omni-moderation-latest"]
    assert not any(map(chats, silent))


@pytest.mark.parametrize(
    ("text", "error"),
    # By how much a quarter of the UTF-8 bytes was measured to miss the count of o200k_base.
    [
        ("The quick brown fox jumps over the lazy dog, and the dog does not mind at all. " * 5, -0.10),
        ("你好。今天天气很好。我们去公园散步吧。" * 5, 0.19),
        ("🙂🎉🚀🔥👍" * 5, -0.42),
    ],
)
def test_the_estimate_corrects_what_was_measured(text: str, error: float) -> None:
    tokens = len(text.encode()) / 4 / (1 + error)
    assert estimate_tokens(text) == pytest.approx(tokens, rel=0.05)


def test_the_estimate_of_odd_texts() -> None:
    assert estimate_tokens("") == 1
    assert estimate_tokens("\ud83d") >= 1
