"""From the settings to the providers: which are configured, and which model answers by default."""

from __future__ import annotations

from typing import Literal

from bot.errors import SettingsError
from bot.llm.providers import KNOWN, Provider
from bot.settings import Settings

Capability = Literal["chat", "image", "transcription", "speech", "moderation"]

MEDIA: tuple[Capability, ...] = ("image", "transcription", "speech", "moderation")
"""What a model of its own is looked for, beside the one that chats."""


def configured(settings: Settings) -> list[Provider]:
    """Every provider that the settings switch on, the known ones first."""
    providers = []
    for known in KNOWN:
        key = settings.key_of(known.key_variable)
        if not key:
            continue
        match known.name:
            case "openai":
                providers.append(known.with_key(key, settings.openai_base_url))
            case "azure":
                if settings.azure_openai_endpoint is None:
                    example = "https://my-resource.openai.azure.com"
                    raise SettingsError("AZURE_OPENAI_ENDPOINT", "is missing beside AZURE_OPENAI_API_KEY.", example)
                providers.append(known.with_key(key, settings.azure_openai_endpoint, settings.azure_openai_api_version))
            case _:
                providers.append(known.with_key(key))
    for name, more in settings.providers.items():
        headers = {header: value.get_secret_value() for header, value in more.headers.items()}
        providers.append(Provider(name, more.base_url, more.api_key.get_secret_value(), headers))
    return providers


def default_model(providers: list[Provider], capability: Capability = "chat") -> str | None:
    """The model for this capability of the first configured provider that has a sensible one."""
    names = {provider.name for provider in providers}
    for known in KNOWN:
        model = getattr(known, f"{capability}_model")
        if known.name in names and model is not None:
            return f"{known.name}/{model}"
    return None
