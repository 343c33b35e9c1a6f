"""What an operator sets: environment variables and a `.env` file, read once into frozen values.

`read_settings` raises `SettingsError` with the variable's name, what is wrong with it, and an example. Keys and tokens
never show in a repr.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from yarl import URL

from bot.errors import SettingsError

ENV_FILE = Path(".env")

EXAMPLES: Mapping[str, str] = {
    "ADMINS": "telegram:12345,discord:67890",
    "ALLOWED": "telegram:12345,discord:67890",
    "AZURE_OPENAI_ENDPOINT": "https://my-resource.openai.azure.com",
    "CHAT_MODEL": "openai/gpt-6-luna",
    "DATABASE_URL": "sqlite:///data/parley.db",
    "DISCORD_API_URL": "http://127.0.0.1:8080/api/v10",
    "DISCORD_GATEWAY_URL": "ws://127.0.0.1:8080",
    "DRAIN_SECONDS": "15",
    "FALLBACK_MODELS": "groq/openai/gpt-oss-120b,openrouter/openrouter/auto",
    "DOCUMENT_TOKENS": "8000",
    "HISTORY_TOKENS": "16000",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "info",
    "MODEL_OPTIONS": '{"openai/gpt-6-luna": {"reasoning_effort": "low"}}',
    "ANSWER_MESSAGES": "5",
    "DAILY_TOKENS": "2000000",
    "DAILY_TOKENS_PER_USER": "100000",
    "GROUP_CONTEXT": "15",
    "HOST": "127.0.0.1",
    "PORT": "8080",
    "WEBHOOK_SECRET": "a-long-random-word-of-letters-and-digits",
    "WEBHOOK_URL": "https://bot.example.com",
    "HISTORY_DAYS": "365",
    "MESSAGES_PER_MINUTE": "20",
    "MODERATION": "question",
    "PICTURE_DAYS": "30",
    "PRICES": '{"mine/my-model": {"input": 0.5, "output": 1.5}}',
    "SUMMARIES": "on",
    "TURNS_PER_PERSON": "3",
    "SHOW_TRANSCRIPTS": "on",
    "TRANSCRIPTION_LANGUAGE": "en",
    "OPENAI_BASE_URL": "https://models.example.com/v1",
    "PROVIDERS": '{"mine": {"base_url": "https://models.example.com/v1", "api_key": "..."}}',
    "TELEGRAM_API_URL": "http://127.0.0.1:8081",
    "TELEGRAM_STREAMING": "edit",
}

PROBLEMS: Mapping[str, str] = {
    "string_pattern_mismatch": "is not an address of the right kind",
    "bool_parsing": "must be on or off",
    "int_parsing": "is not a whole number",
    "float_parsing": "is not a number",
    "extra_forbidden": "is not known here",
    "missing": "is missing",
}
"""What is wrong, by pydantic's type of error, where its own sentence is not plain."""

WEBHOOK_PORTS = (443, 80, 88, 8443)
"""To which Telegram delivers (Bot API, setWebhook)."""
USUAL_PORT = 8080
"""Of the HTTP server where a webhook needs it and PORT does not say."""

CAPABILITIES = ("chat", "vision", "image", "transcription", "speech", "moderation", "embedding")

Names = Annotated[tuple[str, ...], NoDecode]
HttpAddress = Annotated[str, Field(pattern=r"^https?://[^/\s]+")]


class MoreProvider(BaseModel):
    """One entry of PROVIDERS."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: HttpAddress
    api_key: SecretStr = SecretStr("")
    headers: dict[str, SecretStr] = {}


class Settings(BaseSettings):
    """Every setting with its default. A field's name in capitals is its variable."""

    model_config = SettingsConfigDict(
        frozen=True, env_file=ENV_FILE, env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore"
    )

    discord_token: SecretStr | None = None
    discord_api_url: HttpAddress | None = None
    discord_gateway_url: Annotated[str, Field(pattern=r"^wss?://[^/\s]+")] | None = None
    telegram_token: SecretStr | None = None
    telegram_api_url: HttpAddress | None = None
    telegram_streaming: Literal["edit", "draft"] = "edit"
    webhook_url: HttpAddress | None = None
    webhook_secret: SecretStr | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] | None = None

    openai_api_key: SecretStr | None = None
    openai_base_url: HttpAddress | None = None
    openrouter_api_key: SecretStr | None = None
    groq_api_key: SecretStr | None = None
    deepseek_api_key: SecretStr | None = None
    mistral_api_key: SecretStr | None = None
    llm7_api_key: SecretStr | None = None
    azure_openai_api_key: SecretStr | None = None
    azure_openai_endpoint: HttpAddress | None = None
    azure_openai_api_version: str = "2025-04-01-preview"
    providers: dict[str, MoreProvider] = {}

    chat_model: str | None = None
    vision_model: str | None = None
    image_model: str | None = None
    transcription_model: str | None = None
    speech_model: str | None = None
    moderation_model: str | None = None
    embedding_model: str | None = None
    transcription_language: str | None = None
    transcription_prompt: str | None = None
    show_transcripts: bool = True
    speech_voice: str | None = None
    fallback_models: Names = ()
    model_options: dict[str, dict[str, Any]] = {}

    database_url: str = "sqlite:///data/parley.db"
    admins: Names = ()
    allowed: Names = ()
    personas_file: Path | None = None
    history_tokens: Annotated[int, Field(ge=0)] = 16_000
    history_days: Annotated[int, Field(ge=0)] = 0
    summaries: bool = True
    group_context: Annotated[int, Field(ge=0, le=100)] = 15
    answer_messages: Annotated[int, Field(ge=1, le=50)] = 5
    document_tokens: Annotated[int, Field(ge=100)] = 8_000
    picture_days: Annotated[int, Field(ge=0)] = 30
    daily_tokens_per_user: Annotated[int, Field(ge=1)] | None = None
    daily_tokens: Annotated[int, Field(ge=1)] | None = None
    messages_per_minute: Annotated[int, Field(ge=0)] = 20
    turns_per_person: Annotated[int, Field(ge=1)] = 3
    prices: dict[str, dict[str, float]] = {}
    moderation: Literal["off", "question", "answer", "both"] = "off"
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = 15.0

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] | None = None

    @field_validator("fallback_models", "admins", "allowed", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A comma list as its entries."""
        if isinstance(value, str):
            return tuple(entry.strip() for entry in value.split(",") if entry.strip())
        return value

    @field_validator("transcription_language")
    @classmethod
    def _language(cls, value: str | None) -> str | None:
        if value is not None and not (value.isascii() and value.isalpha() and 2 <= len(value) <= 3):
            raise ValueError("is not the code of a language, two or three letters")
        return value

    @field_validator("log_level", "log_format", "telegram_streaming", "moderation", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator(*(f"{capability}_model" for capability in CAPABILITIES), "fallback_models")
    @classmethod
    def _named(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        for name in (value,) if isinstance(value, str) else value or ():
            provider, _, model = name.partition("/")
            if not provider or not model:
                raise ValueError(f"{name!r} is not of the form provider/model")
        return value

    @field_validator("webhook_url")
    @classmethod
    def _reachable(cls, value: str | None, info: ValidationInfo) -> str | None:
        """An address that Telegram calls; a Bot API server of one's own calls every address."""
        if value is None or info.data.get("telegram_api_url") is not None:
            return value
        try:
            address = urlsplit(value)
            port = address.port or 443
        except ValueError:
            raise ValueError("is not an address of the right kind") from None
        if address.scheme != "https":
            raise ValueError("must begin with https://: Telegram calls nothing else")
        if port not in WEBHOOK_PORTS:
            raise ValueError("must have the port 443, 80, 88 or 8443: Telegram calls no other")
        if address.query or address.fragment:
            raise ValueError("must end with a path")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{8,256}", value.get_secret_value()):
            raise ValueError("must be 8 to 256 letters, digits, _ or -")
        return value

    @property
    def http_port(self) -> int | None:
        """Where the HTTP server listens; None where there is none."""
        return self.port or (USUAL_PORT if self.webhook_url is not None and self.telegram_token is not None else None)

    def models(self) -> tuple[str, ...]:
        """Every model that is named, once each: of each capability, then the fallbacks."""
        chosen = (getattr(self, f"{capability}_model") for capability in CAPABILITIES)
        return tuple(dict.fromkeys([*(name for name in chosen if name is not None), *self.fallback_models]))

    def key_of(self, variable: str) -> str:
        """The key that a provider's variable holds, "" when it is not set."""
        value = getattr(self, variable.lower())
        return value.get_secret_value() if isinstance(value, SecretStr) else ""

    def secrets(self) -> frozenset[str]:
        """Every token, key and password, for what must keep them out of sight."""
        return frozenset(secret for secret in _secrets(dict(self)) if secret)


def _secrets(value: object) -> Iterator[str]:
    match value:
        case SecretStr():
            secret = value.get_secret_value()
            yield secret
            yield secret.rpartition(" ")[2]  # of a header: "Bearer ..."
        case BaseModel():
            yield from _secrets(dict(value))
        case Mapping():
            for each in value.values():
                yield from _secrets(each)
        case str() if "://" in value and "@" in value:
            yield URL(value).password or ""


def read_settings(env_file: Path | None = ENV_FILE) -> Settings:
    """Read the environment; raises SettingsError for the first value that cannot be used."""
    try:
        return Settings(_env_file=env_file)  # type: ignore[call-arg]  # known to the base class, not to mypy
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        variable = str(first["loc"][0]).upper() if first["loc"] else "settings"
        words = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        problem = PROBLEMS.get(first["type"], words)
        inside = ".".join(str(place) for place in first["loc"][1:])
        raise SettingsError(variable, f"{inside} {problem}.".lstrip(), EXAMPLES.get(variable, "")) from None
    except ValueError as error:
        # pydantic-settings raises this for JSON that cannot be parsed, and names the field in its sentence.
        variable = next((name for name in EXAMPLES if f'"{name.lower()}"' in str(error)), "settings")
        problem = "is not valid JSON." if isinstance(error.__cause__, json.JSONDecodeError) else "cannot be read."
        raise SettingsError(variable, problem, EXAMPLES.get(variable, "")) from None
