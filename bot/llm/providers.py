"""Providers that speak the OpenAI API, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

LengthParameter = Literal["max_tokens", "max_completion_tokens"]
PersonParameter = Literal["safety_identifier", "user"]


@dataclass(frozen=True, slots=True)
class Quirks:
    """Where providers differ: how the answer's length is limited, whether `stream_options` is known, under which name
    the hashed person may be sent, and whether the list of models names what can be asked for."""

    length: LengthParameter = "max_tokens"
    stream_options: bool = True
    person: PersonParameter | None = None
    lists_models: bool = True


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that is configured. With `azure_api_version` it is Azure OpenAI and `base_url` is its endpoint.

    The key and the headers, which may carry keys too, never show in the repr.
    """

    name: str
    base_url: str
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    quirks: Quirks = field(default_factory=Quirks)
    azure_api_version: str | None = None


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """A provider that needs only its key. Its models are sensible defaults, without the provider's name; None where it
    has none, or none that everybody has."""

    name: str
    key_variable: str
    base_url: str
    chat_model: str | None
    quirks: Quirks = field(default_factory=Quirks)
    image_model: str | None = None
    transcription_model: str | None = None
    speech_model: str | None = None
    moderation_model: str | None = None

    def with_key(self, api_key: str, base_url: str | None = None, azure_api_version: str | None = None) -> Provider:
        address = base_url or self.base_url
        return Provider(self.name, address, api_key, quirks=self.quirks, azure_api_version=azure_api_version)


_OPENAI = Quirks(length="max_completion_tokens", person="safety_identifier")

# Sources: the providers' API references. The order is the order in which a default chat model is looked for.
KNOWN: tuple[KnownProvider, ...] = (
    # https://platform.openai.com/docs/api-reference/chat; gpt-6-luna succeeds the small gpt-4 models. The end of the
    # speech model is announced for 2027-01-06, without a successor for this endpoint
    # (https://platform.openai.com/docs/deprecations).
    KnownProvider(
        "openai",
        "OPENAI_API_KEY",
        "https://api.openai.com/v1",
        "gpt-6-luna",
        _OPENAI,
        image_model="gpt-image-2",
        transcription_model="gpt-transcribe",
        speech_model="gpt-4o-mini-tts",
        moderation_model="omni-moderation-latest",
    ),
    # https://openrouter.ai/docs/api-reference/overview; "openrouter/auto" chooses a model for each prompt.
    KnownProvider(
        "openrouter", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1", "openrouter/auto", Quirks(person="user")
    ),
    # https://console.groq.com/docs/openai and https://console.groq.com/docs/speech-to-text
    KnownProvider(
        "groq",
        "GROQ_API_KEY",
        "https://api.groq.com/openai/v1",
        "openai/gpt-oss-120b",
        Quirks(length="max_completion_tokens", person="user"),
        transcription_model="whisper-large-v3-turbo",
    ),
    # https://api-docs.deepseek.com
    KnownProvider("deepseek", "DEEPSEEK_API_KEY", "https://api.deepseek.com/v1", "deepseek-chat"),
    # https://docs.mistral.ai/api: usage comes unasked with the last chunk, and unknown parameters are refused;
    # https://docs.mistral.ai/capabilities/audio; https://docs.mistral.ai/studio/safety-moderation
    KnownProvider(
        "mistral",
        "MISTRAL_API_KEY",
        "https://api.mistral.ai/v1",
        "mistral-small-latest",
        Quirks(stream_options=False),
        transcription_model="voxtral-mini-latest",
        moderation_model="mistral-moderation-latest",
    ),
    # https://docs.llm7.io; "default" lets the service choose.
    KnownProvider("llm7", "LLM7_API_KEY", "https://api.llm7.io/v1", "default"),
    # https://learn.microsoft.com/azure/ai-foundry/openai/reference: the endpoint is the customer's own, models are
    # deployments, and the list of models shows what could be deployed instead of what is.
    KnownProvider(
        "azure",
        "AZURE_OPENAI_API_KEY",
        "",
        None,
        Quirks(length="max_completion_tokens", person="user", lists_models=False),
    ),
)

# Servers on this machine that need no key: https://docs.ollama.com/api/openai-compatibility and
# https://github.com/ggml-org/llama.cpp/tree/master/tools/server
LOCAL: tuple[Provider, ...] = (
    Provider("ollama", "http://127.0.0.1:11434/v1"),
    Provider("llamacpp", "http://127.0.0.1:8080/v1"),
)


def known(name: str) -> KnownProvider | None:
    return next((provider for provider in KNOWN if provider.name == name), None)
