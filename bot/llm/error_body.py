"""Reads the error objects of providers, which come in many shapes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

DETAIL_LENGTH = 300
"""Characters of a provider's sentence that are kept."""

# How deep the words of an error lie and how many characters of them matter, so that a strange body costs nothing.
_DEPTH = 6
_WORDS = 8_000

_SECRET = re.compile(r"\b(?:(?:sk|pk|gsk|xai|key|or|csk)[-_][\w*.\-]{6,}|Bearer\s+\S+)")


def error_words(body: object) -> str:
    """All that an error says, by which errors are told apart: code, type, message, and what lies nested in it."""
    return " ".join(_words(body, _DEPTH))[:_WORDS]


def _words(body: object, depth: int) -> Iterator[str]:
    match body:
        case str():
            yield body
        case bool() | None:
            return
        case int():
            yield str(body)
        case dict() if depth:
            for value in body.values():
                yield from _words(value, depth - 1)
        case list() if depth:
            for value in body:
                yield from _words(value, depth - 1)


def error_detail(body: object, secret: str) -> str:
    """The provider's own sentence; markup is not one."""
    return trimmed(_sentence(body, _DEPTH), secret)


def _sentence(body: Any, depth: int) -> str:
    match body:
        case str():
            return "" if body.lstrip().startswith("<") else body
        case {"message": str(message)} if message:
            return message
        case {"error": inner} | {"detail": inner} | [inner, *_] if inner and depth:
            return _sentence(inner, depth - 1)
        case _:
            return ""


def trimmed(text: str, secret: str) -> str:
    if secret:
        text = text.replace(secret, "[key]")
    text = " ".join(_SECRET.sub("[key]", text).split())
    return text if len(text) <= DETAIL_LENGTH else text[: DETAIL_LENGTH - 1] + "…"
