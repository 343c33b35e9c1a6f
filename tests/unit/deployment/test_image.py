"""The image. No engine builds it here, so its lines are compared with the program; its health check is run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot.__main__ import _arguments
from bot.settings import Settings
from bot.storage.address import driver_url
from tests.unit.deployment.files import PROJECT, ROOT, of, read, workflow


def test_what_is_copied_exists_and_reaches_the_builder() -> None:
    copies = [rest.split() for rest in of("COPY") if "--from" not in rest]
    sources = {name for words in copies for name in words[:-1]}
    assert len(sources) == 6
    assert [name for name in sources if not (ROOT / name).exists()] == []
    ignored = [line for line in read(".dockerignore").splitlines() if not line.startswith("#")]
    assert ignored[0] == "*"
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == sources
    assert "**/.env" in ignored


def test_the_image_holds_the_pins_and_the_package() -> None:
    installs = [rest for rest in of("RUN") if "pip install" in rest]
    assert [rest.split()[-1] for rest in installs] == ["requirements-run.lock", "."]
    assert "--no-deps" in installs[1]
    assert PROJECT["readme"] == "README.md"
    assert all("ca-certificates" in rest for rest in of("RUN") if "apt-get install" in rest)


def test_the_image_runs_the_bot_as_nobody_special() -> None:
    assert of("USER") == ["10001:10001"]
    assert any("useradd --uid 10001 " in rest for rest in of("RUN"))
    assert "user 10001" in read("docs/deploying.md")
    (entry,) = of("ENTRYPOINT")
    (words,) = of("CMD")
    assert json.loads(entry)[0] in PROJECT["scripts"]
    assert _arguments(json.loads(words)).command == "run"
    assert of("STOPSIGNAL") == ["SIGTERM"]


def test_the_usual_database_is_in_the_volume() -> None:
    (place,) = of("WORKDIR")[-1:]
    path = driver_url(Settings.model_fields["database_url"].default).database
    assert (Path(place) / str(path)).parent == Path(*of("VOLUME"))


def test_the_image_holds_no_secret() -> None:
    secret = [name.upper() for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
    assert len(secret) > 5
    assert not [rest for rest in (*of("ENV"), *of("ARG")) for name in secret if name in rest]


def test_its_python_is_one_that_is_tested() -> None:
    versions = {re.fullmatch(r"python:(\d\.\d+)-slim(?: AS build)?", rest) for rest in of("FROM")}
    tested = workflow()["jobs"]["check"]["strategy"]["matrix"]["python"]
    assert {found and found[1] for found in versions} <= set(tested)


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" and self.server.healthy else 503)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Health) as made:
        made.healthy = True  # type: ignore[attr-defined]
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def probe(port: str) -> int:
    (check,) = (rest for rest in of("HEALTHCHECK"))
    command = json.loads(check.partition(" CMD ")[2])
    environment = {**os.environ, "PORT": port, "http_proxy": "http://127.0.0.1:9"}
    return subprocess.run([sys.executable, *command[1:]], env=environment, capture_output=True, check=False).returncode


def test_the_health_check_asks_the_bot(server: HTTPServer) -> None:
    assert probe(str(server.server_port)) == 0
    server.healthy = False  # type: ignore[attr-defined]
    assert probe(str(server.server_port)) == 1


def test_the_health_check_sees_that_nobody_listens(server: HTTPServer) -> None:
    free = HTTPServer(("127.0.0.1", 0), Health)
    free.server_close()
    assert probe(str(free.server_port)) == 1


def test_without_a_port_there_is_nothing_to_ask() -> None:
    assert probe("") == 0
