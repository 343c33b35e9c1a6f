"""The command `parley`: reads the arguments and the settings, chooses the adapters, runs."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import cast

from pydantic import SecretStr

from bot import app, check
from bot.app import PlatformFactory
from bot.commands.catalogue import MENUS
from bot.errors import BackupError, SettingsError
from bot.ports import Platform
from bot.settings import Settings, read_settings
from bot.storage.backup import back_up
from bot.telemetry import logs
from bot.telemetry.redaction import Redactor
from bot.telemetry.uncaught import log_uncaught

EPILOG = "Settings come from environment variables and a .env file; .env.example lists them all."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = _arguments(arguments)
    log_uncaught()
    try:
        settings = read_settings()
        if options.command == "backup":
            print(back_up(settings.database_url, options.file, force=options.force))
            return 0
        if options.command == "check":
            logs.configure("error", settings.log_format, settings.secrets())
            return asyncio.run(_check(settings))
        names = _platforms(settings, options.command)
        console = names == ["console"]
        # In the chat on the terminal every failure is a sentence already.
        level = "error" if console and "log_level" not in settings.model_fields_set else settings.log_level
        logs.configure(level, settings.log_format, settings.secrets())
        asyncio.run(app.run(settings, [_factory(name, settings) for name in names], ends_with_input=console))
    except (SettingsError, BackupError) as error:
        print(f"parley: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="parley",
        description="A chat bot for Discord and Telegram that answers through any OpenAI-compatible model.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"parley {version('parley')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("run", help="serve every platform whose token is set; the console if none is (the default)")
    commands.add_parser("console", help="chat in this terminal; reads lines from a pipe too")
    commands.add_parser("check", help="try the database, every provider, model and platform; exit status 0 or 1")
    backup = commands.add_parser("backup", help="copy the SQLite database to a file, also while the bot runs")
    backup.add_argument("file", type=Path, metavar="FILE", help="where to; its folder must be there")
    backup.add_argument("--force", action="store_true", help="put the copy into the place of an older one")
    return parser.parse_args(arguments)


def _tokens(settings: Settings) -> dict[str, bool]:
    """The platforms that need a token, and whether there is one."""
    return {"telegram": settings.telegram_token is not None, "discord": settings.discord_token is not None}


def _platforms(settings: Settings, command: str | None) -> list[str]:
    """The names of the adapters to run."""
    names = [name for name, on in _tokens(settings).items() if on]
    return names if names and command != "console" else ["console"]


def _factory(name: str, settings: Settings) -> PlatformFactory:
    """Makes the adapter of this name, whose module is loaded only now: what is not used costs nothing."""
    match name:
        case "telegram":
            make = _load("adapters.telegram.adapter", "TelegramPlatform")
            token = _secret(settings.telegram_token)
            options = {
                "api_url": settings.telegram_api_url,
                "streaming": settings.telegram_streaming,
                "webhook_url": settings.webhook_url,
                "webhook_secret": _secret(settings.webhook_secret),
            }
            return lambda notes, commands: make(token, notes, commands, **options)
        case "discord":
            make = _load("adapters.discord.adapter", "DiscordPlatform")
            token = _secret(settings.discord_token)
            urls = {"api_url": settings.discord_api_url, "gateway_url": settings.discord_gateway_url}
            return lambda notes, commands: make(token, notes, commands, menus=MENUS, **urls)
        case _:
            make = _load("adapters.console.platform", "ConsolePlatform")
            return lambda _notes, _commands: make(sys.stdin, sys.stdout)


def _load(module: str, name: str) -> Callable[..., Platform]:
    return cast("Callable[..., Platform]", getattr(importlib.import_module(module), name))


def _secret(value: SecretStr | None) -> str:
    return "" if value is None else value.get_secret_value()


async def _check(settings: Settings) -> int:
    factories = {name: _factory(name, settings) if on else None for name, on in _tokens(settings).items()}
    good, redact = True, Redactor(settings.secrets())
    async for line in check.check(settings, factories):
        good = good and line.good
        print(f"{'ok ' if line.good else 'BAD'}  {redact(line.text)}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
