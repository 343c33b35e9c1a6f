"""What all channels of one bot share."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.telegram.downloads import Downloads
from adapters.telegram.markup import Markup
from adapters.telegram.polling import PollingBot
from bot.domain.recent import Recent

REMEMBERED = 2000
"""Messages with files, the newest of them."""


@dataclass(frozen=True, slots=True)
class Common:
    """`moved` holds the new ids of groups that became supergroups.

    `captioned` are the messages of the bot that carry files, by chat and message id: their words are edited by another
    call. Nothing depends on it but one wasted call: Telegram says so when a message has no text.
    """

    bot: PollingBot = field(repr=False)  # the library's shows the token
    markup: Markup
    downloads: Downloads
    moved: dict[int, int]
    captioned: Recent[tuple[int, int], None] = field(default_factory=lambda: Recent(REMEMBERED))
