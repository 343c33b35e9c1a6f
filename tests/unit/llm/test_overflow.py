"""The numbers in the words with which providers refuse a request that is too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import PromptTooLong
from bot.llm.errors import from_body, from_status
from bot.llm.overflow import sizes

LENGTH = "This model's maximum context length is"
REFUSALS: list[tuple[str, int | None, int | None]] = [
    (f"{LENGTH} 8192 tokens. However, you requested 10240 tokens (9216 in the messages, 1024 in the completion). "
     "Please reduce the length of the messages or completion.", 9216, 7168),
    (f"{LENGTH} 4097 tokens, however you requested 4116 tokens (3860 in your prompt; 256 for  the completion).",
     3860, 3841),
    (f"{LENGTH} 128000 tokens. However, your messages resulted in 204308 tokens.", 204308, 128000),
    (f"{LENGTH} 8192 tokens. However, you requested 10240 tokens.", 10240, 8192),
    (f"{LENGTH} 2048 tokens. However, your request has 3000 input tokens.", 3000, 2048),
    (f"{LENGTH} 2048 tokens. However, you requested 45 output tokens and your prompt contains at least 2004 input "
     "tokens, for a total of at least 2049 tokens.", 2004, 2003),
    (f"{LENGTH} 8192 tokens.", None, 8192),
    ("This endpoint's maximum context length is 131072 tokens. However, you requested about 150000 tokens (140000 of "
     "text input, 2000 of tool input, 8000 in the output).", 142000, 123072),
    ("This endpoint's maximum context length is 131072 tokens. However, you requested about 138956 tokens (7884 of "
     "text input, 131072 in the output).", None, None),
    ("prompt is too long: 208310 tokens > 200000 maximum", 208310, 200000),
    ("input length and `max_tokens` exceed context limit: 199759 + 21333 > 204698", 199759, 183365),
    ("The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).", 1200293, 1048576),
    ("Prompt contains 66385 tokens, too large for model with 32768 maximum context length", 66385, 32768),
    ("Requested tokens (2285) exceed context window of 2048", 2285, 2048),
    ("request (1407 tokens) exceeds the available context size (256 tokens), try increasing it", 1407, 256),
    ("Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 9204", 9204, 6000),
    ("This model's maximum prompt length is 131,072 but the request contains 537,812 tokens.", 537812, 131072),
    ("`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 512 `max_new_tokens`",
     9000, 7681),
    ("Range of input length should be [1, 30720]", None, 30720),
    ("Please reduce the length of the messages", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("words", "tokens", "limit"), REFUSALS)
def test_what_providers_say(words: str, tokens: int | None, limit: int | None) -> None:
    failure = from_status("a/b", 400, {"message": words, "type": "invalid_request_error", "code": 400}, {})
    assert isinstance(failure, PromptTooLong)
    assert (failure.tokens, failure.limit) == (tokens, limit)


def test_llama_cpp_names_fields() -> None:
    body = {"code": 400, "type": "exceed_context_size_error", "message": "x", "n_prompt_tokens": 1407, "n_ctx": 256}
    for failure in (
        from_status("a/b", 400, body, {}),
        from_status("a/b", 500, {"error": {**body, "code": 500}}, {}),
        from_body("a/b", body),
    ):
        assert isinstance(failure, PromptTooLong)
        assert (failure.tokens, failure.limit) == (1407, 256)


def test_what_never_fits_into_a_minute_is_not_waited_for() -> None:
    words = "Request too large for gpt-x on tokens per min (TPM): Limit 30000, Requested 40000."
    failure = from_status("a/b", 429, {"message": words, "code": "rate_limit_exceeded"}, {"retry-after": "2"})
    assert isinstance(failure, PromptTooLong)
    assert (failure.tokens, failure.limit) == (40000, 30000)


@given(st.lists(st.sampled_from(["tokens", "limit", "maximum context length is", "requested", "in the messages", "> ",
                                 "(", ")", "9" * 5000]) | st.integers(0, 10**9).map(str)))  # fmt: skip
def test_whatever_is_said_the_numbers_make_sense(words: list[str]) -> None:
    tokens, limit = sizes({"message": "x"}, " ".join(words))
    assert limit is None or limit > 0
    assert tokens is None or (limit is not None and tokens > limit)
