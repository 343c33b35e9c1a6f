"""What Discord allows, as data."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.platform import CallKind, Limits, Meter, Window

TEXT_UNITS = 2000
"""Characters of one message (developer documentation, "Create Message"). Counted here in UTF-16 units, which is never
less than what Discord counts."""

_HEADERS = "the rate limit headers that Discord has sent for this route for years; it documents no number for it"
_EACH = Window(calls=5, seconds=5.0)

# The reserve has a second use here: discord.py answers the call that takes the last token of a bucket only when the
# bucket is full again, up to five seconds later. Calls that can wait therefore leave one token.
CREATE = Meter("messages to a channel", frozenset({"send"}), _EACH, _HEADERS, reserve=1)
# Deleting is counted apart and more generously, 5 in a second, so that counting it as an edit is safe.
EDIT = Meter("edits in a channel", frozenset({"edit"}), _EACH, _HEADERS, reserve=1)
TYPING = Meter("typing in a channel", frozenset({"typing"}), _EACH, _HEADERS, reserve=1)
WEBHOOK = Meter("messages and edits of an interaction", frozenset({"send", "edit"}), _EACH, _HEADERS, reserve=1)

_ALL: frozenset[CallKind] = frozenset({"send", "edit", "typing"})
OVERALL = Meter(
    "calls of the bot",
    _ALL,
    Window(calls=45, seconds=1.0),
    'developer documentation, "Rate Limits": 50 requests a second for each bot; five are left for what is not metered',
)

UPLOAD = 10 * 1024 * 1024
"""Bytes of one file (developer documentation, "Uploading Files": the default, which boosted servers raise)."""

_CHANNEL = Limits(
    text=TEXT_UNITS,
    place=(CREATE, EDIT, TYPING),
    shared=(OVERALL,),
    dedupes=True,
    caption=TEXT_UNITS,
    upload=UPLOAD,
)

_INTERACTION = Limits(text=TEXT_UNITS, place=(WEBHOOK, TYPING), shared=(OVERALL,), caption=TEXT_UNITS, upload=UPLOAD)


def channel(*, threads: bool) -> Limits:
    """A channel, thread or direct message. Its messages carry an enforced nonce, so a repeated one is not shown twice.

    `threads`: one can be opened on a message there.
    """
    return replace(_CHANNEL, threads=threads)


def interaction(*, threads: bool) -> Limits:
    """The answer to an interaction. Its messages go through a webhook, which takes no nonce."""
    return replace(_INTERACTION, threads=threads)
