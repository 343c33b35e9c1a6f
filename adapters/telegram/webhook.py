"""Updates that Telegram brings by itself: the sibling of long polling, for a bot that the internet can reach.

Telegram posts the next update of a chat only when the one before it was accepted with a 2xx, and posts what was not
accepted again, so order and safety are in the answer: an update is accepted once the core has kept it, refused with a
503 while nobody takes any, and accepted as well where nobody can read it, or it would hold up its chat for a day.
(telegram-bot-api, WebhookActor.cpp. Presses of buttons go beside the messages; they belong to no order.)
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from telegram import WebhookInfo

from adapters.telegram.patience import insist
from adapters.telegram.polling import Deliver, PollingBot
from adapters.telegram.translate import WANTED_UPDATES
from bot import clock

log = logging.getLogger(__name__)

PATH = "/telegram"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (the name of a header)
LOOK_SECONDS = 30.0
"""How often Telegram is asked whether the webhook is still there and whether it gets through."""


def derived_secret(token: str) -> str:
    """The webhook's secret where none is chosen: always the same for a bot, so that what Telegram brings while the bot
    starts is believed, and no way back to the token."""
    return hmac.new(token.encode(), b"the webhook of parley", sha256).hexdigest()


class Webhook:
    """Takes what is posted to `url`, while it runs. `healthy_at` is when Telegram last came, or said that all is well.

    Implements `bot.ports.Hook`.
    """

    def __init__(self, bot: PollingBot, url: str, secret: str) -> None:
        self._bot = bot
        self._url = url
        self._secret = secret
        self._deliver: Deliver | None = None
        self._failed_at: datetime | None = None
        self._failing = False
        self.healthy_at: float | None = None

    async def run(self, deliver: Deliver) -> None:
        """Have updates brought and hand them over, until cancelled; the webhook stays, so that Telegram keeps for the
        next start what comes meanwhile."""
        self._deliver = deliver
        try:
            await insist("setting the webhook", self._set)
            while True:
                await clock.sleep(LOOK_SECONDS)
                await insist("looking after the webhook", self._look)
        finally:
            self._deliver = None

    def admits(self, headers: Mapping[str, str]) -> bool:
        given = headers.get(SECRET_HEADER, "").encode(errors="surrogateescape")
        return hmac.compare_digest(given, self._secret.encode())

    async def take(self, body: bytes) -> int:
        update = _update_of(body)
        if update is None:
            return 400
        if self._deliver is None:
            return 503
        self.healthy_at, self._failing = clock.now(), False
        try:
            sure = self._deliver(update)
        except Exception:
            # One update that cannot be read, whatever the reason, must not keep the others from coming.
            log.exception("Telegram: update %d could not be taken", update["update_id"])
            return 200
        if sure is not None:
            await sure
        return 200

    async def _set(self) -> None:
        # What waits for the bot, also from a time when it polled, is kept and comes by the webhook.
        await self._bot.set_webhook(
            self._url, allowed_updates=WANTED_UPDATES, secret_token=self._secret, drop_pending_updates=False
        )
        self._failed_at = (await self._bot.get_webhook_info()).last_error_date
        self.healthy_at, self._failing = clock.now(), False
        log.info("Telegram: brings messages to %s", self._url)

    async def _look(self) -> None:
        info = await self._bot.get_webhook_info()
        if info.url != self._url:
            log.error("Telegram: another program changed this bot's webhook; it is set again")
            await self._set()
        else:
            self._judge(info)

    def _judge(self, info: WebhookInfo) -> None:
        """Telegram fails from an error that is new, until something arrives or nothing waits any more."""
        fresh = info.last_error_date not in (None, self._failed_at)
        self._failed_at = info.last_error_date
        self._failing = info.pending_update_count > 0 and (fresh or self._failing)
        if not self._failing:
            self.healthy_at = clock.now()
        elif fresh:
            waiting = info.pending_update_count
            log.warning("Telegram: cannot bring messages (%s); %d are waiting", info.last_error_message, waiting)


def _update_of(body: bytes) -> dict[str, Any] | None:
    """What was posted, if it has the form of an update."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and type(found.get("update_id")) is int else None
