"""What is known of single models: pictures, tools and painting."""

from __future__ import annotations

import pytest

from bot.domain.media import ImageAbilities
from bot.llm.profiles import IMAGE_ABILITIES, NOT_CHAT, PROFILES, chats, image_abilities, profile_of


@pytest.mark.parametrize(
    ("model", "vision", "side"),
    [
        ("openai/gpt-6-luna", True, 2048),
        ("openai/gpt-4o-mini", True, 2048),
        ("openai/o3-mini", False, 2048),
        ("openai/o3", True, 2048),
        ("groq/openai/gpt-oss-120b", False, 2048),
        ("openrouter/anthropic/claude-3-haiku", True, 1568),
        ("openrouter/anthropic/claude-opus-4.6", True, 1568),
        ("openrouter/anthropic/claude-opus-4.7", True, 2576),
        ("openrouter/anthropic/claude-opus-5", True, 2576),
        ("openrouter/google/gemini-2.5-flash", True, 3072),
        ("deepseek/deepseek-chat", False, 2048),
        ("mistral/mistral-small-latest", True, 1540),
        ("deepinfra/mistralai/Mistral-Small-24B-Instruct-2501", False, 2048),
        ("mistral/mistral-large-2411", False, 2048),
        ("ollama/llama3.2:3b", False, 2048),
        ("ollama/llama3.2-vision:11b", True, 1120),
        ("openrouter/meta-llama/llama-3.2-11b-vision-instruct", True, 1120),
        ("groq/llama-3.3-70b-versatile", False, 2048),
        ("ollama/gemma3:1b", False, 2048),
        ("ollama/gemma3:12b", True, 2048),
        ("ollama/gemma3n:e4b", None, 2048),
        ("ollama/qwen2.5vl:7b", True, 2048),
        ("openrouter/openrouter/auto", None, 2048),
        ("demo/echo", True, 2048),
        ("ollama/echo", None, 2048),
    ],
)
def test_which_models_see(model: str, vision: bool | None, side: int) -> None:
    profile = profile_of(model)
    assert (profile.vision, profile.picture_side) == (vision, side)


@pytest.mark.parametrize(
    ("model", "tools", "without_reasoning"),
    [
        ("gpt-6-luna", True, True),
        ("gpt-6.1-sol", True, True),
        ("gpt-5.6-terra", True, True),
        ("gpt-5.4-mini", True, True),
        ("gpt-5.2", True, False),
        ("gpt-5", True, False),
        ("gpt-5-chat-latest", False, False),
        ("gpt-5.3-chat-latest", True, False),
        ("something-new", True, False),
    ],
)
def test_which_models_take_tools(model: str, tools: bool, without_reasoning: bool) -> None:
    profile = profile_of(model)
    assert (profile.tools, profile.tools_without_reasoning) == (tools, without_reasoning)


@pytest.mark.parametrize(("model", "sketches"), [("openai/gpt-image-2", 2), ("gpt-image-1-mini", 2), ("flux", 0)])
def test_which_models_show_sketches(model: str, sketches: int) -> None:
    assert profile_of(model).sketches == sketches


def test_image_models_of_openai() -> None:
    new, newer, old = map(image_abilities, ("openai/gpt-image-2.5-flare", "gpt-image-2.6-flare", "gpt-image-1-mini"))
    assert all((model.most, model.inputs) == (10, 16) for model in (new, newer, old))
    assert "xhigh" in new.qualities
    assert "xhigh" not in newer.qualities
    assert "3840x2160" in newer.sizes
    assert set(old.sizes) == {"auto", "1024x1024", "1536x1024", "1024x1536"}
    assert old.larger == ()


def test_other_image_models() -> None:
    assert image_abilities("together/black-forest-labs/FLUX.1-schnell") == ImageAbilities(inputs=1)
    assert image_abilities("gemini/imagen-4.0-generate-001").inputs == 0
    assert image_abilities("demo/picture").inputs == 1


@pytest.mark.parametrize("abilities", [abilities for _, abilities in IMAGE_ABILITIES])
def test_sizes_are_what_the_api_takes(abilities: ImageAbilities) -> None:
    for size in (*abilities.sizes, *abilities.larger):
        if size == "auto":
            continue
        width, height = map(int, size.split("x"))
        assert width % 16 == height % 16 == 0
        assert width * height <= 3840 * 2160
        assert 1 / 3 <= width / height <= 3
    if abilities.larger:
        wide, tall, square = (tuple(map(int, size.split("x"))) for size in abilities.larger)
        assert wide[0] > wide[1]
        assert tall == wide[::-1]
        assert square[0] == square[1]


@pytest.mark.parametrize("table", [PROFILES, IMAGE_ABILITIES, [(pattern, True) for pattern in NOT_CHAT]])
def test_no_pattern_is_listed_twice(table: list[tuple[str, object]]) -> None:
    patterns = [pattern for pattern, _ in table]
    assert len(patterns) == len(set(patterns)) > 5
    assert patterns == [pattern.lower() for pattern in patterns]


@pytest.mark.parametrize(
    "model",
    [
        "gpt-6-luna", "gpt-5-image", "gemini-3-pro-image-preview", "claude-opus-5", "deepseek-reasoner",
        "llama3.2-vision",
        "qwen2.5vl:7b", "pixtral-12b", "deepseek-ocr", "gpt-4o-search-preview", "grok-4", "moondream",
        "openrouter/auto",
        "mistral-medium-latest", "gpt-oss-20b", "command-a", "gemma3:4b", "kimi-k2.5", "glm-4.6", "phi4", "o3",
    ],
)  # fmt: skip
def test_models_that_chat_are_offered(model: str) -> None:
    assert chats(model)
    assert chats(f"openrouter/somebody/{model}")


@pytest.mark.parametrize(
    "model",
    [
        "gpt-image-2.5-flare", "chatgpt-image-latest", "gpt-transcribe", "whisper-large-v3", "tts-1", "gpt-4o-mini-tts",
        "imagen-4.0-generate-001", "veo-3.1", "sora-2", "gpt-realtime-2.1-mini", "llama-guard-4-12b",
        "mistral-ocr-latest",
    ],
)  # fmt: skip
def test_models_that_do_something_else_are_not(model: str) -> None:
    assert not chats(f"openai/{model}")
