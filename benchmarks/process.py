"""The bot as a process of its own, and what it costs."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.openai_api import OpenAIFake

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class BotProcess:
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time so far (proc(5), fields 14 and 15)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        """The most memory that was resident so far."""
        return self._status("VmHWM") / 1024

    def resident(self) -> float:
        """The megabytes that are resident now."""
        return self._status("VmRSS") / 1024

    def _status(self, name: str) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name))


@asynccontextmanager
async def running(settings: Mapping[str, str], model: OpenAIFake, database: Path) -> AsyncIterator[BotProcess]:
    """`python -m bot` with these settings and this model; ended by SIGTERM."""
    provider = f'{{"fake": {{"base_url": "{model.url}", "api_key": "{model.key}"}}}}'
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PROVIDERS": provider,
        "CHAT_MODEL": "fake/test-model",
        "DATABASE_URL": f"sqlite:///{database}",
        "ADMINS": "telegram:1",  # with none it says so in every round
        "ALLOWED": "*",
        "MESSAGES_PER_MINUTE": "0",  # one person asks in every place
        "TURNS_PER_PERSON": "100",
        "LOG_LEVEL": "warning",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", cwd=ROOT, env=environment)
    try:
        yield BotProcess(process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
