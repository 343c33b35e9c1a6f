"""The Telegram platform: its life, its intake, and the channels that it hands out."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from telegram import Update, User
from telegram.error import InvalidToken

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.common import Common
from adapters.telegram.downloads import Downloads
from adapters.telegram.errors import delivery_error
from adapters.telegram.identity import PLATFORM, BotIdentity
from adapters.telegram.limits import Streaming, limits_for
from adapters.telegram.markup import Markup
from adapters.telegram.menu import sync_menu
from adapters.telegram.patience import describe, insist
from adapters.telegram.polling import POLL_SECONDS, Poller, PollingBot, RawUpdate
from adapters.telegram.secrecy import DiscreetRequest, TokenFilter
from adapters.telegram.translate import translate
from adapters.telegram.uploads import UPLOAD_SECONDS
from adapters.telegram.webhook import PATH, Webhook, derived_secret
from bot.commands.spec import Command
from bot.domain.ids import ChatRef
from bot.domain.messages import ChatMoved
from bot.errors import SettingsError
from bot.ports import Hook, Inbox, Notes

log = logging.getLogger(__name__)

API_URL = "https://api.telegram.org"
ANSWER_SECONDS = 20.0
"""For the answer to a call. Giving up early leaves a message of which nobody knows whether it is shown."""
CONNECT_SECONDS = 5.0
CONNECTIONS = 64
SILENCE = 120.0
"""A poll takes 40 seconds at most, and so does a pause after one that failed: of two in a row one should succeed. A
webhook is looked after every 30 seconds."""


class TelegramPlatform:
    """Implements `bot.ports.Platform` by long polling or, where there is a `webhook_url`, by a webhook below it.

    `webhook_secret` is what Telegram shows there; without one it follows from the token. `api_url` is the address of
    another Bot API server; a poll stays open for `wait` seconds.
    """

    name = PLATFORM
    silence = SILENCE

    def __init__(
        self,
        token: str,
        notes: Notes,
        commands: Sequence[Command],
        *,
        api_url: str | None = None,
        streaming: Streaming = "edit",
        webhook_url: str | None = None,
        webhook_secret: str = "",
        wait: int = POLL_SECONDS,
    ) -> None:
        self._token = token
        self._notes = notes
        self._commands = tuple(commands)
        self._api_url = (api_url or API_URL).rstrip("/")
        self._webhook_url = None if webhook_url is None else webhook_url.rstrip("/") + PATH
        self._webhook_secret = webhook_secret or derived_secret(token)
        self._wait = wait
        self._limits = {"private": limits_for("private", streaming), "group": limits_for("group", streaming)}
        self._moved: dict[int, int] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()
        self._entered: tuple[Common, Poller | Webhook] | None = None

    async def __aenter__(self) -> TelegramPlatform:
        # The library's only switch for spans of time as timedeltas. Without it, it warns at every one that it makes,
        # which turns each flood error into a warning where warnings are errors.
        os.environ.setdefault("PTB_TIMEDELTA", "1")
        self._stack.enter_context(TokenFilter(self._token, self._webhook_secret))
        request = self._request(CONNECTIONS)
        bot = PollingBot(
            self._token, base_url=f"{self._api_url}/bot", request=request, get_updates_request=self._request(2)
        )
        downloads = Downloads(bot, request, f"{self._api_url}/file/bot{self._token}")
        self._entered = (Common(bot, Markup(), downloads, self._moved), self._source(bot))
        self._stack.push_async_callback(self._drop_errands)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._entered = None
        await self._stack.aclose()

    @property
    def healthy_at(self) -> float | None:
        """When Telegram last answered a poll or, of a webhook, when it last came or said that all is well."""
        return None if self._entered is None else self._entered[1].healthy_at

    @property
    def hooks(self) -> Mapping[str, Hook]:
        source = self._open()[1]
        return {PATH: source} if isinstance(source, Webhook) else {}

    async def check(self) -> str:
        try:
            me = await self._bot.get_me()
        except InvalidToken as error:
            raise SettingsError("TELEGRAM_TOKEN", describe(error), "123456789:AAF...") from error
        except Exception as error:
            # Whatever went wrong has to be said in one line.
            raise delivery_error(error) from error
        reads_all = "yes" if me.can_read_all_group_messages else "no"
        way = "" if self._webhook_url is None else f", brings them to {self._webhook_url}"
        return f"Telegram: @{me.username} (id {me.id}), can read all group messages: {reads_all}{way}"

    async def receive(self, inbox: Inbox) -> None:
        common, source = self._open()
        bot = common.bot
        identity = self._identify(await insist("signing in", bot.get_me))
        log.info("Telegram: signed in as @%s", identity.username)
        if isinstance(source, Poller):
            await insist("switching to polling", self._leave_webhook)
        self._run("setting the menu", sync_menu(bot, self._notes, identity.id, self._commands))
        await inbox.begin(self)
        await source.run(lambda update: self._take(update, identity, inbox))

    def channel(self, chat: ChatRef) -> TelegramChannel | None:
        # A token begins with its bot's id.
        return self._channel(chat) if chat.bot_id == self._token.partition(":")[0] else None

    def _channel(self, chat: ChatRef) -> TelegramChannel:
        return TelegramChannel(self._open()[0], chat, self._limits[chat.kind])

    @property
    def _bot(self) -> PollingBot:
        return self._open()[0].bot

    def _source(self, bot: PollingBot) -> Poller | Webhook:
        if self._webhook_url is None:
            return Poller(bot, wait=self._wait)
        return Webhook(bot, self._webhook_url, self._webhook_secret)

    def _open(self) -> tuple[Common, Poller | Webhook]:
        if self._entered is None:
            raise RuntimeError("enter the Telegram platform first: `async with platform:`")
        return self._entered

    def _request(self, connections: int) -> DiscreetRequest:
        request = DiscreetRequest(
            self._token,
            connection_pool_size=connections,
            read_timeout=ANSWER_SECONDS,
            write_timeout=ANSWER_SECONDS,
            media_write_timeout=UPLOAD_SECONDS,
            connect_timeout=CONNECT_SECONDS,
        )
        self._stack.push_async_callback(request.shutdown)
        return request

    def _identify(self, me: User) -> BotIdentity:
        names = {name for command in self._commands for name in (command.name, *command.aliases)}
        return BotIdentity(me.id, me.username or "", frozenset(names))

    async def _leave_webhook(self) -> None:
        """Telegram delivers either by webhook or by polling. What waits for the webhook is kept."""
        webhook = await self._bot.get_webhook_info()
        if webhook.url:
            log.warning("Telegram: a webhook was set for this bot; it is removed, because WEBHOOK_URL is not set here")
            await self._bot.delete_webhook(drop_pending_updates=False)

    def _take(self, raw: RawUpdate, identity: BotIdentity, inbox: Inbox) -> Awaitable[None] | None:
        update = Update.de_json(raw, self._bot)
        if update.callback_query is not None:
            # Stops the sign on the button that was pressed.
            self._run("acknowledging a button", self._bot.answer_callback_query(update.callback_query.id))
        event = translate(update, identity)
        if event is None:
            return None
        if isinstance(event, ChatMoved):
            self._moved[int(event.old.chat_id)] = int(event.chat.chat_id)
        return inbox.accept(event, self._channel(event.chat))

    def _run(self, what: str, errand: Coroutine[Any, Any, object]) -> None:
        """Start something that nobody waits for; leaving the platform ends it."""
        task = asyncio.create_task(_attempt(what, errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _drop_errands(self) -> None:
        errands = tuple(self._errands)
        for errand in errands:
            errand.cancel()
        await asyncio.gather(*errands, return_exceptions=True)


async def _attempt(what: str, errand: Coroutine[Any, Any, object]) -> None:
    try:
        await errand
    except Exception as error:
        # Nobody waits for an errand, so nobody else would tell.
        log.warning("Telegram, %s: %s", what, describe(error))
