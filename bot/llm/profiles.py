"""What is known about single models, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar

from bot.domain.media import ImageAbilities

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Profile:
    """Facts about a model. `sampling`: takes temperature and the like; `context` and `max_output` are in tokens.

    `vision` is None where it is not known. `picture_side` is the longest side worth sending in pixels: what is larger
    the provider scales down itself. `tools_without_reasoning`: takes tools only when it is told not to reason.
    `sketches` is how many unfinished pictures an image model streams.
    """

    sampling: bool = True
    context: int | None = None
    max_output: int | None = None
    vision: bool | None = None
    picture_side: int = 2048
    tools: bool = True
    tools_without_reasoning: bool = False
    sketches: int = 0


UNKNOWN = Profile()

# The first pattern that matches counts; one without a slash is for the name behind the model's last slash. Sources: the
# model pages of platform.openai.com/docs/models, docs.anthropic.com, ai.google.dev, docs.mistral.ai,
# api-docs.deepseek.com, docs.x.ai and the model cards of the open ones, as of November 2026. A missing number means
# that none was found.
#
# Sides of pictures: developers.openai.com/api/docs/guides/images-vision (fitted into 2048 by 2048 pixels),
# platform.claude.com/docs/en/build-with-claude/vision (1568; 2576 from Opus 4.7 on),
# ai.google.dev/gemini-api/docs/image-understanding (3072), docs.mistral.ai/capabilities/vision (1540, Pixtral 1024),
# Llama 3.2's model card (1120).
#
# Tools: from gpt-5.4 on OpenAI's chat completions refuse functions unless reasoning_effort is "none", from gpt-5.6 on
# also when it is not given (github.com/openai/openai-openapi/issues/541, github.com/BerriAI/litellm/pull/34569).
# gpt-5-chat-latest has no functions (github.com/vercel/ai/pull/8267).
#
# Sketches: OpenAI's image models stream up to three (`partial_images`), each for 100 tokens more; two show enough.
PROFILES: tuple[tuple[str, Profile], ...] = (
    ("demo/echo", Profile(vision=True)),
    ("demo/picture", Profile(sketches=2)),
    ("gpt-image*", Profile(sketches=2)),
    ("chatgpt-image*", Profile(sketches=2)),
    (
        "gpt-6*",
        Profile(sampling=False, context=1_050_000, max_output=128_000, vision=True, tools_without_reasoning=True),
    ),
    ("gpt-5-chat*", Profile(context=128_000, max_output=16_384, vision=True, tools=False)),
    ("gpt-5*-chat*", Profile(context=128_000, max_output=16_384, vision=True)),
    (
        "gpt-5.[4-9]*",
        Profile(sampling=False, context=400_000, max_output=128_000, vision=True, tools_without_reasoning=True),
    ),
    ("gpt-5*", Profile(sampling=False, context=400_000, max_output=128_000, vision=True)),
    ("o[13]-mini*", Profile(sampling=False, context=200_000, max_output=100_000, vision=False)),
    ("o[1-9]*", Profile(sampling=False, context=200_000, max_output=100_000, vision=True)),
    ("gpt-4.1*", Profile(context=1_047_576, max_output=32_768, vision=True)),
    ("gpt-4o*", Profile(context=128_000, max_output=16_384, vision=True)),
    ("gpt-oss*", Profile(context=131_072, max_output=65_536, vision=False)),
    ("claude-opus-4[-.][7-9]*", Profile(sampling=False, context=200_000, vision=True, picture_side=2576)),
    ("claude-opus-[5-9]*", Profile(sampling=False, context=200_000, vision=True, picture_side=2576)),
    ("claude*", Profile(context=200_000, vision=True, picture_side=1568)),
    ("gemini*", Profile(context=1_048_576, max_output=65_536, vision=True, picture_side=3072)),
    ("gemma-3-1b*", Profile(vision=False)),
    ("gemma3:1b*", Profile(vision=False)),
    ("gemma-3-*", Profile(vision=True)),
    ("gemma3", Profile(vision=True)),
    ("gemma3:*", Profile(vision=True)),
    ("deepseek-chat", Profile(context=128_000, max_output=8_192, vision=False)),
    ("deepseek-reasoner", Profile(sampling=False, context=128_000, max_output=65_536, vision=False)),
    # Releases of 2024, and of January 2025, read text alone.
    ("mistral-small-24*", Profile(context=128_000, vision=False)),
    ("mistral-small-2501*", Profile(context=128_000, vision=False)),
    ("mistral-large-24*", Profile(context=128_000, vision=False)),
    ("mistral-small*", Profile(context=128_000, vision=True, picture_side=1540)),
    ("mistral-medium*", Profile(context=128_000, vision=True, picture_side=1540)),
    ("mistral-large*", Profile(context=128_000, vision=True, picture_side=1540)),
    ("pixtral*", Profile(context=128_000, vision=True, picture_side=1024)),
    ("codestral*", Profile(context=256_000, vision=False)),
    ("llama-3.2-*vision*", Profile(context=131_072, vision=True, picture_side=1120)),
    ("llama3.2-vision*", Profile(vision=True, picture_side=1120)),
    ("llama-3.[1-9]*", Profile(context=131_072, vision=False)),
    ("llama3*", Profile(vision=False)),
    ("llama-4*", Profile(vision=True)),
    ("llama4*", Profile(vision=True)),
    ("grok-3*", Profile(context=131_072, vision=False)),
    ("grok-4*", Profile(vision=True)),
    ("qwen*vl*", Profile(vision=True)),
    ("llava*", Profile(vision=True)),
    ("moondream*", Profile(vision=True)),
    ("minicpm-v*", Profile(vision=True)),
)

_GPT_SIZES = ("auto", "1024x1024", "1536x1024", "1024x1536")
_GPT_LARGE_SIZES = ("2048x2048", "2048x1152", "3840x2160", "2160x3840")
_GPT_QUALITIES = ("auto", "low", "medium", "high")
_GPT_LARGER = ("3072x2048", "2048x3072", "2048x2048")

# Sources: developers.openai.com/api/docs/guides/image-generation and the types of the openai package 3.52: any size in
# steps of 16 pixels from version 2 on, with at most 3840 pixels a side and 8,294,400 in all, of which these are some;
# xhigh and max in 2.5 alone; 10 pictures a request, 16 to change. ai.google.dev/gemini-api/docs/openai: images are made
# there but not changed; docs.x.ai likewise.
IMAGE_ABILITIES: tuple[tuple[str, ImageAbilities], ...] = (
    (
        "demo/picture",
        ImageAbilities(("768x768", "768x512", "512x768"), larger=("1008x672", "672x1008", "1024x1024")),
    ),
    (
        "gpt-image-2.5*",
        ImageAbilities((*_GPT_SIZES, *_GPT_LARGE_SIZES), (*_GPT_QUALITIES, "xhigh", "max"), 10, 16, _GPT_LARGER),
    ),
    ("gpt-image-[2-9]*", ImageAbilities((*_GPT_SIZES, *_GPT_LARGE_SIZES), _GPT_QUALITIES, 10, 16, _GPT_LARGER)),
    ("gpt-image*", ImageAbilities(_GPT_SIZES, _GPT_QUALITIES, 10, 16)),
    ("chatgpt-image*", ImageAbilities(_GPT_SIZES, _GPT_QUALITIES, 10, 16)),
    ("imagen*", ImageAbilities(most=4, inputs=0)),
    ("grok-2-image*", ImageAbilities(most=10, inputs=0)),
)

# Models that providers list beside those that chat; /model does not offer them. Those that answer with pictures in a
# chat (gpt-5-image, gemini-3-pro-image) do chat.
NOT_CHAT = (
    "*embed*", "*whisper*", "*transcribe*", "tts-*", "*-tts*", "dall-e*", "gpt-image*", "chatgpt-image*", "imagen*",
    "grok-2-image*", "sora*", "veo*", "*moderation*", "*realtime*", "gpt-audio*", "*-audio-preview*", "davinci*",
    "babbage*", "*rerank*", "*-ocr-*", "*guard*",
)  # fmt: skip


def profile_of(model: str) -> Profile:
    """The facts about a model, by its name with or without a provider's; unknown models may do everything."""
    return _first(model, PROFILES, UNKNOWN)


def image_abilities(model: str) -> ImageAbilities:
    """What an image model can do; of an unknown one that it may be given one picture to change."""
    return _first(model, IMAGE_ABILITIES, ImageAbilities(inputs=1))


def chats(model: str) -> bool:
    """Whether the name looks like a model that one can talk to."""
    return not _first(model, ((pattern, True) for pattern in NOT_CHAT), False)


def _first(model: str, table: Iterable[tuple[str, _T]], otherwise: _T) -> _T:
    full = model.lower()
    bare = full.rpartition("/")[2]
    found = (value for pattern, value in table if fnmatchcase(full if "/" in pattern else bare, pattern))
    return next(found, otherwise)
