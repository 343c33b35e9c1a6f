"""The forms in which a call may arrive."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fakes.telegram_api import TelegramFake

pytestmark = pytest.mark.fast

FIELDS = {"chat_id": "42", "text": "hi 🙂", "entities": '[{"type": "bold", "offset": 3, "length": 2}]'}


@pytest.mark.parametrize(
    ("verb", "form"),
    [
        ("GET", {"params": FIELDS}),
        ("POST", {"data": FIELDS}),
        ("POST", {"data": FIELDS, "files": {"unused": b"data"}}),
        ("POST", {"json": {**FIELDS, "chat_id": 42, "entities": [{"type": "bold", "offset": 3, "length": 2}]}}),
    ],
    ids=["query", "urlencoded", "multipart", "json"],
)
async def test_all_forms_mean_the_same(fake: TelegramFake, verb: str, form: dict[str, Any]) -> None:
    chat = fake.private(fake.user(42))
    async with httpx.AsyncClient() as http:
        answer = await http.request(verb, f"{fake.url}/bot{fake.token}/sendMessage", **form)
    assert answer.status_code == 200
    (shown,) = fake.screen(chat).by_bot()
    assert (shown.text, shown.versions[0].raw["entities"][0]["offset"]) == ("hi 🙂", 3)
    assert (fake.calls[0].chat_id, fake.calls[0].status) == (42, 200)


@pytest.mark.parametrize(
    ("address", "form", "status", "words"),
    [
        ("/bot{token}/sendMessage", {"data": {"chat_id": "42"}}, 400, "message text is empty"),
        ("/bot{token}/sendMessage", {"data": {"text": "x"}}, 400, "chat_id is empty"),
        ("/bot{token}/sendMessage", {"data": {**FIELDS, "entities": "["}}, 400, "can't parse entities JSON object"),
        ("/bot{token}/sendMessage", {"content": "[", "headers": {"Content-Type": "application/json"}}, 400, "JSON"),
        ("/bot{token}/sendSomething", {}, 404, "Not Found"),
        ("/bottoken/getMe", {}, 404, "Not Found"),
        ("/bot1:AAFakeFakeFakeFakeFakeFakeFakeFakeFake/getMe", {}, 401, "Unauthorized"),
    ],
)
async def test_refusals(fake: TelegramFake, address: str, form: dict[str, Any], status: int, words: str) -> None:
    fake.private(fake.user(42))
    async with httpx.AsyncClient() as http:
        answer = await http.post(fake.url + address.format(token=fake.token), **form)
    body = answer.json()
    assert (answer.status_code, body["ok"], body["error_code"]) == (status, False, status)
    assert words in body["description"]
