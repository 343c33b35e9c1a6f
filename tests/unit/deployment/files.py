"""The files that others run the bot with, taken apart."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import yaml

from bot.media import chart, workshop
from bot.settings import Settings

ROOT = Path(__file__).parent.parent.parent.parent


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


PROJECT = tomllib.loads(read("pyproject.toml"))["project"]


LEAST_WAIT = Settings.model_fields["drain_seconds"].default + 10
"""Seconds that whoever stops the bot has to wait."""

JOBS = (workshop._PICTURE, workshop._PDF, workshop._SOUND, chart._JOB)
MOST_MEMORY = max(job.memory for job in JOBS) + 512
"""Megabytes: the bot, and the largest of the processes that read files."""


def dockerfile() -> list[tuple[str, str]]:
    """Its instructions, with lines that go on joined."""
    lines = [line for line in read("Dockerfile").splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())]


def of(instruction: str) -> list[str]:
    return [rest.strip() for word, rest in dockerfile() if word == instruction]


def compose() -> Any:
    return yaml.safe_load(read("compose.yaml"))


def workflow() -> Any:
    return yaml.safe_load(read(".github/workflows/check.yml"))
