"""Discord's refusals: the JSON error codes that bots meet, and the shape of their bodies.

Source: "Opcodes and Status Codes", JSON error codes, in Discord's developer documentation.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_KNOWN: dict[int, tuple[int, str]] = {
    0: (404, "404: Not Found"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    30015: (400, "Maximum number of attachments in a message reached (10)"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    40094: (400, "This interaction has reached the maximum number of follow-up messages"),
    50001: (403, "Missing Access"),
    50003: (400, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    50159: (400, "Voice messages do not support additional content."),
    50160: (400, "Voice messages must have a single audio attachment."),
    50161: (400, "Voice messages must have supporting metadata."),
    50162: (400, "Voice messages cannot be edited."),
    50173: (400, "You cannot send voice messages in this channel."),
    160004: (400, "A thread has already been created for this message"),
}


class ApiError(Exception):
    """A refused request: the HTTP status and the JSON body that says why."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(body.get("message"))
        self.status = status
        self.body = body


def refusal(code: int) -> ApiError:
    """One of the codes above."""
    status, message = _KNOWN[code]
    return ApiError(status, {"message": message, "code": code})


def unauthorized() -> ApiError:
    return ApiError(401, {"message": "401: Unauthorized", "code": 0})


def invalid_form(field: str, code: str, message: str) -> ApiError:
    """Error 50035; `field` is the path to the offending value, its parts separated by dots."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(field.split(".")):
        errors = {part: errors}
    return ApiError(400, {"message": "Invalid Form Body", "code": 50035, "errors": errors})
