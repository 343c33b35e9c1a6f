"""Which model looks at pictures."""

from __future__ import annotations

import pytest

from bot.conversation.sight import Sight

SEES = {"acme/sees": True, "acme/blind": False}
SIDES = {"acme/sees": 1000, "acme/blind": 500, "acme/new": 700, "acme/eyes": 300}


def sight(vision_model: str | None) -> Sight:
    return Sight(SEES.get, SIDES.__getitem__, vision_model)


@pytest.mark.parametrize(
    ("model", "vision_model", "eyes", "side"),
    [
        ("acme/sees", None, "acme/sees", 1000),
        ("acme/sees", "acme/eyes", "acme/sees", 1000),
        ("acme/new", None, "acme/new", 700),
        ("acme/new", "acme/eyes", "acme/eyes", 300),
        ("acme/blind", None, None, 500),
        ("acme/blind", "acme/eyes", "acme/eyes", 300),
    ],
)
def test_a_model_looks_itself_unless_another_sees_better(
    model: str, vision_model: str | None, eyes: str | None, side: int
) -> None:
    assert sight(vision_model).eyes(model) == eyes
    assert sight(vision_model).side_for(model) == side
