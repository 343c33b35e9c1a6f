"""The chat's model is shown, set by what people type, and reset."""

from __future__ import annotations

import pytest

from bot.domain.ids import settings_scope
from tests.unit.commands.conftest import CHAT, Desk


def chosen(desk: Desk) -> str | None:
    return desk.store.preferences.scopes.get(settings_scope(CHAT), {}).get("model")


async def test_alone_it_shows_the_model(desk: Desk) -> None:
    assert await desk.say("/model") == (
        "`acme/large-1` answers here.\nChange it with `/model provider/model`, go back with `/model default`."
    )


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("open/tiny", "open/tiny"),
        ("OPEN/Tiny", "open/tiny"),
        ("tiny", "open/tiny"),
        ("acme/large-1", "acme/large-1"),
        ("open/acme/large-1", "open/acme/large-1"),
    ],
)
async def test_a_model_on_the_list_is_set(desk: Desk, typed: str, name: str) -> None:
    assert await desk.say(f"/model {typed}") == f"From now on `{name}` answers here."
    assert chosen(desk) == name
    assert (await desk.say("/model")).startswith(f"`{name}` answers here.")


async def test_a_name_that_several_providers_have_is_offered_in_full(desk: Desk) -> None:
    assert await desk.say("/model large-1") == "There is no model `large-1` here. Did you mean `acme/large-1`?"
    assert await desk.buttons("/model large-1") == ["run /model acme/large-1", "run /model open/large-1"]
    assert chosen(desk) is None


async def test_a_model_that_its_provider_does_not_offer_is_refused(desk: Desk) -> None:
    assert await desk.say("/model acme/lrge-1") == "There is no model `acme/lrge-1` here. Did you mean `acme/large-1`?"
    assert "Did you mean `open/tiny`?" in await desk.say("/model acme/tinny")
    assert await desk.say("/model acme/zzzzzz") == (
        "There is no model `acme/zzzzzz` here. A name looks like `acme/large-1`."
    )
    assert chosen(desk) is None


async def test_a_provider_without_a_list_is_believed(desk: Desk) -> None:
    assert "the name is not checked" in await desk.say("/model silent/anything")
    assert chosen(desk) == "silent/anything"


async def test_a_provider_that_is_not_configured_is_refused(desk: Desk) -> None:
    assert "No provider is set up for `nobody/anything`" in await desk.say("/model nobody/anything")
    assert chosen(desk) is None


async def test_the_default_model_is_always_good(desk: Desk) -> None:
    desk.models.names.remove("acme/large-1")

    assert await desk.say("/model acme/large-1") == "From now on `acme/large-1` answers here."


@pytest.mark.parametrize("typed", ["acme/", "/x", "zzz", '""'])
async def test_half_a_name_is_no_model(desk: Desk, typed: str) -> None:
    desk.models.names.clear()

    assert "There is no model" in await desk.say(f"/model {typed}")
    assert chosen(desk) is None


async def test_default_goes_back(desk: Desk) -> None:
    await desk.run("/model open/tiny")

    assert await desk.say("/model Default") == "Back to `acme/large-1`."
    assert chosen(desk) is None


async def test_names_are_completed_sorted(desk: Desk) -> None:
    assert await desk.complete("/model", "model", "LARGE") == ["acme/large-1", "open/acme/large-1", "open/large-1"]
    assert (await desk.complete("/model", "model", ""))[:2] == ["default", "acme/large-1"]
    assert await desk.complete("/model", "model", "def") == ["default"]
    assert "default" not in await desk.complete("/retry", "model", "")


async def test_suggestions_stay_within_what_discord_takes(desk: Desk) -> None:
    desk.models.names[:] = [f"many/m{number:03}" for number in range(100)] + ["many/" + "x" * 100]

    for command in ("/model", "/retry"):
        names = await desk.complete(command, "model", "")
        assert len(names) == 25
        assert all(len(name) <= 100 for name in names)
    assert await desk.complete("/model", "model", "xxx") == []
