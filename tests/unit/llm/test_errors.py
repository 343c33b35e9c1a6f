"""Which error of ours stands for which of the providers', the SDK's and the network's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import httpx2
import openai
import pytest

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
from bot.llm.error_body import DETAIL_LENGTH
from bot.llm.errors import from_body, from_exception, from_status, retry_after

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")


def error(message: str, code: object = None, kind: str = "invalid_request_error") -> dict[str, object]:
    return {"message": message, "type": kind, "param": None, "code": code}


STATUSES: list[tuple[int, object, type[ModelError]]] = [
    (401, error("Incorrect API key provided: sk-abcdefgh.", "invalid_api_key"), KeyRefused),
    (401, "<html>", KeyRefused),
    (403, error("You are not allowed to sample from this model."), KeyRefused),
    (400, error("API key not valid. Please pass a valid API key.", 400), KeyRefused),
    (402, error("This request requires more credits.", 402), OutOfQuota),
    (429, error("You exceeded your current quota.", "insufficient_quota", "insufficient_quota"), OutOfQuota),
    (429, error("Billing hard limit", "billing_hard_limit_reached"), OutOfQuota),
    (400, error("Your credit balance is too low to access the API."), OutOfQuota),
    (403, error("Your team has used all available credits."), OutOfQuota),
    (402, {"error_msg": "Insufficient Balance"}, OutOfQuota),
    (429, error("Rate limit reached", "rate_limit_exceeded"), RateLimited),
    (429, "", RateLimited),
    (429, [{"error": {"code": 429, "message": "Resource has been exhausted"}}], RateLimited),
    (400, error("Unsupported parameter: 'x' is not supported with this model."), RequestRefused),
    (400, error("The requested model is not supported.", "model_not_supported"), UnknownModel),
    (404, error("The model `x` does not exist", "model_not_found"), UnknownModel),
    (404, error("model 'x' not found, try pulling it first"), UnknownModel),
    (404, error("The API deployment for this resource does not exist.", "DeploymentNotFound"), UnknownModel),
    (404, "<html>Not found</html>", UnknownModel),
    (403, error("Project `p` does not have access to model `x`", "model_not_found"), UnknownModel),
    (400, error("x is not a valid model ID", 400), UnknownModel),
    (400, error("Invalid model name passed in model=x"), UnknownModel),
    (400, error("The model `x` has been decommissioned", "model_decommissioned"), UnknownModel),
    (400, error("This model's maximum context length is 8192 tokens.", "context_length_exceeded"), PromptTooLong),
    (400, error("prompt is too long: 210000 tokens > 200000 maximum"), PromptTooLong),
    (400, error("The input token count (1200000) exceeds the maximum number of tokens allowed"), PromptTooLong),
    (400, error("the request exceeds the available context size. try increasing the context size"), PromptTooLong),
    (400, error("Prompt contains 66385 tokens, too large for model with 32768 maximum context length"), PromptTooLong),
    (400, {"object": "error", "message": "Please reduce the length of the messages", "code": 400}, PromptTooLong),
    (413, error("Request too large for model on tokens per minute (TPM)", "rate_limit_exceeded"), PromptTooLong),
    (413, "<html>", PromptTooLong),
    (400, error("The response was filtered due to the content management policy.", "content_filter"), ContentFiltered),
    (400, error("Your request was rejected by our safety system.", "content_policy_violation"), ContentFiltered),
    (403, error("Your input was flagged", 403), ContentFiltered),
    (400, error("max_tokens is too large: 5000. This model supports at most 4096 completion tokens"), RequestRefused),
    (400, error("Invalid image URL."), RequestRefused),
    (422, {"detail": [{"loc": ["body", "x"], "msg": "Extra inputs are not permitted"}]}, RequestRefused),
    (405, "", RequestRefused),
    (400, error("Unsupported file format oga", "unsupported_value"), FormatRefused),
    (400, error("Unrecognized file format. Supported formats: ['flac', 'm4a']"), FormatRefused),
    (400, error("Invalid file format. Supported formats: ['flac', 'm4a']"), FormatRefused),
    (400, error("Audio file might be corrupted or unsupported", "invalid_value"), FormatRefused),
    (400, error("could not process file - is it a valid media file?"), FormatRefused),
    (400, error("error: failed to read audio data"), FormatRefused),
    (400, error("The audio file could not be decoded or its format is not supported."), FormatRefused),
    (422, {"detail": "Unsupported audio format: audio/x-caf"}, FormatRefused),
    (415, "", FormatRefused),
    (400, error("Invalid file 'image': unsupported mimetype ('image/gif')."), FormatRefused),
    (400, error("Invalid image file or mode for image 1.", "invalid_image_file"), FormatRefused),
    (400, error("You uploaded an unsupported image.", "invalid_image_format"), FormatRefused),
    (400, error("Invalid content type. image_url is only supported by certain models."), CannotSee),
    (404, error("No endpoints found that support image input", 404), CannotSee),
    (400, error("messages[1].content must be a string"), CannotSee),
    (400, error("image input not supported"), CannotSee),
    (422, error("Failed to deserialize: messages[1]: unknown variant `image_url`, expected `text`"), CannotSee),
    (400, error("some-model is not a multimodal model"), CannotSee),
    (400, error("At most 0 image(s) may be provided in one prompt."), CannotSee),
    (500, error("image input is not supported - hint: you may need to provide the mmproj", 500), CannotSee),
    (400, error("The audio file is empty."), RequestRefused),
    (400, error("Audio file is too short. Minimum audio length is 0.1 seconds.", "audio_too_short"), RequestRefused),
    (400, error("Invalid type for 'messages[0].content'.", "invalid_type"), RequestRefused),
    (400, error("Unsupported parameter: 'response_format' is not supported with this model."), RequestRefused),
    (400, error("Unsupported value: 'response_format' does not support 'srt'."), RequestRefused),
    (400, error("Rejected by the safety system. safety_violations=[violence].", "moderation_blocked"), ContentFiltered),
    (500, error("The server had an error"), ProviderDown),
    (503, "<html>", ProviderDown),
    (529, error("Overloaded"), ProviderDown),
    (408, "", ProviderDown),
    (409, "", ProviderDown),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "expected"), STATUSES)
def test_statuses(status: int, body: object, expected: type[ModelError]) -> None:
    failure = from_status("a/b", status, body, {}, NOW)
    assert type(failure) is expected
    assert failure.model == "a/b"
    assert "<" not in failure.detail


BODIES: list[tuple[object, type[ModelError]]] = [
    (error("Boom"), BrokenStream),
    (error("The server had an error", None, "server_error"), ProviderDown),
    (error("Overloaded", None, "overloaded_error"), ProviderDown),
    (error("Provider returned error", 502), ProviderDown),
    (error("Provider returned error", "502"), ProviderDown),
    (error("slow down", "rate_limit_exceeded"), RateLimited),
    (error("slow down", 429), RateLimited),
    (error("no money", "insufficient_quota"), OutOfQuota),
    (error("maximum context length", "context_length_exceeded"), PromptTooLong),
    (error("x", "content_filter"), ContentFiltered),
    (error("No auth", 401), KeyRefused),
    ("a word", BrokenStream),
    (True, BrokenStream),
    ({}, BrokenStream),
]


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_errors_with_status_200(body: object, expected: type[ModelError]) -> None:
    assert type(from_body("a/b", body)) is expected


WAITS: list[tuple[Mapping[str, str], str, float | None]] = [
    ({"retry-after": "7"}, "", 7),
    ({"retry-after": "0.5"}, "", 0.5),
    ({"retry-after-ms": "1500", "retry-after": "2"}, "", 1.5),
    ({"retry-after": "Sun, 01 Nov 2026 12:00:30 GMT"}, "", 30),
    ({"retry-after": "Sun, 01 Nov 2026 11:00:00 GMT"}, "", 0),
    ({"retry-after": "soon"}, "", None),
    ({"retry-after": "Sun, 01 Nov 2026 12:00:30"}, "Try again in 5s.", 5),
    ({"retry-after": "-3"}, "", None),
    ({"retry-after": "nan"}, "", None),
    ({}, "Rate limit reached. Please try again in 1m20.5s.", 80.5),
    ({}, "Please try again in 20ms.", 0.02),
    ({}, "Slow down.", None),
]


@pytest.mark.parametrize(("headers", "words", "seconds"), WAITS)
def test_retry_after(headers: Mapping[str, str], words: str, seconds: float | None) -> None:
    assert retry_after(headers, words, NOW) == seconds


def test_an_overloaded_provider_may_name_a_pause() -> None:
    failure = from_status("a/b", 503, "", {"retry-after": "3"}, NOW)
    assert isinstance(failure, RateLimited)
    assert failure.retry_after == 3


def raised(status: int, text: str, headers: Mapping[str, str] | None = None) -> Exception:
    """The SDK's own exception for a response."""
    client = openai.AsyncOpenAI(api_key="k", base_url="http://127.0.0.1/v1")
    response = httpx2.Response(status, text=text, headers=headers, request=REQUEST)
    return client._make_status_error_from_response(response)


def timed_out(cause: Exception) -> Exception:
    failure = openai.APITimeoutError(REQUEST)
    failure.__cause__ = cause
    return failure


EXCEPTIONS: list[tuple[Exception, type[ModelError]]] = [
    (openai.APIConnectionError(request=REQUEST), ProviderDown),
    (timed_out(httpx2.ReadTimeout("")), Stalled),
    (timed_out(httpx2.ConnectTimeout("")), ProviderDown),
    (httpx2.ReadTimeout(""), Stalled),
    (httpx2.ReadError(""), BrokenStream),
    (httpx2.RemoteProtocolError(""), BrokenStream),
    (openai.OpenAIError("Missing credentials"), RequestRefused),
]


@pytest.mark.parametrize(("failure", "expected"), EXCEPTIONS)
def test_exceptions(failure: Exception, expected: type[ModelError]) -> None:
    assert type(from_exception("a/b", failure, NOW)) is expected


async def test_the_sdks_status_errors_are_read() -> None:
    text = '{"error": {"message": "Slow down", "type": "requests", "code": "rate_limit_exceeded"}}'
    failure = from_exception("a/b", raised(429, text, {"Retry-After": "3"}), NOW)
    assert isinstance(failure, RateLimited)
    assert (failure.detail, failure.retry_after) == ("Slow down", 3)


@pytest.mark.parametrize(
    "message",
    [
        "Incorrect API key provided: sk-proj-abcdef123456.",
        "Bearer eyJhbGciOi is wrong",
        "Key gsk_12345678 is wrong",
        "the key is very-secret!",
    ],
)
def test_keys_do_not_show(message: str) -> None:
    failure = from_status("a/b", 401, error(message), {}, NOW, secret="very-secret")
    assert "[key]" in failure.detail
    for secret in ("abcdef", "eyJ", "1234", "very-secret"):
        assert secret not in str(failure)


def test_details_are_short() -> None:
    failure = from_status("a/b", 400, error("long " * 500), {}, NOW)
    assert len(failure.detail) == DETAIL_LENGTH
