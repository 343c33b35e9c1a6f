"""Translates what providers, the SDK and the network report into `bot.errors.ModelError`. Pure."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from datetime import datetime

import aiohttp
import httpx2
import openai

from bot.errors import (
    BrokenStream,
    CannotSee,
    ContentFiltered,
    FormatRefused,
    KeyRefused,
    ModelError,
    OutOfQuota,
    PromptTooLong,
    ProviderDown,
    RateLimited,
    RequestRefused,
    Stalled,
    UnknownModel,
)
from bot.llm.error_body import error_detail, error_words, trimmed
from bot.llm.overflow import sizes

# What providers write, beside OpenAI's codes: Azure, Anthropic, Gemini, Groq, Mistral, OpenRouter, DeepSeek, vLLM,
# llama.cpp, Ollama, LiteLLM. The wording is all that some of them give.
_QUOTA = re.compile(
    r"insufficient.?(quota|balance|credit|funds)|billing_hard_limit|payment.?required|out of credits?"
    r"|credit balance is too low|used all available credits|requires more credits|spending limit",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context.?(length|window|size|limit)|maximum (context|prompt length)|prompt is too long|input is too long"
    r"|too many (input )?tokens|reduce the length of|exceeds? the (available|maximum|max|model)[^.]{0,30}tokens"
    r"|input token count|request too large|string_above_max_length|too large for model|range of input length"
    r"|inputs.? tokens \+",
    re.IGNORECASE,
)
# Of one request alone, which waiting does not help: a provider that counts tokens by the minute (OpenAI, with 429), and
# llama.cpp (with 500).
_NEVER_FITS = re.compile(r"request too large|exceed_context_size", re.IGNORECASE)
_FILTERED = re.compile(
    r"content.?filter|content.?(management.?)?policy|responsible.?ai|moderation|flagged|safety system"
    r"|prohibited.?content",
    re.IGNORECASE,
)
# OpenAI, Groq ("is it a valid media file?"), whisper.cpp ("failed to read audio data") and others, for recordings and
# for pictures. What is wrong with a single parameter must not look like this.
_FORMAT = re.compile(
    r"(unsupported|unrecogni[sz]ed|invalid|unknown) ((audio|image|media|video|file) )+(format|type|codec)\b"
    r"|unsupported.{0,3}(mime.?type|media.?type|file|image)\b|unsupported_file|invalid_image_(file|format)"
    r"|invalid image file|corrupted or unsupported|valid media file"
    r"|(could not|cannot|can't|failed to|unable to|error) (be )?(decod|process|read|open|pars)\w* "
    r"((the|an?|this|input|uploaded) )*(file|audio|image|media)\b"
    r"|(file|audio|image) (data )?(could not|cannot) be (decoded|read|opened|processed|parsed)",
    re.IGNORECASE,
)
# OpenAI, OpenRouter, Groq, DeepSeek, Mistral, vLLM, Ollama, llama.cpp (with status 500), about pictures in a question.
_BLIND = re.compile(
    r"image_url is only supported by|support image input"
    r"|images? ((content|inputs?) )?((is|are) )?not (supported|enabled)"
    r"|not support (image|vision|multimodal)|unknown variant .?image_url|not a multimodal model"
    r"|at most 0 image|content must be a string|missing data required for image",
    re.IGNORECASE,
)
_UNKNOWN_MODEL = re.compile(
    r"model.?not.?(found|supported)|requested model is not|unknown.?model|invalid.?model|not a valid model"
    r"|model.?decommissioned|deployment.?not.?found|no endpoints found"
    r"|model[^.]{0,80}(does not exist|not found|not available|has been deprecated)",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"\b(invalid|incorrect|missing|wrong|expired|revoked)\b[^.]{0,20}(api.?key|access.?token|credential)"
    r"|invalid_api_key|api.?key[^.]{0,20}(invalid|not valid|expired|revoked)",
    re.IGNORECASE,
)
_DOWN = re.compile(r"overloaded|server.?error|unavailable|bad gateway|upstream|time.?d? ?out", re.IGNORECASE)
_RATE = re.compile(r"rate.?limit|too many requests", re.IGNORECASE)
_STATUS = re.compile(r"[0-9]{1,4}")
_WAIT = re.compile(r"(?:try again|retry) (?:in|after) (?:(\d{1,6})m)?(\d{1,9}(?:\.\d{1,9})?)\s?(ms|s)", re.IGNORECASE)


def from_exception(model: str, error: Exception, now: datetime, secret: str = "") -> ModelError:
    """What the SDK or its transport raised. `secret` is the key in use, which no detail may show."""
    match error:
        case openai.APIStatusError():
            return from_status(model, error.status_code, error.body, error.response.headers, now, secret)
        case openai.APITimeoutError() if isinstance(error.__cause__, httpx2.ReadTimeout):
            return Stalled(model, "no answer came in time")
        case openai.APIConnectionError():
            return ProviderDown(model, "no connection")
        case httpx2.ReadTimeout():
            return Stalled(model, "no more of the answer came in time")
        case httpx2.HTTPError():
            return BrokenStream(model, "the connection broke off")
        case aiohttp.ClientError():
            return BrokenStream(model, "what came was not HTTP")
        case _:
            return RequestRefused(model, trimmed(str(error), secret))


def from_status(
    model: str, status: int, body: object, headers: Mapping[str, str], now: datetime | None = None, secret: str = ""
) -> ModelError:
    """An answer with an error status. `body` is its error object, or what came instead of one."""
    words, detail = error_words(body), error_detail(body, secret)
    if status == 402 or (status in (400, 403, 429) and _QUOTA.search(words)):
        return OutOfQuota(model, detail)
    if status == 401 or (status in (400, 403) and _KEY.search(words)):
        return KeyRefused(model, detail)
    if status != 429 and _BLIND.search(words):
        return CannotSee(model, detail)
    if status in (429, 500) and _NEVER_FITS.search(words):
        return _too_long(model, body, words, detail)
    if status == 429 or (status in (503, 529) and "retry-after" in headers):
        return RateLimited(model, detail, retry_after(headers, words, now))
    if status >= 500 or status in (408, 409, 425):
        return ProviderDown(model, detail or f"status {status}")
    return _refusal(model, status, body, words, detail)


def _too_long(model: str, body: object, words: str, detail: str) -> PromptTooLong:
    return PromptTooLong(model, detail, *sizes(body, words))


def _refusal(model: str, status: int, body: object, words: str, detail: str) -> ModelError:
    if status == 413 or _TOO_LONG.search(words):
        return _too_long(model, body, words, detail)
    if status == 404:  # before what may be part of the model's name: moderation
        return UnknownModel(model, detail)
    if _FILTERED.search(words):
        return ContentFiltered(model, detail)
    if status == 415 or (status in (400, 422) and _FORMAT.search(words)):
        return FormatRefused(model, detail)
    if _UNKNOWN_MODEL.search(words):
        return UnknownModel(model, detail)
    if status == 403:
        return KeyRefused(model, detail)
    return RequestRefused(model, detail or f"status {status}")


def from_body(model: str, body: object, secret: str = "") -> ModelError:
    """An error in an answer whose status was 200: instead of a stream, or in the middle of one."""
    words, detail = error_words(body), error_detail(body, secret)
    code = _code_of(body)
    if code is not None and 400 <= code < 500:
        return from_status(model, code, body, {}, None, secret)
    if _QUOTA.search(words):
        return OutOfQuota(model, detail)
    if _RATE.search(words):
        return RateLimited(model, detail, _told_wait(words))
    if _BLIND.search(words):
        return CannotSee(model, detail)
    if code is not None or _DOWN.search(words):
        return ProviderDown(model, detail)
    refusal = _refusal(model, 0, body, words, detail)
    return BrokenStream(model, detail) if isinstance(refusal, RequestRefused) else refusal


def _code_of(body: object) -> int | None:
    """The status in an error object, as a number or as its digits."""
    value = (body.get("code") or body.get("status")) if isinstance(body, dict) else None
    if isinstance(value, str) and _STATUS.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def retry_after(headers: Mapping[str, str], words: str, now: datetime | None) -> float | None:
    """Seconds that the provider asks to wait: `retry-after-ms`, `retry-after` (seconds or a date), or in words."""
    milliseconds = _positive(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _positive(value)
    if seconds is not None:
        return seconds
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return _told_wait(words)
    if now is None or date.tzinfo is None:
        return _told_wait(words)
    return max(0.0, (date - now).total_seconds())


def _positive(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None


def _told_wait(words: str) -> float | None:
    """`Please try again in 1m20.5s`: OpenAI and Groq say it in the message."""
    found = _WAIT.search(words)
    if found is None:
        return None
    minutes, amount, unit = found.groups()
    return 60 * float(minutes or 0) + float(amount) / (1000 if unit == "ms" else 1)
