"""Forms with one field, which a button or a menu opens to ask for words (Discord calls them modals).

All that is needed afterwards is in the form's id, so that nothing has to be remembered while somebody writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import discord

from adapters.discord.channel import ASKING_PREFIX
from bot.commands.spec import Menu, Option

MENU_PREFIX = "parley-menu:"

_FIELD = "words"
_TITLE = 45
"""Characters of a form's title and of a field's label (developer documentation, "Modal", "Label")."""
_DESCRIPTION = 100

_LONGEST = 4000
"""Characters of a field; Discord takes no more ("Text Input"). A persona's prompt may need them."""


def of_button(message: discord.Message, custom_id: str) -> discord.ui.Modal:
    """What a button that asks opens; it is called as the button is."""
    label = next((button.label for button in _buttons(message) if button.custom_id == custom_id), None) or "…"
    return _form(custom_id, label, label, None)


def of_menu(menu: Menu, asked: Option | None, target: str) -> discord.ui.Modal:
    """What a menu that asks opens; `target` is `channel/message`."""
    field = (menu.asks or menu.label).capitalize()
    description = None if asked is None else asked.description
    return _form(f"{MENU_PREFIX}{target}/{menu.label}", menu.label, field, description)


def button_data(custom_id: str) -> str | None:
    """What the button carried whose form this is; None for other forms."""
    return custom_id.removeprefix(ASKING_PREFIX) if custom_id.startswith(ASKING_PREFIX) else None


def menu_target(custom_id: str) -> tuple[str, str] | None:
    """The `channel/message` and the menu's label of a form; None for other forms."""
    if not custom_id.startswith(MENU_PREFIX):
        return None
    channel, message, label = custom_id.removeprefix(MENU_PREFIX).split("/", 2)
    return f"{channel}/{message}", label


def words(data: Mapping[str, Any]) -> str:
    """What was written into the field."""
    return next((str(field["value"]) for field in _fields(data.get("components") or ())), "")


def _form(custom_id: str, title: str, label: str, description: str | None) -> discord.ui.Modal:
    """The form is stopped: the library then keeps none in memory."""
    form = discord.ui.Modal(title=title[:_TITLE], custom_id=custom_id)
    field: discord.ui.TextInput[Any] = discord.ui.TextInput(
        style=discord.TextStyle.paragraph, custom_id=_FIELD, required=True, max_length=_LONGEST
    )
    about = None if description is None else description[:_DESCRIPTION]
    form.add_item(discord.ui.Label(text=label[:_TITLE], description=about, component=field))
    form.stop()
    return form


def _buttons(message: discord.Message) -> Iterator[discord.Button]:
    for row in message.components:
        if isinstance(row, discord.ActionRow):
            yield from (child for child in row.children if isinstance(child, discord.Button))


def _fields(components: Any) -> Iterator[Mapping[str, Any]]:
    for component in components:
        inner = [*(component.get("components") or ()), component.get("component")]
        yield from (field for field in inner if field is not None and "value" in field)
