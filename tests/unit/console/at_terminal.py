"""The console with the scripted core, as a program of its own, for tests that hold the other end of its terminal."""

from __future__ import annotations

import asyncio
import signal
import sys

from adapters.console import ConsolePlatform
from tests.unit.console.core import ScriptedCore


async def main() -> None:
    core = ScriptedCore(interval=0.002)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, core.released.set)
    async with ConsolePlatform(sys.stdin, sys.stdout) as console:
        await console.receive(core)
        await core.drain()
    sys.stdout.write("ended\n")


if __name__ == "__main__":
    asyncio.run(main())
