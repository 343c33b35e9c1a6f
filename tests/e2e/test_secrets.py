"""Secrets do not get out, even where somebody logs them."""

from __future__ import annotations

import base64
import logging

import pytest

from bot.telemetry.redaction import MASK
from tests.e2e.world import World

pytestmark = pytest.mark.fast


async def test_what_is_logged_carelessly_is_hidden(world: World) -> None:
    """At level debug, as world's own check of all lines at info would find it unhidden."""
    ann, place = world.private()
    await world.ask(place, ann, "Hello, is anybody there?")
    log = logging.getLogger("bot.careless")
    for secret in (world.side.secret, world.model.key):
        log.debug("the secret is %s", secret, extra={"headers": {"Authorization": f"Bearer {secret}"}})
        log.debug("Basic %s", base64.b64encode(f"bot:{secret}".encode()).decode())
        try:
            int(secret)
        except ValueError:
            log.debug("it failed", exc_info=True)
    await world.stop()
    written = world.log.written()
    assert written.count(MASK) >= 16
    assert world.side.secret not in written
    assert world.model.key not in written
