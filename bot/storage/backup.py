"""`parley backup`: a copy of a SQLite database that is whole, made while the bot goes on."""

from __future__ import annotations

import os
import shlex
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from bot.errors import BackupError
from bot.storage.address import driver_url, libpq_url

_WAIT_SECONDS = 60.0
"""For whoever has locked the whole file, which the bot never does."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was checked."""

    file: Path
    size: int
    source: Path

    def __str__(self) -> str:
        new, old = shlex.quote(str(self.file)), shlex.quote(str(self.source))
        return (
            f"Backed up to {self.file} ({_megabytes(self.size)}, checked). To restore it: stop the bot, then "
            f"rm -f {old} {old}-wal {old}-shm && cp {new} {old}"
        )


def back_up(url: str, target: Path, *, force: bool = False) -> Backup:
    """Copy the database to a new file that only its owner can read; with `force`, in the place of an old one.

    It appears when it is complete, on the disk, and checked: until then there is nothing, or the old file. Raises
    BackupError, and SettingsError when the address cannot be used.

    `VACUUM INTO` reads one state of the database, however long it takes, and leaves writers alone; SQLite's other way,
    the backup API, begins anew whenever another process writes. It also leaves out what was deleted.
    """
    address = driver_url(url)
    if address.get_backend_name() != "sqlite":
        raise BackupError(_with_pg_dump(address, target))
    source = Path(address.database or "")
    _refuse(source, target, force=force)
    try:
        with _unfinished(target) as copy:
            _copy(source, copy)
            _check(copy)
            _flush(copy)
            copy.replace(target)
        _flush(target.parent)
        return Backup(target, target.stat().st_size, source)
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"no backup was made: {error}.") from error


def _refuse(source: Path, target: Path, *, force: bool) -> None:
    if not source.is_file():
        raise BackupError(f"there is no database at {source}.")
    if not target.parent.is_dir():
        raise BackupError(f"there is no folder {target.parent}.")
    if not target.exists():
        return
    if target.samefile(source):
        raise BackupError(f"{target} is the database itself.")
    if not target.is_file():
        raise BackupError(f"{target} is not a file.")
    if not force:
        raise BackupError(f"{target} is there already; --force puts the new backup into its place.")


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A new file beside the target, of mode 0600, which is gone at the end unless it became the target."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _copy(source: Path, copy: Path) -> None:
    # Mode rw: else SQLite would make a database where there is none.
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=_WAIT_SECONDS)) as database:
        database.execute("VACUUM INTO ?", (str(copy),))


def _check(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as database:
        (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise BackupError(f"no backup was made: the copy is damaged ({found}).")


def _flush(path: Path) -> None:
    """Have the disk write a file, or a folder's list of names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _with_pg_dump(address: URL, target: Path) -> str:
    command = ("pg_dump", "--format=custom", f"--file={target}", libpq_url(address))
    return f"PostgreSQL is backed up with its own tool: {shlex.join(command)}"


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
