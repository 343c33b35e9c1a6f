"""Writes what each command looks like into docs/commands.md: `python -m benchmarks.transcripts`, or with some paths
such as `"persona use"`.

What stands between the marks of a command is replaced: its usage, its options, and a transcript of the real bot.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from benchmarks.process import ROOT
from benchmarks.scenes import SCENES
from benchmarks.stage import SPEED, staged
from bot.commands import registry
from bot.commands.catalogue import COMMANDS
from bot.commands.spec import Command, Option
from tests.fakes.loops import FastLoop
from tests.fakes.openai_script import Script

DOCUMENT = ROOT / "docs" / "commands.md"
END = "<!-- end -->"


def mark(path: str) -> str:
    """Where the block of a command begins."""
    return f"<!-- {path}: written by `python -m benchmarks.transcripts` -->"


def block_of(document: str, path: str) -> str:
    """What stands between the marks; raises ValueError where they are missing."""
    start = document.index(mark(path)) + len(mark(path))
    return document[start : document.index(END, start)].strip("\n")


def reference(path: Sequence[str], command: Command) -> str:
    """How a command is called, and its options."""
    usage = f"`{registry.usage(path, command)}`"
    options = [_about(option) for option in command.options]
    return "\n".join([usage, *([""] if options else []), *options])


def _about(option: Option) -> str:
    choices = f": {', '.join(f'`{choice}`' for choice in option.choices)}" if option.choices else ""
    bounds = "" if option.minimum is None else f", from {option.minimum:g} to {option.maximum:g}"
    needed = "" if option.required else " (optional)"
    attached = " (attached)" if option.type == "file" else needed
    return f"- `{option.name}` – {option.description}{bounds}{choices}{attached}"


async def played(path: str) -> str:
    """The transcript of one command."""
    scene = SCENES[path]
    answers = {key: Script.of(answer) for key, answer in scene.answers.items()}
    async with staged(answers, scene.settings) as stage:
        await scene.play(stage)
        return stage.transcript


def play(path: str) -> str:
    """The same, on a loop of its own with a faster clock."""
    with asyncio.Runner(loop_factory=partial(FastLoop, SPEED)) as runner:
        return runner.run(played(path))


def write(paths: Sequence[str]) -> None:
    leaves = {" ".join(path): (path, command) for path, command in registry.flatten(COMMANDS)}
    for name in paths:
        block = f"{reference(*leaves[name])}\n\n```text\n{play(name)}\n```"
        document = DOCUMENT.read_text(encoding="utf-8")
        before, marked, after = document.partition(mark(name))
        if not marked:
            raise SystemExit(f"{DOCUMENT.name} has no mark for {name}: {mark(name)}")
        rest = after.partition(END)[2]
        DOCUMENT.write_text(f"{before}{marked}\n\n{block}\n\n{END}{rest}", encoding="utf-8")
        print(f"/{name}")


if __name__ == "__main__":
    write(sys.argv[1:] or list(SCENES))
