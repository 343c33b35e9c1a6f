"""A PostgreSQL server of a test's own, which can be killed, stopped and started again; the shared one cannot."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest


class PostgresServer:
    """The database `postgres` at `url`, user `postgres`, no password. Its files outlive every death of the process."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        # PostgreSQL refuses to run as root.
        self._as: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if _is_root() else {}
        if _is_root():
            shutil.chown(folder, "postgres", "postgres")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        command: list[str | Path] = [
            self._programs / "initdb",
            "-D",
            self._folder / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-N",
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder, **self._as)

    def start(self) -> None:
        """Begin to start; who connects has to wait. A killed server first looks through its log."""
        options = ("listen_addresses=127.0.0.1", "unix_socket_directories=", f"port={self.port}", "fsync=off")
        command: list[str | Path] = [self._programs / "postgres", "-D", self._folder / "data"]
        command += [word for option in options for word in ("-c", option)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdout=log, stderr=log, start_new_session=True, **self._as
            )

    def ready(self) -> None:
        command: list[str | Path] = [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = time.monotonic() + 30
        while subprocess.run(command, check=False, timeout=10).returncode != 0:
            assert self._process is not None
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def send(self, number: signal.Signals) -> None:
        """To the server and every process of its own."""
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """The whole server dies at once, as when its machine does."""
        if self._process is None:
            return
        gone = self._processes()
        for pid in gone:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        while any(_is_postgres(pid) for pid in gone):  # else the next one would find their shared memory
            time.sleep(0.02)
        self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def _processes(self) -> list[int]:
        """Each backend leads a process group of its own, so that a signal to the group would not reach it."""
        assert self._process is not None
        server = self._process.pid
        return [*map(int, Path(f"/proc/{server}/task/{server}/children").read_text().split()), server]


def _is_postgres(pid: int) -> bool:
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _is_root() -> bool:
    return os.geteuid() == 0


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Skips where PostgreSQL's programs, or the user that they need, are missing."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None, key=_version)
    if programs is None:
        pytest.skip("no PostgreSQL server is installed: there is no /usr/lib/postgresql/*/bin/initdb")
    if _is_root() and not any(entry.pw_name == "postgres" for entry in pwd.getpwall()):
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    folder = Path(tempfile.mkdtemp(prefix="parley-postgres-"))
    server = PostgresServer(programs.parent, folder)
    try:
        server.make()
        server.start()
        server.ready()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _version(programs: Path) -> int:
    version = programs.parts[-3]
    return int(version) if version.isdigit() else 0
