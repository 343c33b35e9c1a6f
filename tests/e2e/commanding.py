"""What the bot says to a command, and to the buttons under it."""

from __future__ import annotations

from tests.e2e.side import Person, Place
from tests.e2e.world import World
from tests.fakes.screen import Shown

LONG = 200.0
"""Seconds on the loop's clock: who changes a lot in a Telegram group waits for its limit of 20 messages a minute."""


async def said_to(world: World, place: Place, person: Person, line: str) -> Shown:
    """Use a command that the bot answers itself, and wait for the message that it shows."""
    before = {shown.message_id for shown in world.shown(place)}

    def new() -> list[Shown]:
        return [shown for shown in world.shown(place) if shown.message_id not in before and shown.text.strip()]

    world.side.command(place, person, line)
    await world.until(place, new, LONG)
    return new()[-1]


async def press_in(world: World, place: Place, person: Person, message: Shown, label: str, leads_to: str) -> None:
    """Press a button of a message, which then shows these words."""
    data = next(data for name, data in message.buttons if name == label)
    world.side.push(place, person, message, data)
    await world.until(place, lambda: leads_to in message.text, LONG)


def labels(message: Shown) -> list[str]:
    return [label for label, _ in message.buttons]
