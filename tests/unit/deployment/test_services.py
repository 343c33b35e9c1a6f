"""The files for Docker Compose and for systemd."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.conversation.running import LAST_FLUSH
from bot.settings import Settings
from bot.storage.address import driver_url
from tests.unit.deployment.files import LEAST_WAIT, MOST_MEMORY, compose, of, read

# Compose


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_compose_waits_for_the_database_and_for_the_drain() -> None:
    services = compose()["services"]
    assert services["parley"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["postgres"]["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert seconds(services["parley"]["stop_grace_period"]) >= LEAST_WAIT
    assert Settings.model_fields["drain_seconds"].default + LAST_FLUSH < LEAST_WAIT


def test_the_bot_of_compose_finds_the_database_of_compose() -> None:
    services = compose()["services"]
    address = services["parley"]["environment"]["DATABASE_URL"]
    found = driver_url(re.sub(r"\$\{POSTGRES_PASSWORD:[^}]+\}", "secret", address))
    there = services["postgres"]["environment"]
    assert (found.host, found.username, found.database) == (
        "postgres", there["POSTGRES_USER"], there["POSTGRES_DB"],
    )  # fmt: skip
    assert found.password == "secret"


def test_compose_holds_no_secret_and_opens_no_port() -> None:
    services = compose()["services"]
    assert services["parley"]["env_file"] == ".env"
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert list(services["parley"]["environment"]) == ["DATABASE_URL"]
    assert not any("ports" in service for service in services.values())


def test_what_has_to_last_is_in_volumes() -> None:
    told = compose()
    mounts = dict(mount.split(":") for each in told["services"].values() for mount in each["volumes"])
    assert set(mounts) == set(told["volumes"])
    assert mounts["files"] == of("VOLUME")[0]


def test_the_bot_of_compose_can_do_little() -> None:
    bot = compose()["services"]["parley"]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    assert bot["security_opt"] == ["no-new-privileges:true"]
    assert bot["init"] is True
    assert int(bot["mem_limit"].removesuffix("g")) << 10 >= MOST_MEMORY


# systemd


def unit() -> list[tuple[str, str]]:
    lines = [line for line in read("deploy/parley.service").splitlines() if "=" in line and not line.startswith("#")]
    return [(key, value) for key, _, value in (line.partition("=") for line in lines)]


def test_the_unit_waits_for_the_drain_and_leaves_the_ending_to_the_bot() -> None:
    told = dict(unit())
    assert int(told["TimeoutStopSec"]) >= LEAST_WAIT
    assert (told["KillMode"], told["OOMPolicy"], told["Restart"]) == ("mixed", "continue", "always")
    assert int(told["MemoryMax"].removesuffix("G")) << 10 >= MOST_MEMORY


def test_the_unit_is_hardened_and_lets_the_readers_limit_themselves() -> None:
    told = dict(unit())
    hard = ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "DynamicUser", "MemoryDenyWriteExecute")
    assert [line for line in hard if told[line] != "yes"] == []
    assert told["ProtectSystem"] == "strict"
    assert told["CapabilityBoundingSet"] == ""
    assert [value for key, value in unit() if key == "SystemCallFilter"] == ["@system-service", "~@privileged"]


def test_the_unit_keeps_the_database_where_the_documents_say() -> None:
    told = dict(unit())
    path = driver_url(Settings.model_fields["database_url"].default).database
    place = told["WorkingDirectory"].replace("%S", "/var/lib")
    assert place == f"/var/lib/{told['StateDirectory']}"
    assert f"`{(Path(place) / str(path)).parent}`" in read("docs/deploying.md")
    assert told["EnvironmentFile"] in read("docs/deploying.md")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / "parley.service"
    copy.write_text(read("deploy/parley.service").replace("/opt/parley/.venv/bin/parley", sys.executable))
    found = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    assert [line for line in found.stderr.splitlines() if "parley.service" in line] == []


def test_each_line_of_the_unit_that_is_explained_is_there() -> None:
    explained = re.findall(r"^\| `(\w+)(?:=(\S+))?` \|", read("docs/deploying.md"), re.MULTILINE)
    assert len(explained) > 5
    for key, value in explained:
        assert any(key == there and value in ("", its) for there, its in unit()), key
