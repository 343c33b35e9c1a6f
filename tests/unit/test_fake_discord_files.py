"""Files on the fake Discord: what people send, the links to it, and what a bot's uploads become or earn."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest
import yarl

from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_cdn import Upload
from tests.fakes.discord_limits import Rules
from tests.fakes.discord_state import Channel, Json, Permission, User

OGG = b"OggS a recording"
VOICE_FLAG = 8192


class Bot:
    """Speaks plain HTTP."""

    def __init__(self, session: aiohttp.ClientSession, fake: DiscordFake) -> None:
        self.session = session
        self._fake = fake

    async def get(self, path: str) -> tuple[int, Json]:
        async with self.session.get(self._fake.api_url + path) as response:
            return response.status, await response.json()

    async def send(
        self, path: str, payload: Json, files: Sequence[tuple[str, bytes]] = (), method: str = "POST"
    ) -> tuple[int, Json]:
        form: Any = aiohttp.FormData()
        form.add_field("payload_json", json.dumps(payload), content_type="application/json")
        for number, (name, data) in enumerate(files):
            form.add_field(f"files[{number}]", data, filename=name, content_type="application/octet-stream")
        async with self.session.request(method, self._fake.api_url + path, data=form) as response:
            return response.status, await response.json()

    async def read(self, url: str) -> tuple[int, bytes]:
        async with self.session.get(yarl.URL(url, encoded=True), allow_redirects=False) as response:
            return response.status, await response.read()


@pytest.fixture
async def fake() -> AsyncIterator[DiscordFake]:
    async with DiscordFake(rules=Rules(upload=1000, request=2500)) as fake:
        yield fake


@pytest.fixture
async def bot(fake: DiscordFake) -> AsyncIterator[Bot]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {fake.token}"}) as session:
        yield Bot(session, fake)


@pytest.fixture
def ann(fake: DiscordFake) -> User:
    return fake.user("Ann")


@pytest.fixture
def general(fake: DiscordFake) -> Channel:
    return fake.guild("Lab").channel("general")


async def attachments(bot: Bot, channel: Channel, message_id: str) -> list[Json]:
    status, message = await bot.get(f"/channels/{channel.id}/messages/{message_id}")
    assert status == 200
    found: list[Json] = message["attachments"]
    return found


# Links


async def test_a_file_is_read_by_its_link(fake: DiscordFake, bot: Bot, ann: User, general: Channel) -> None:
    asked = fake.send_file(general, ann, b"a picture", "my Bild ä.png", text="look")
    (file,) = await attachments(bot, general, asked)
    assert (file["filename"], file["title"]) == ("my_Bild_.png", "my Bild ä")
    assert (file["size"], file["content_type"]) == (9, "image/png")
    assert await bot.read(file["url"]) == (200, b"a picture")


@pytest.mark.parametrize("change", [{"hm": "0" * 64}, {"ex": "ffffffff"}, {"is": "1"}])
async def test_a_link_that_was_tampered_with(
    fake: DiscordFake, bot: Bot, ann: User, general: Channel, change: dict[str, str]
) -> None:
    asked = fake.send_file(general, ann, b"a picture", "a.png")
    (file,) = await attachments(bot, general, asked)
    status, _ = await bot.read(str(yarl.URL(file["url"]) % change))
    assert status == 404


async def test_links_expire_and_a_fresh_message_has_fresh_ones(
    fake: DiscordFake, bot: Bot, ann: User, general: Channel
) -> None:
    asked = fake.send_file(general, ann, b"a picture", "a.png")
    fake.world.cdn.life = -1
    (old,) = await attachments(bot, general, asked)
    fake.world.cdn.life = 60
    (new,) = await attachments(bot, general, asked)
    assert [(await bot.read(file["url"]))[0] for file in (old, new)] == [404, 200]
    fake.world.cdn.revoke()
    assert (await bot.read(new["url"]))[0] == 404


async def test_files_go_with_their_message(fake: DiscordFake, bot: Bot, ann: User, general: Channel) -> None:
    asked = fake.send_file(general, ann, b"a picture", "a.png")
    (file,) = await attachments(bot, general, asked)
    fake.delete(general, asked)
    assert (await bot.read(file["url"]))[0] == 404


async def test_reading_a_message_again_takes_a_permission(
    fake: DiscordFake, bot: Bot, ann: User, general: Channel
) -> None:
    asked = fake.send_file(general, ann, b"a picture", "a.png")
    general.denied = Permission.READ_MESSAGE_HISTORY
    status, refused = await bot.get(f"/channels/{general.id}/messages/{asked}")
    assert (status, refused["code"]) == (403, 50013)


async def test_forwarded_files_outlive_the_first_message(
    fake: DiscordFake, bot: Bot, ann: User, general: Channel
) -> None:
    asked = fake.send_file(general, ann, b"a picture", "a.png", text="look")
    passed_on = fake.forward(general, asked, ann, fake.dm(ann))
    fake.delete(general, asked)
    _, message = await bot.get(f"/channels/{fake.dm(ann).id}/messages/{passed_on}")
    assert (message["content"], message["attachments"], message["flags"]) == ("", [], 1 << 14)
    (snapshot,) = message["message_snapshots"]
    assert snapshot["message"]["content"] == "look"
    assert await bot.read(snapshot["message"]["attachments"][0]["url"]) == (200, b"a picture")


# Uploads


async def test_uploads_are_shown_and_can_be_read(fake: DiscordFake, bot: Bot, general: Channel) -> None:
    listed = [{"id": 1, "filename": "b.png", "description": "second"}, {"id": "0", "filename": "a.txt"}]
    status, message = await bot.send(
        f"/channels/{general.id}/messages", {"attachments": listed}, [("a.txt", b"words"), ("b.png", b"picture")]
    )
    assert status == 200
    assert [(file["filename"], file.get("description")) for file in message["attachments"]] == [
        ("b.png", "second"),
        ("a.txt", None),
    ]
    (shown,) = fake.screen(general).by_bot()
    assert [(file.kind, file.name, file.data) for file in shown.files] == [
        ("image", "b.png", b"picture"),
        ("document", "a.txt", b"words"),
    ]
    assert await bot.read(message["attachments"][0]["url"]) == (200, b"picture")


async def test_an_edit_names_the_files_that_stay(fake: DiscordFake, bot: Bot, general: Channel) -> None:
    path = f"/channels/{general.id}/messages"
    _, message = await bot.send(path, {"content": "two"}, [("a.png", b"a"), ("b.png", b"b")])
    first, second = (file["id"] for file in message["attachments"])
    one = f"{path}/{message['id']}"

    async def names_after(payload: Json, *files: tuple[str, bytes]) -> list[str]:
        status, edited = await bot.send(one, payload, files, "PATCH")
        assert status == 200, edited
        return [file["filename"] for file in edited["attachments"]]

    assert await names_after({"content": "still two"}) == ["a.png", "b.png"]
    assert await names_after({}, ("c.png", b"c")) == ["a.png", "b.png", "c.png"]
    kept = [{"id": second}, {"id": "0", "filename": "d.png"}]
    assert await names_after({"attachments": kept}, ("d.png", b"d")) == ["b.png", "d.png"]
    status, refused = await bot.send(one, {"attachments": [{"id": first}]}, method="PATCH")
    assert (status, refused["code"]) == (400, 50035)
    assert await names_after({"attachments": []}) == []


@pytest.mark.parametrize(
    ("sizes", "code"),
    [([1001], (413, 40005)), ([900] * 3, (413, 40005)), ([1] * 11, (400, 30015)), ([1000, 1000], (200, None))],
)
async def test_too_much(bot: Bot, general: Channel, sizes: list[int], code: tuple[int, int | None]) -> None:
    files = [("a.bin", b"x" * size) for size in sizes]
    status, answer = await bot.send(f"/channels/{general.id}/messages", {}, files)
    assert (status, answer.get("code")) == code


async def test_files_take_a_permission(bot: Bot, general: Channel) -> None:
    general.denied = Permission.ATTACH_FILES
    path = f"/channels/{general.id}/messages"
    status, answer = await bot.send(path, {"content": "look"}, [("a.png", b"a")])
    assert (status, answer["code"]) == (403, 50013)


async def test_an_entry_without_a_file(bot: Bot, general: Channel) -> None:
    payload = {"content": "look", "attachments": [{"id": 3, "filename": "a.png"}]}
    status, answer = await bot.send(f"/channels/{general.id}/messages", payload, [("a.png", b"a")])
    assert (status, answer["code"]) == (400, 50035)


# Voice messages


def voice(**changes: Any) -> Json:
    entry = {"id": "0", "filename": "voice-message.ogg", "duration_secs": 1.5, "waveform": "AAECAw=="}
    entry |= {name: value for name, value in changes.items() if name in entry}
    rest = {name: value for name, value in changes.items() if name not in entry}
    return {"flags": VOICE_FLAG, "attachments": [entry]} | rest


async def test_a_voice_message(fake: DiscordFake, bot: Bot, general: Channel) -> None:
    path = f"/channels/{general.id}/messages"
    status, message = await bot.send(path, voice(), [("voice-message.ogg", OGG)])
    assert (status, message["flags"]) == (200, VOICE_FLAG)
    (file,) = message["attachments"]
    assert (file["duration_secs"], file["waveform"]) == (1.5, "AAECAw==")
    (shown,) = fake.screen(general).by_bot()
    assert [(file.kind, file.data, file.duration) for file in shown.files] == [("voice", OGG, 1.5)]
    status, refused = await bot.send(f"{path}/{message['id']}", {"content": "words"}, method="PATCH")
    assert (status, refused["code"]) == (400, 50162)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (voice(content="words"), 50159),
        (
            voice(components=[{"type": 1, "components": [{"type": 2, "style": 2, "label": "a", "custom_id": "a"}]}]),
            50159,
        ),
        (voice(filename="voice.txt"), 50160),
        (voice(duration_secs=None), 50161),
        (voice(waveform=None), 50161),
        (voice(waveform="not base64!"), 50035),
        (voice(waveform=base64.b64encode(bytes(257)).decode()), 50035),
        (voice(duration_secs="long"), 50035),
    ],
)
async def test_voice_messages_that_break_a_rule(bot: Bot, general: Channel, payload: Json, code: int) -> None:
    status, answer = await bot.send(f"/channels/{general.id}/messages", payload, [("voice-message.ogg", OGG)])
    assert (status, answer["code"]) == (400, code)


async def test_a_voice_message_is_one_recording(bot: Bot, general: Channel) -> None:
    path = f"/channels/{general.id}/messages"
    status, answer = await bot.send(path, voice(), [("voice-message.ogg", b"ID3 mp3")])
    assert (status, answer["code"]) == (400, 50160)
    two = voice()
    two["attachments"].append(two["attachments"][0] | {"id": "1"})
    status, answer = await bot.send(path, two, [("voice-message.ogg", OGG)] * 2)
    assert (status, answer["code"]) == (400, 50160)


async def test_voice_messages_take_a_permission(bot: Bot, general: Channel) -> None:
    general.denied = Permission.SEND_VOICE_MESSAGES
    status, answer = await bot.send(f"/channels/{general.id}/messages", voice(), [("voice-message.ogg", OGG)])
    assert (status, answer["code"]) == (400, 50173)


async def test_what_people_send(fake: DiscordFake, bot: Bot, ann: User, general: Channel) -> None:
    spoken = fake.send_file(general, ann, OGG, "voice-message.ogg", voice=True, duration=2.5)
    several = fake.say(general, ann, "three", files=[Upload(b"1", "a.png"), Upload(b"2", "b.pdf"), Upload(b"3", "c")])
    assert [file.kind for shown in fake.screen(general).messages for file in shown.files] == [
        "voice",
        "image",
        "document",
        "document",
    ]
    (recording,) = await attachments(bot, general, spoken)
    assert (recording["duration_secs"], recording["content_type"]) == (2.5, "audio/ogg")
    assert general.messages[spoken].flags == VOICE_FLAG
    assert "content_type" not in (await attachments(bot, general, several))[2]
