"""How large a request was and how large it may be, as providers say it when they refuse one. Pure."""

from __future__ import annotations

import re

_DEPTH = 6
"""How deep the fields of an error may lie."""

_N = r"(\d[\d,]{0,12})"

# As OpenAI, Azure, vLLM, OpenRouter, DeepSeek, Anthropic, Gemini, Mistral, Groq, xAI, llama.cpp, llama-cpp-python, TGI
# and DashScope word it.
_LIMIT = re.compile(
    rf"(?:maximum|max) (?:context|prompt|input|sequence) length (?:is|of) {_N}"
    rf"|{_N} maximum\b"
    rf"|tokens allowed \({_N}\)"
    rf"|context (?:window|size|length)(?: of)? \(?{_N}"
    rf"|> {_N}"
    rf"|must be <= {_N}"
    rf"|range of input length should be \[\d+, {_N}\]"
    rf"|\blimit:? {_N}(?![\d,]* \+)(?!\d)",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    rf"{_N} +(?:tokens )?(?:in|of|for|from) +(?:the |your )?(?:messages|prompt|(?:text|tool|image) input|functions)"
    rf"|{_N} input tokens"
    rf"|{_N} `inputs` tokens"
    rf"|(?:prompt|request) contains {_N} tokens"
    rf"|too long: {_N} tokens"
    rf"|context limit: {_N} \+"
    rf"|input token count \({_N}\)"
    rf"|request \({_N} tokens\)"
    rf"|requested tokens \({_N}\)",
    re.IGNORECASE,
)
_ALL = re.compile(rf"(?:requested|resulted in)(?: about)? {_N}", re.IGNORECASE)
_REPLY = re.compile(
    rf"{_N} +(?:tokens )?(?:in|for) +(?:the |your )?(?:completion|output)"
    rf"|{_N} (?:output tokens|'max_tokens'|`max_new_tokens`)"
    rf"|context limit: \d+ \+ {_N}",
    re.IGNORECASE,
)


def sizes(body: object, words: str) -> tuple[int | None, int | None]:
    """The tokens of the prompt and the most that it may have, None for what is not said; what is kept for the reply is
    taken off the limit. Numbers that contradict each other are none."""
    told = _fields(body, _DEPTH)
    if told is not None:
        return told
    limits, reply = _numbers(_LIMIT, words), sum(_numbers(_REPLY, words)[:1])
    if not limits or limits[0] <= reply:
        return None, None  # no prompt is short enough beside such a reply
    limit = limits[0] - reply
    prompt = sum(_numbers(_PROMPT, words))
    if not prompt:
        prompt = sum(_numbers(_ALL, words)[:1]) - reply
    return (prompt if prompt > limit else None), limit


def _fields(body: object, depth: int) -> tuple[int, int] | None:
    """llama.cpp names the numbers as fields of the error."""
    match body:
        case {"n_prompt_tokens": int(prompt), "n_ctx": int(limit)} if prompt > 0 and limit > 0:
            return prompt, limit
        case {"error": inner} if depth:
            return _fields(inner, depth - 1)
        case _:
            return None


def _numbers(pattern: re.Pattern[str], words: str) -> list[int]:
    """What the groups of each match hold."""
    return [int(next(filter(None, found.groups())).replace(",", "")) for found in pattern.finditer(words)]
