"""What must never happen to a message with files, whatever the scenes, the faults and the company in its chat."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.platform import Button, FileKind, Limits, OutgoingFile
from bot.domain.text import utf16_length
from bot.replies.gate import Gates
from bot.replies.post import Post, Scene
from bot.replies.writer import Delivery, Reply
from tests.fakes.channel import LIMITS, Platform, SimulatedChannel
from tests.fakes.loops import VirtualLoop
from tests.property.test_delivery import check_screen

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "200"))
"""How many runs each property is tried on."""

UPLOAD = 20
FORMS: dict[FileKind, set[FileKind]] = {
    "voice": {"voice", "audio", "document"},
    "audio": {"audio", "document"},
    "image": {"image", "document"},
    "document": {"document"},
}
STOP, AGAIN = Button("Stop", "stop"), Button("Again", "again")


def file_of(kind: FileKind, data: bytes) -> OutgoingFile:
    return OutgoingFile(kind, f"a.{kind}", "x/y", data, waveform=b"\x01" if kind == "voice" else None)


pictures = st.sampled_from([file_of("image", letter * 8) for letter in (b"a", b"b", b"c", b"d", b"e")])
odd_files = st.sampled_from(
    [file_of("voice", b"v" * 9), file_of("audio", b"w" * 9), file_of("document", b"x" * 9), file_of("image", b"z" * 21)]
)
files = st.one_of(
    st.just(()),
    st.tuples(pictures),
    st.tuples(odd_files),
    st.lists(st.one_of(pictures, pictures, pictures, odd_files), max_size=4, unique_by=lambda file: file.data).map(
        tuple
    ),
)
sources = st.one_of(
    st.sampled_from(["", "", "A cat.", "**A cat** on a sofa, painted by nobody at all, on and on"]),
    st.lists(st.sampled_from(["word ", "\n", "```\n", "😀", "a" * 70, "👩\u200d👩\u200d👧", "x."]), max_size=12).map(
        "".join
    ),
)
scenes = st.builds(Scene, sources, files, st.sampled_from([(), (STOP,)]))
pauses = st.sampled_from([0.0, 0.02, 0.06, 0.3, 1.0, 6.0])
scripts = st.lists(st.tuples(scenes, pauses), max_size=5)
faults = st.lists(
    st.sampled_from(
        ["", "", "flood", "not-sent", "ambiguous", "ambiguous-lost", "bad-format", "gone", "too-long", "file-refused"]
    ),
    max_size=9,
)
refusals = st.sampled_from(
    [(), (), ("voice",), ("image",), ("voice", "audio"), ("voice", "audio", "image", "document")]
)
relaxed = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Play:
    """Scenes, each with the seconds that it stays, and the last one."""

    script: Sequence[tuple[Scene, float]]
    last: Scene


@dataclass(frozen=True)
class Ended:
    channel: SimulatedChannel
    play: Play
    post: Post
    delivery: Delivery


plays = st.builds(Play, scripts, st.builds(Scene, sources, files, st.sampled_from([(), (AGAIN,)])))


def limits_of(album_apart: bool, dedupes: bool) -> Limits:
    return replace(LIMITS, caption=30, upload=UPLOAD, album_apart=album_apart, dedupes=dedupes)


platforms = st.builds(limits_of, st.booleans(), st.booleans())


async def perform(post: Post, play: Play) -> None:
    for scene, pause in play.script:
        post.show(scene)
        await asyncio.sleep(pause)
    post.finish(play.last)


async def deliver(channel: SimulatedChannel, gates: Gates, play: Play, nonce: str) -> Ended:
    post = Post(channel, gates, nonce=nonce)
    async with asyncio.TaskGroup() as group:
        delivery = group.create_task(post.deliver())
        group.create_task(perform(post, play))
    return Ended(channel, play, post, delivery.result())


async def answer(reply: Reply, text: str) -> Delivery:
    async with asyncio.TaskGroup() as group:
        delivery = group.create_task(reply.deliver())
        for start in range(0, len(text), 9):
            reply.feed(text[start : start + 9])
            await asyncio.sleep(0.2)
        reply.finish()
    return delivery.result()


def can_be_shown(channel: SimulatedChannel, file: OutgoingFile) -> bool:
    return len(file.data) <= UPLOAD and bool(FORMS[file.kind] - channel.refuses)


def check_files(channel: SimulatedChannel, ids: Sequence[str], play: Play, lenient: bool) -> None:
    """Each file of the last scene is shown once, and nothing else; a sketch stays only where nothing can replace it.

    `lenient`: refusals were scripted, so that any file may be missing.
    """
    due = {file.data: file for file in play.last.files if can_be_shown(channel, file)}
    shown = [file for message_id in ids for file in channel.files[message_id]]
    left = [file.data for file in shown if file.data not in due]
    if left:
        if not lenient:  # else a message may stay as it was when a picture of it was to go, beside one that is due
            assert all(file.kind == "voice" for file in due.values())
            assert all(file.data in left for file in channel.files[ids[0]])
        assert {file.data for scene, _ in play.script for file in scene.files}.issuperset(left)
    got = [file.data for file in shown if file.data in due]
    assert len(got) == len(set(got))
    if not lenient:
        assert [data for data in got if due[data].kind != "voice"] == [
            data for data, file in due.items() if file.kind != "voice"
        ]
        assert set(got) == set(due)
    assert all(file.kind in FORMS[due[file.data].kind] for file in shown if file.data in due)


def check_text(channel: SimulatedChannel, ids: Sequence[str], play: Play) -> None:
    wanted = play.last.source.rstrip()
    texts = [channel.screen[message_id] for message_id in ids if channel.screen[message_id]]
    if not wanted:
        earlier = [scene.source.rstrip() for scene, _ in play.script]
        assert len(texts) <= 1
        assert all(is_of(text, [words for words in earlier if words][-1]) for text in texts)
        return
    assert len(texts) == 1
    assert is_of(texts[0], wanted)
    carries = bool(channel.files[ids[0]])
    if utf16_length(wanted) <= (channel.limits.caption if carries else channel.limits.text) * 0.8**9:
        assert texts[0] == wanted


def is_of(shown: str, text: str) -> bool:
    """Whether this is the text, or its beginning with an ellipsis (and the end of a fence) behind it."""
    begin, ellipsis, fence = shown.rpartition("…")
    return shown == text or bool(ellipsis and text.startswith(begin) and fence.strip() in ("", "```"))


def check_post(ended: Ended, scripted: Sequence[str]) -> list[str]:
    channel, play, ids = ended.channel, ended.play, list(ended.delivery.message_ids)
    assert len(set(ids)) == len(ids)
    if scripted.count("gone") >= 2:  # who deletes a message again and again does not want it
        return ids
    assert ended.delivery.complete
    check_files(channel, ids, play, lenient="file-refused" in scripted)
    check_text(channel, ids, play)
    buttons = [data for message_id in ids for data in channel.buttons[message_id]]
    asked = [button.data for button in play.last.buttons]
    assert buttons in ([], asked)
    if play.last.source.strip() or (ids and not any(channel.files[message_id] for message_id in ids)):
        assert list(channel.buttons[ids[0]]) == asked
    if "file-refused" not in scripted:
        assert ended.post.refused == any(not can_be_shown(channel, file) for file in play.last.files)
    return ids


def unsure(ended: Ended, scripted: Sequence[str]) -> int:
    """How many messages may be left that nobody knows of: sends without an answer, which are found again only where the
    platform dedupes and there is something to send again."""
    if ended.play.last.source.strip():
        return ended.channel.platform.ambiguous_sends
    return scripted.count("ambiguous")


def check_platform(platform: Platform) -> None:
    assert platform.floods == 0
    assert platform.overlong == 0


@relaxed
@given(play=plays, limits=platforms, scripted=faults, refuses=refusals)
def test_the_last_scene_is_on_screen_once(
    play: Play, limits: Limits, scripted: list[str], refuses: tuple[FileKind, ...]
) -> None:
    platform = Platform(faults=iter(scripted))
    channel = SimulatedChannel(platform, limits=limits, refuses=frozenset(refuses))

    async def run() -> Ended:
        return await deliver(channel, Gates(), play, "n" * 20)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        ended = runner.run(run())
    check_platform(platform)
    ids = check_post(ended, scripted)
    assert len(set(channel.screen) - set(ids)) <= unsure(ended, scripted)


@relaxed
@given(
    shows=st.lists(plays, min_size=2, max_size=3),
    text=sources,
    limits=platforms,
    scripted=faults,
    refuses=refusals,
)
def test_posts_and_an_answer_in_one_chat_do_not_disturb_each_other(
    shows: list[Play], text: str, limits: Limits, scripted: list[str], refuses: tuple[FileKind, ...]
) -> None:
    platform = Platform(faults=iter(scripted))
    channel = SimulatedChannel(platform, limits=limits, refuses=frozenset(refuses))

    async def run() -> tuple[list[Ended], Reply, Delivery]:
        gates = Gates()
        reply = Reply(channel, gates, nonce="reply")
        async with asyncio.TaskGroup() as group:
            answered = group.create_task(answer(reply, text))
            posts = [
                group.create_task(deliver(channel, gates, play, f"post{number}")) for number, play in enumerate(shows)
            ]
        return [post.result() for post in posts], reply, answered.result()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        posts, reply, answered = runner.run(run())
    check_platform(platform)
    ids = list(answered.message_ids)
    ghosts = platform.ambiguous_sends
    for ended in posts:
        ids += check_post(ended, scripted)
        ghosts = max(ghosts, unsure(ended, scripted))
    if "gone" not in scripted:
        check_screen(channel, reply, text)
    assert len(set(channel.screen) - set(ids)) <= ghosts


@relaxed
@given(shows=st.lists(plays, min_size=3, max_size=6), pace=pauses)
def test_albums_in_many_chats_at_once_flood_nobody(shows: list[Play], pace: float) -> None:
    platform = Platform()
    limits = limits_of(album_apart=True, dedupes=False)
    base = SimulatedChannel(platform)
    channels = [
        SimulatedChannel(platform, limits=limits, chat=replace(base.chat, chat_id=str(number)))
        for number in range(len(shows))
    ]

    async def run() -> list[Ended]:
        gates = Gates()
        posts = []
        async with asyncio.TaskGroup() as group:
            for channel, play in zip(channels, shows, strict=True):
                posts.append(group.create_task(deliver(channel, gates, play, "n")))
                await asyncio.sleep(pace)
        return [post.result() for post in posts]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        posts = runner.run(run())
    check_platform(platform)
    for ended in posts:
        assert set(ended.channel.screen) == set(check_post(ended, ()))


@relaxed
@given(play=plays, at=st.floats(0.0, 12.0), text=sources, limits=platforms, scripted=faults)
def test_a_cancelled_post_leaves_the_gate_to_the_others(
    play: Play, at: float, text: str, limits: Limits, scripted: list[str]
) -> None:
    platform = Platform(faults=iter(scripted))
    channel = SimulatedChannel(platform, limits=limits)

    async def run() -> tuple[Reply, Gates]:
        gates = Gates()
        reply = Reply(channel, gates, nonce="reply")
        gone = asyncio.create_task(deliver(channel, gates, play, "post"))
        stays = asyncio.create_task(answer(reply, text))
        await asyncio.sleep(at)
        gone.cancel()
        await asyncio.wait([gone])
        await asyncio.wait_for(stays, 600)
        last = Reply(channel, gates, nonce="last")
        last.feed("The end.")
        last.finish()
        await asyncio.wait_for(last.deliver(), 600)
        return reply, gates

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        reply, gates = runner.run(run())
    check_platform(platform)
    assert not gates._queue
    if "gone" not in scripted:
        check_screen(channel, reply, text)
