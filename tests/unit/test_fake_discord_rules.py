"""Discord's rules as the fake enforces them, seen over plain HTTP and a plain websocket."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_checks import check_body
from tests.fakes.discord_errors import ApiError
from tests.fakes.discord_limits import Rate, Rules
from tests.fakes.discord_mentions import allowed_mentions
from tests.fakes.discord_state import Channel, Interaction, Json, Permission, User
from tests.fakes.faults import Fault, FaultKind

Reply = tuple[int, Any]


class Http:
    """A bot that speaks plain HTTP; `last` is its newest response."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str) -> None:
        self._session = session
        self._api_url = api_url
        self.last: aiohttp.ClientResponse

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        async with self._session.request(method, self._api_url + path, json=body, headers=headers) as self.last:
            text = await self.last.text()
            return self.last.status, json.loads(text) if text else {}


@pytest.fixture
async def fake() -> AsyncIterator[DiscordFake]:
    async with DiscordFake() as fake:
        yield fake


@pytest.fixture
async def http(fake: DiscordFake) -> AsyncIterator[Http]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {fake.token}"}) as session:
        yield Http(session, fake.api_url)


@pytest.fixture
def ann(fake: DiscordFake) -> User:
    return fake.user("Ann")


@pytest.fixture
def general(fake: DiscordFake) -> Channel:
    return fake.guild("Lab").channel("general")


@pytest.fixture
def messages(general: Channel) -> str:
    return f"/channels/{general.id}/messages"


# Refusals


def codes(reply: Reply) -> tuple[int, int]:
    return reply[0], reply[1]["code"]


async def test_what_is_not_there(http: Http, messages: str) -> None:
    assert codes(await http("POST", "/channels/1/messages", {"content": "x"})) == (404, 10003)
    assert codes(await http("PATCH", messages + "/1", {"content": "x"})) == (404, 10008)
    assert codes(await http("GET", "/guilds/1")) == (404, 10004)
    assert codes(await http("GET", "/nothing")) == (404, 0)


async def test_what_is_not_allowed(http: Http, fake: DiscordFake, ann: User, general: Channel, messages: str) -> None:
    theirs = fake.say(general, ann, "mine")
    assert codes(await http("PATCH", f"{messages}/{theirs}", {"content": "yours"})) == (403, 50005)
    general.denied = Permission.SEND_MESSAGES
    assert codes(await http("POST", messages, {"content": "x"})) == (403, 50013)
    general.denied = Permission.VIEW_CHANNEL
    assert codes(await http("POST", messages, {"content": "x"})) == (403, 50001)
    assert codes(await http("GET", "/users/@me", Authorization="Bot wrong")) == (401, 0)
    assert fake.invalid_requests == 4


async def test_an_archived_thread_refuses_edits_until_somebody_writes(http: Http, fake: DiscordFake, ann: User) -> None:
    guild = fake.guild("Lab")
    thread = guild.thread(guild.channel("general"), "a topic", ann)
    messages = f"/channels/{thread.id}/messages"
    _, made = await http("POST", messages, {"content": "x"})
    thread.archived = True
    assert codes(await http("PATCH", f"{messages}/{made['id']}", {"content": "y"})) == (400, 50083)
    fake.say(thread, ann, "wake up")
    assert (await http("PATCH", f"{messages}/{made['id']}", {"content": "y"}))[0] == 200


async def test_threads_on_messages(http: Http, fake: DiscordFake, ann: User) -> None:
    guild = fake.guild("Lab")
    place, thread = guild.channel("general"), guild.thread(guild.channel("other"), "a topic", ann)
    said = fake.say(place, ann, "hello")
    on_it = f"/channels/{place.id}/messages/{said}/threads"
    assert codes(await http("POST", on_it, {"name": ""})) == (400, 50035)
    assert codes(await http("POST", on_it, {"name": "x", "auto_archive_duration": 5})) == (400, 50035)
    in_thread = f"/channels/{thread.id}/messages/{fake.say(thread, ann, 'hello')}/threads"
    assert codes(await http("POST", in_thread, {"name": "x"})) == (400, 50024)
    dm = fake.dm(ann)
    in_dm = f"/channels/{dm.id}/messages/{fake.say(dm, ann, 'hello')}/threads"
    assert codes(await http("POST", in_dm, {"name": "x"})) == (400, 50003)
    status, made = await http("POST", on_it, {"name": "x", "auto_archive_duration": 60})
    assert (status, made["id"]) == (201, said)
    assert codes(await http("POST", on_it, {"name": "x"})) == (400, 160004)


async def test_deleting_has_a_limit_of_its_own(http: Http, fake: DiscordFake, messages: str) -> None:
    _, made = await http("POST", messages, {"content": "x"})
    await http("PATCH", f"{messages}/{made['id']}", {"content": "y"})
    edited = http.last.headers["X-RateLimit-Bucket"]
    assert (await http("DELETE", f"{messages}/{made['id']}"))[0] == 204
    assert (http.last.headers["X-RateLimit-Limit"], http.last.headers["X-RateLimit-Remaining"]) == ("5", "4")
    assert float(http.last.headers["X-RateLimit-Reset-After"]) <= 1.0
    assert http.last.headers["X-RateLimit-Bucket"] != edited


async def test_texts_have_a_length(http: Http, messages: str) -> None:
    assert codes(await http("POST", messages, {"content": " \n"})) == (400, 50006)
    assert (await http("POST", messages, {"content": "\N{GRINNING FACE}" * 2000}))[0] == 200
    status, body = await http("POST", messages, {"content": "x" * 2001})
    assert (status, body["code"], body["message"]) == (400, 50035, "Invalid Form Body")
    assert body["errors"]["content"]["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"


async def test_the_edges_of_a_text_are_trimmed(http: Http, fake: DiscordFake, general: Channel, messages: str) -> None:
    _, body = await http("POST", messages, {"content": "\n a b \n"})
    assert body["content"] == "a b"
    (shown,) = fake.screen(general).by_bot()
    assert (shown.text, shown.versions[0].raw["content"]) == ("a b", "\n a b \n")


async def test_a_reply_to_nothing(http: Http, messages: str) -> None:
    reply: Json = {"content": "x", "message_reference": {"message_id": "1"}}
    _, body = await http("POST", messages, reply)
    assert body["errors"]["message_reference"]["_errors"][0]["code"] == "REPLIES_UNKNOWN_MESSAGE"
    reply["message_reference"]["fail_if_not_exists"] = False
    assert (await http("POST", messages, reply))[0] == 200


def button(**fields: Any) -> Json:
    return {"type": 2, "style": 2, "label": "Stop", "custom_id": "stop"} | fields


def row(*buttons: Json) -> Json:
    return {"type": 1, "components": list(buttons)}


@pytest.mark.parametrize(
    "body",
    [
        {"components": [row(button(custom_id=str(number))) for number in range(6)]},
        {"components": [row(*(button(custom_id=str(number)) for number in range(6)))]},
        {"components": [row()]},
        {"components": [button()]},
        {"components": [row(button(custom_id="x" * 101))]},
        {"components": [row(button(custom_id=""))]},
        {"components": [row(button(label="x" * 81))]},
        {"components": [row(button(label=""))]},
        {"components": [row(button(), button())]},
        {"embeds": [{"description": "x" * 4097}]},
        {"embeds": [{"description": "x" * 3001}] * 2},
        {"embeds": [{"title": "x"}] * 11},
        {"nonce": "x" * 26},
        {"content": 5},
        {"content": "x", "flags": 1 << 15},
    ],
)
def test_bodies_that_are_refused(body: Json) -> None:
    with pytest.raises(ApiError) as refused:
        check_body(body, Rules())
    assert refused.value.body["code"] == 50035


@pytest.mark.parametrize(
    "body",
    [
        {"components": [row(*(button(custom_id=f"{place}{number}") for number in range(5))) for place in range(5)]},
        {"components": [row(button(custom_id="x" * 100, label="x" * 80))]},
        {"content": "x" * 2000, "nonce": "x" * 25},
        {"embeds": [{"description": "x" * 4096}]},
    ],
)
def test_bodies_at_the_limit(body: Json) -> None:
    check_body(body, Rules())


@pytest.mark.parametrize(
    ("allowed", "pings"),
    [
        (None, ("everyone", "user:1", "user:9", "role:2")),
        ({"parse": []}, ()),
        ({"parse": [], "replied_user": True}, ("user:9",)),
        ({"parse": ["users"]}, ("user:1",)),
        ({"parse": ["everyone", "roles"]}, ("everyone", "role:2")),
        ({"users": ["1", "5"], "roles": ["3"]}, ("user:1",)),
    ],
)
def test_whom_a_text_pings(allowed: Json | None, pings: tuple[str, ...]) -> None:
    assert allowed_mentions("@here <@!1> <@&2>", allowed, "9").pings == pings


def test_a_kind_of_mention_is_named_once() -> None:
    with pytest.raises(ApiError):
        allowed_mentions("", {"parse": ["users"], "users": ["1"]}, None)


# Rate limits


@pytest.mark.fast
async def test_five_messages_in_five_seconds(http: Http, fake: DiscordFake, messages: str) -> None:
    remaining = []
    for number in range(5):
        assert (await http("POST", messages, {"content": str(number)}))[0] == 200
        remaining.append(http.last.headers["X-RateLimit-Remaining"])
    assert remaining == ["4", "3", "2", "1", "0"]
    bucket = http.last.headers["X-RateLimit-Bucket"]
    status, body = await http("POST", messages, {"content": "5"})
    assert (status, body["global"], fake.floods) == (429, False, 1)
    assert 0 < body["retry_after"] <= 5
    headers = http.last.headers
    assert headers["Content-Type"] == "application/json"
    assert headers["Via"]
    assert headers["X-RateLimit-Bucket"] == bucket
    assert int(headers["Retry-After"]) >= body["retry_after"]
    await asyncio.sleep(body["retry_after"])
    assert (await http("POST", messages, {"content": "5"}))[0] == 200


async def test_edits_are_counted_by_channel(http: Http, fake: DiscordFake, messages: str) -> None:
    made = [(await http("POST", messages, {"content": "x"}))[1]["id"] for _ in range(2)]
    replies = [await http("PATCH", f"{messages}/{made[number % 2]}", {"content": str(number)}) for number in range(6)]
    assert [status for status, _ in replies] == [200] * 5 + [429]
    elsewhere = fake.guild("Other").channel("general")
    _, other = await http("POST", f"/channels/{elsewhere.id}/messages", {"content": "x"})
    assert (await http("PATCH", f"/channels/{elsewhere.id}/messages/{other['id']}", {"content": "y"}))[0] == 200


async def test_fifty_calls_a_second_in_all(http: Http, fake: DiscordFake, ann: User, general: Channel) -> None:
    replies = [await http("GET", "/users/@me") for _ in range(51)]
    assert [status for status, _ in replies] == [200] * 50 + [429]
    assert replies[-1][1]["global"]
    assert http.last.headers["X-RateLimit-Global"] == "true"
    assert fake.floods == 1
    _, callback, _ = begun(fake, general, ann)
    assert (await http("POST", callback, {"type": 5}))[0] == 204


@pytest.mark.fast
async def test_calls_during_a_scripted_flood_are_self_inflicted(http: Http, fake: DiscordFake, messages: str) -> None:
    fake.faults.add(Fault("flood", "POST /channels/{id}/messages", seconds=2.0))
    status, body = await http("POST", messages, {"content": "x"})
    assert (status, body["retry_after"], fake.floods) == (429, 2.0, 0)
    assert (await http("POST", messages, {"content": "x"}))[0] == 429
    assert fake.floods == 1
    await asyncio.sleep(2.0)
    assert (await http("POST", messages, {"content": "x"}))[0] == 200


# Interactions


def begun(fake: DiscordFake, channel: Channel, user: User) -> tuple[Interaction, str, str]:
    interaction = fake.interactions.begin(2, channel, user, {"id": "1", "name": "ask", "type": 1})
    callback = f"/interactions/{interaction.id}/{interaction.token}/callback"
    return interaction, callback, f"/webhooks/{fake.application_id}/{interaction.token}"


async def test_an_interaction_is_answered_once(http: Http, fake: DiscordFake, ann: User, general: Channel) -> None:
    _, callback, webhook = begun(fake, general, ann)
    assert codes(await http("POST", webhook, {"content": "too early"})) == (404, 10015)
    assert (await http("POST", callback, {"type": 4, "data": {"content": "x"}}))[0] == 204
    assert codes(await http("POST", callback, {"type": 5})) == (400, 40060)
    assert (await http("PATCH", webhook + "/messages/@original", {"content": "y"}))[1]["content"] == "y"
    assert (await http("DELETE", webhook + "/messages/@original"))[0] == 204
    assert codes(await http("GET", webhook + "/messages/@original")) == (404, 10008)


async def test_a_callback_tells_its_message_on_request(
    http: Http, fake: DiscordFake, ann: User, general: Channel
) -> None:
    _, callback, _ = begun(fake, general, ann)
    _, body = await http("POST", callback + "?with_response=1", {"type": 5, "data": {"flags": 64}})
    (waiting,) = fake.thinking(general)
    assert body["interaction"]["response_message_id"] == waiting.message_id
    assert body["interaction"]["response_message_loading"]
    assert body["interaction"]["response_message_ephemeral"]


@pytest.mark.fast
async def test_after_three_seconds_it_is_too_late(http: Http, fake: DiscordFake, ann: User, general: Channel) -> None:
    interaction, callback, _ = begun(fake, general, ann)
    await asyncio.sleep(3.1)
    assert codes(await http("POST", callback, {"type": 5})) == (404, 10062)
    assert interaction.response is None


@pytest.mark.fast
async def test_after_fifteen_minutes_the_token_is_dead() -> None:
    async with DiscordFake(rules=Rules(token_life=2.0)) as fake, aiohttp.ClientSession() as session:
        http = Http(session, fake.api_url)
        _, callback, webhook = begun(fake, fake.guild("Lab").channel("general"), fake.user("Ann"))
        await http("POST", callback, {"type": 5})
        await asyncio.sleep(2.1)
        assert codes(await http("PATCH", webhook + "/messages/@original", {"content": "x"})) == (401, 50027)


async def test_a_user_installed_app_follows_up_five_times() -> None:
    async with DiscordFake(rules=Rules(webhook=Rate(50, 5.0))) as fake, aiohttp.ClientSession() as session:
        http = Http(session, fake.api_url)
        elsewhere = fake.guild("Elsewhere", has_bot=False).channel("general")
        interaction = fake.interactions.begin(2, elsewhere, fake.user("Ann"), {"id": "1"}, user_install=True)
        await http("POST", f"/interactions/{interaction.id}/{interaction.token}/callback", {"type": 5})
        webhook = f"/webhooks/{fake.application_id}/{interaction.token}"
        replies = [await http("POST", webhook, {"content": str(number)}) for number in range(7)]
        # The first one takes the place of "is thinking…" and is no follow-up.
        assert [status for status, _ in replies] == [200] * 6 + [400]
        assert replies[-1][1]["code"] == 40094


# Commands


async def test_commands_are_checked_and_keep_their_ids(http: Http, fake: DiscordFake) -> None:
    commands = f"/applications/{fake.application_id}/commands"
    _, first = await http("PUT", commands, [{"name": "ask", "description": "Ask"}])
    _, second = await http("PUT", commands, [{"name": "ask", "description": "Ask me"}])
    assert first[0]["id"] == second[0]["id"]
    assert (await http("GET", commands))[1] == second
    for wrong in ({"name": "Ask", "description": "x"}, {"name": "ask", "description": ""}):
        assert codes(await http("PUT", commands, [wrong])) == (400, 50035)
    assert fake.syncs == 4


# Faults


@pytest.mark.parametrize(
    ("kind", "shown"), [("status", ""), ("flood", ""), ("garbage", ""), ("drop_before", ""), ("drop_after", "x")]
)
async def test_faults_that_answer_otherwise(
    http: Http, fake: DiscordFake, general: Channel, messages: str, kind: FaultKind, shown: str
) -> None:
    fake.faults.add(Fault(kind, "POST /channels/{id}/messages", status=502, seconds=0.01))
    if kind.startswith("drop"):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await http("POST", messages, {"content": "x"})
    elif kind == "garbage":
        with pytest.raises(json.JSONDecodeError):
            await http("POST", messages, {"content": "x"})
    else:
        assert (await http("POST", messages, {"content": "x"}))[0] == (502 if kind == "status" else 429)
    assert fake.screen(general).bot_text() == shown


@pytest.mark.fast
@pytest.mark.parametrize(("kind", "early"), [("stall_before", ""), ("stall_after", "x")])
async def test_faults_that_make_wait(
    http: Http, fake: DiscordFake, general: Channel, messages: str, kind: FaultKind, early: str
) -> None:
    fake.faults.add(Fault(kind, "POST /channels/{id}/messages", seconds=2.0))
    request = asyncio.create_task(http("POST", messages, {"content": "x"}))
    await asyncio.sleep(1.0)
    assert fake.screen(general).bot_text() == early
    assert (await request)[0] == 200
    assert fake.screen(general).bot_text() == "x"


# The gateway


async def closed_with(fake: DiscordFake, *payloads: Json) -> int | None:
    """Send these after HELLO and return the code that the gateway closes with."""
    async with aiohttp.ClientSession() as session, session.ws_connect(fake.gateway_url) as socket:
        assert (await socket.receive_json())["op"] == 10
        for payload in payloads:
            await socket.send_json(payload)
        async with asyncio.timeout(10):
            async for _ in socket:
                pass
        return socket.close_code


async def test_how_the_gateway_refuses(fake: DiscordFake) -> None:
    login = {"op": 2, "d": {"token": fake.token, "intents": 1}}
    assert await closed_with(fake, {"op": 2, "d": {"token": "wrong", "intents": 1}}) == 4004
    assert await closed_with(fake, {"op": 6, "d": {"token": "wrong"}}) == 4004
    assert await closed_with(fake, login, login) == 4005
    assert await closed_with(fake, {"op": 99}) == 4001
    assert await closed_with(fake, {"op": 3}) == 4003
    assert await closed_with(fake, {}) == 4002


@pytest.mark.fast
async def test_a_connection_without_heartbeats_is_closed() -> None:
    async with DiscordFake(rules=Rules(heartbeat=1.0)) as fake:
        assert await closed_with(fake) == 4009


async def test_a_resume_replays_what_came_after_its_sequence(fake: DiscordFake, ann: User) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(fake.gateway_url) as socket:
            await socket.receive_json()
            await socket.send_json({"op": 2, "d": {"token": fake.token, "intents": 1 << 12}})
            ready = await socket.receive_json()
            await socket.close(code=4000)
        for text in ("one", "two"):
            fake.say(fake.dm(ann), ann, text)
        async with session.ws_connect(ready["d"]["resume_gateway_url"]) as socket:
            await socket.receive_json()
            data = {"token": fake.token, "session_id": ready["d"]["session_id"], "seq": ready["s"]}
            await socket.send_json({"op": 6, "d": data})
            events = [await socket.receive_json() for _ in range(3)]
    assert [(event["s"], event["t"]) for event in events] == [
        (2, "MESSAGE_CREATE"),
        (3, "MESSAGE_CREATE"),
        (4, "RESUMED"),
    ]
    assert events[1]["d"]["content"] == "two"


async def test_one_zlib_stream_for_the_whole_connection(fake: DiscordFake) -> None:
    inflate = zlib.decompressobj()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(fake.gateway_url + "?compress=zlib-stream") as socket,
    ):
        assert json.loads(inflate.decompress(await socket.receive_bytes()))["op"] == 10
        await socket.send_json({"op": 1, "d": None})
        frame = await socket.receive_bytes()
        assert frame.endswith(b"\x00\x00\xff\xff")
        assert json.loads(inflate.decompress(frame))["op"] == 11
