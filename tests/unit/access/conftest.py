"""Books on a clock that is moved by hand."""

from __future__ import annotations

import pytest

from tests.unit.access.books import Books, Calendar


@pytest.fixture(autouse=True)
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    calendar = Calendar()
    calendar.install(monkeypatch)
    return calendar


@pytest.fixture
def books(calendar: Calendar) -> Books:
    return Books(calendar)
