"""What Telegram allows, as data."""

from __future__ import annotations

from typing import Literal

from bot.domain.ids import ChatKind
from bot.domain.platform import Bucket, CallKind, Limits, Meter, Window

Streaming = Literal["edit", "draft"]

TEXT_UNITS = 4096
"""UTF-16 units of one message after its formatting is parsed (Bot API, sendMessage)."""

CAPTION_UNITS = 1024
"""UTF-16 units of the text beside a file, after its formatting is parsed (Bot API, sendPhoto and its siblings)."""

UPLOAD_BYTES = 50 * 1024 * 1024
"""The largest file that a bot may send; photos have 10 MB (Bot API, sending files)."""

DOWNLOAD_BYTES = 20 * 1024 * 1024
"""The largest file that Telegram gives to a bot (Bot API, getFile). A server of one's own has no such limit."""

MAX_ENTITIES = 100
"""Telegram ignores the formatting of further entities (Bot API, limits on messages)."""

WRITES: frozenset[CallKind] = frozenset({"send", "edit"})
SIGNS: frozenset[CallKind] = frozenset({"preview", "typing"})

PRIVATE = Meter(
    "messages to a private chat",
    WRITES,
    Bucket(capacity=4, per_second=1.0),
    "Bot FAQ: about one message a second in a chat, short bursts pass; edits count as messages do",
    reserve=1,
)
GROUP = Meter(
    "messages to a group",
    WRITES,
    Bucket(capacity=6, per_second=0.23),
    "Bot FAQ: at most 20 messages a minute in a group; 6 at once and 13 more stay below that in any 60 seconds",
    reserve=1,
)
DRAFTS = (
    Meter(
        "drafts and chat actions, short",
        SIGNS,
        Window(calls=18, seconds=5.0),
        "Telegram's page on bots for AI: 20 drafts and chat actions in 5 seconds for each peer; two less for safety",
    ),
    Meter(
        "drafts and chat actions, long",
        SIGNS,
        Window(calls=36, seconds=30.0),
        "Telegram's page on bots for AI: 40 drafts and chat actions in 30 seconds for each peer; four less for safety",
    ),
)
OVERALL = Meter(
    "messages of the bot",
    WRITES,
    Window(calls=25, seconds=1.0),
    "Bot FAQ: about 30 messages a second over all chats; five less, since calls may draw nearer on their way",
)


def limits_for(kind: ChatKind, streaming: Streaming) -> Limits:
    """The limits of one chat. Drafts exist in private chats alone (Bot API, sendMessageDraft)."""
    messages = PRIVATE if kind == "private" else GROUP
    return Limits(
        text=TEXT_UNITS,
        place=(messages, *DRAFTS),
        shared=(OVERALL,),
        previews=kind == "private" and streaming == "draft",
        caption=CAPTION_UNITS,
        upload=UPLOAD_BYTES,
        folds=True,
        album_apart=True,  # sendMediaGroup takes no buttons and makes a message of each file (Bot API)
    )
