"""Forms: what Discord refuses in one, and what it sends when a person has filled it in.

Source: Discord's documentation, "Interaction Callback Data Structure", "Text Input" and "Label".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.fakes.discord_errors import invalid_form

Json = dict[str, Any]

_ROW, _INPUT, _TEXT, _LABEL = 1, 4, 10, 18
_LONGEST_INPUT = 4000


def check_modal(data: Json) -> None:
    """Raise the 50035 that this form earns."""
    _check_length(data, "custom_id", 1, 100, "data")
    _check_length(data, "title", 1, 45, "data")
    components = data.get("components") or []
    if not 1 <= len(components) <= 5:
        raise _bad_length("data.components", 1, 5)
    for place, component in enumerate(components):
        _check_component(component, f"data.components.{place}")


def filled_in(components: list[Json], values: Mapping[str, str] | str) -> list[Json]:
    """The form's components as a submission carries them."""
    fields = [field["custom_id"] for field in _inputs(components)]
    if isinstance(values, str):
        assert len(fields) == 1, f"which of {fields}?"
        values = {fields[0]: values}
    assert values.keys() <= set(fields), f"no field {sorted(values.keys() - set(fields))}, only {fields}"
    return [_filled(component, values) for component in components if component["type"] != _TEXT]


def _filled(component: Json, values: Mapping[str, str]) -> Json:
    if component["type"] == _ROW:
        return {"type": _ROW, "components": [_value(component["components"][0], values)]}
    return {"type": _LABEL, "id": 1, "component": _value(component["component"], values)}


def _value(field: Json, values: Mapping[str, str]) -> Json:
    text = values.get(field["custom_id"], field.get("value") or "")
    assert text or not field.get("required", True), f"{field['custom_id']} is required"
    least, most = field.get("min_length") or 0, field.get("max_length") or _LONGEST_INPUT
    assert not text or least <= len(text) <= most, f"the client takes {least} to {most} characters, not {len(text)}"
    return {"type": _INPUT, "id": 2, "custom_id": field["custom_id"], "value": text}


def _inputs(components: list[Json]) -> Iterator[Json]:
    for component in components:
        if component["type"] == _ROW:
            yield from component["components"]
        elif component["type"] == _LABEL:
            yield component["component"]


def _check_component(component: Json, path: str) -> None:
    match component.get("type"):
        case 1:
            inner = component.get("components") or []
            if len(inner) != 1 or inner[0].get("type") != _INPUT:
                raise _bad_length(f"{path}.components", 1, 1)
            _check_length(inner[0], "label", 1, 45, f"{path}.components.0")
            _check_input(inner[0], f"{path}.components.0")
        case 18:
            _check_length(component, "label", 1, 45, path)
            _check_length(component, "description", 0, 100, path)
            _check_input(component.get("component") or {}, f"{path}.component")
        case 10:
            pass
        case _:
            raise invalid_form(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of (1, 10, 18).")


def _check_input(field: Json, path: str) -> None:
    _check_length(field, "custom_id", 1, 100, path)
    _check_length(field, "placeholder", 0, 100, path)
    _check_length(field, "value", 0, _LONGEST_INPUT, path)
    if field.get("style") not in (1, 2):
        raise invalid_form(f"{path}.style", "BASE_TYPE_CHOICES", "Value must be one of (1, 2).")
    for name in ("min_length", "max_length"):
        if not 0 <= (field.get(name) or 0) <= _LONGEST_INPUT:
            raise invalid_form(f"{path}.{name}", "NUMBER_TYPE_MAX", "int value should be less than or equal to 4000.")


def _check_length(data: Json, name: str, least: int, most: int, path: str) -> None:
    if not least <= len(data.get(name) or "") <= most:
        raise _bad_length(f"{path}.{name}", least, most)


def _bad_length(field: str, least: int, most: int) -> Exception:
    return invalid_form(field, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
