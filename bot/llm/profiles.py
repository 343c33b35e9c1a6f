"""What is known about single models, as data."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Profile:
    """Facts about a model. `sampling`: takes temperature and the like; `context` and `max_output` are in tokens."""

    sampling: bool = True
    context: int | None = None
    max_output: int | None = None


UNKNOWN = Profile()

# The first pattern that matches the name behind its last slash counts. Sources: the model pages of
# platform.openai.com/docs/models, docs.anthropic.com, ai.google.dev, docs.mistral.ai, api-docs.deepseek.com and the
# model cards of the open ones, as of November 2026. A missing number means that none was found.
PROFILES: tuple[tuple[str, Profile], ...] = (
    ("gpt-6*", Profile(sampling=False, context=1_050_000, max_output=128_000)),
    ("gpt-5*-chat*", Profile(context=128_000, max_output=16_384)),
    ("gpt-5*", Profile(sampling=False, context=400_000, max_output=128_000)),
    ("o[1-9]*", Profile(sampling=False, context=200_000, max_output=100_000)),
    ("gpt-4.1*", Profile(context=1_047_576, max_output=32_768)),
    ("gpt-4o*", Profile(context=128_000, max_output=16_384)),
    ("gpt-oss*", Profile(context=131_072, max_output=65_536)),
    ("claude*", Profile(context=200_000)),
    ("gemini*", Profile(context=1_048_576, max_output=65_536)),
    ("deepseek-chat", Profile(context=128_000, max_output=8_192)),
    ("deepseek-reasoner", Profile(sampling=False, context=128_000, max_output=65_536)),
    ("mistral-small*", Profile(context=128_000)),
    ("mistral-medium*", Profile(context=128_000)),
    ("mistral-large*", Profile(context=128_000)),
    ("codestral*", Profile(context=256_000)),
    ("llama-3.[1-9]*", Profile(context=131_072)),
)

# Models that providers list beside those that chat; /model does not offer them.
NOT_CHAT = (
    "*embed*", "*whisper*", "*transcribe*", "tts-*", "*-tts*", "dall-e*", "gpt-image*", "chatgpt-image*", "sora*",
    "*moderation*", "*realtime*", "gpt-audio*", "*-audio-preview*", "davinci*", "babbage*", "*rerank*", "*-ocr-*",
    "*guard*",
)  # fmt: skip


def profile_of(model: str) -> Profile:
    """The facts about a model, by its name with or without a provider's; unknown models may do everything."""
    name = _bare(model)
    return next((profile for pattern, profile in PROFILES if fnmatchcase(name, pattern)), UNKNOWN)


def chats(model: str) -> bool:
    """Whether the name looks like a model that one can talk to."""
    name = _bare(model)
    return not any(fnmatchcase(name, pattern) for pattern in NOT_CHAT)


def _bare(model: str) -> str:
    return model.rpartition("/")[2].lower()
