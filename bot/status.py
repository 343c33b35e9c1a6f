"""How the bot is."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from bot import clock
from bot.commands.services import Vitals
from bot.conversation.lanes import Lanes
from bot.conversation.running import Running
from bot.models import Models


class BotStatus:
    """Implements `bot.commands.services.Status`."""

    def __init__(
        self, database_url: str, platforms: Sequence[str], models: Models, running: Running, lanes: Lanes
    ) -> None:
        self._database = database_url.partition(":")[0].partition("+")[0]
        self._platforms = tuple(platforms)
        self._running = running
        self._lanes = lanes
        named = {
            "chat": models.default,
            "image": models.image,
            "transcription": models.transcription,
            "speech": models.speech,
            "moderation": models.moderation,
        }
        self._models = {work: name for work, name in named.items() if name is not None}
        self._since = clock.now()

    def vitals(self) -> Vitals:
        return Vitals(
            version=version("parley"),
            uptime=clock.now() - self._since,
            platforms=self._platforms,
            database=self._database,
            models=self._models,
            running=self._running.count,
            waiting=self._lanes.waiting,
        )
