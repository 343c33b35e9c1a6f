"""DATABASE_URL, checked and turned into the address of an asynchronous driver."""

from __future__ import annotations

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import SettingsError

SQLITE_EXAMPLE = "sqlite:///data/parley.db"
POSTGRES_EXAMPLE = "postgresql://parley:password@localhost/parley"

# Hosting providers write `postgres`; the driver may be named or left out.
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
# libpq's name for the setting -> asyncpg's.
_POSTGRES_PARAMETERS = {"sslmode": "ssl", "ssl": "ssl", "host": "host"}


def driver_url(text: str) -> URL:
    """The driver's URL for a `sqlite:///path` or `postgresql://...` one; raises SettingsError without the password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise unusable("is not a database address.") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise unusable(f"names {url.drivername}, but only sqlite and postgresql can be used.")
    url = url.set(drivername=driver)
    return _sqlite(url) if url.get_backend_name() == "sqlite" else _postgres(url)


def libpq_url(url: URL) -> str:
    """A driver's URL of PostgreSQL as its own tools take it, without the password, which they ask for."""
    names = {"ssl": "sslmode"}
    query = {names.get(name, name): value for name, value in url.query.items()}
    plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return plain.render_as_string(hide_password=False)


def unusable(problem: str, example: str = SQLITE_EXAMPLE) -> SettingsError:
    return SettingsError("DATABASE_URL", problem, example)


def _sqlite(url: URL) -> URL:
    if not url.database or url.database == ":memory:":
        raise unusable("names no file.")
    if url.host or url.query:
        raise unusable("can only name a file: three slashes before a relative path, four before an absolute one.")
    return url


def _postgres(url: URL) -> URL:
    if not url.database:
        raise unusable("names no database after the host.", POSTGRES_EXAMPLE)
    query = {}
    for name, value in url.query.items():
        if name not in _POSTGRES_PARAMETERS:
            raise unusable(
                f"has the parameter {name}, which cannot be used here.", f"{POSTGRES_EXAMPLE}?sslmode=require"
            )
        query[_POSTGRES_PARAMETERS[name]] = value
    return url.set(query=query)
