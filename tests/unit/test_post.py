"""A message with files on a simulated channel: what is called when, in which form, and what a failed call leads to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest

from bot.domain.attachments import Attachment
from bot.domain.platform import Button, FileKind, Limits, Outgoing, OutgoingFile
from bot.errors import ChatGone, FileTooLarge, FileUnavailable
from bot.replies.caller import GIVE_UP_AFTER
from bot.replies.gate import Gates, Ticket
from bot.replies.planner import TYPING_EVERY
from bot.replies.post import Post, Scene
from bot.replies.posting import Board, shorten, with_scene
from bot.replies.writer import Delivery
from tests.fakes.channel import LIMITS, Platform, SimulatedChannel

pytestmark = pytest.mark.virtual

STOP, AGAIN = Button("Stop", "stop 1"), Button("Again", "again 1")
SMALL = replace(LIMITS, caption=30, upload=20)
APART = replace(SMALL, album_apart=True)
DEDUPES = replace(SMALL, dedupes=True)

SKETCH = OutgoingFile("image", "sketch.jpg", "image/jpeg", b"sketch")
PICTURE = OutgoingFile("image", "picture.png", "image/png", b"picture")
ALBUM = tuple(OutgoingFile("image", f"{number}.png", "image/png", b"picture %d" % number) for number in range(4))
VOICE = OutgoingFile("voice", "voice.ogg", "audio/ogg", b"voice", duration=2.0, waveform=b"\x01\x02")
LARGE = OutgoingFile("image", "large.png", "image/png", b"x" * 21)

Script = Iterable[Scene | float]


class Recorder(SimulatedChannel):
    """Keeps the messages that were asked for."""

    asked: list[Outgoing]

    async def send(self, message: Outgoing) -> str:
        self.asked.append(message)
        return await SimulatedChannel.send(self, message)

    async def edit(self, message_id: str, message: Outgoing) -> None:
        self.asked.append(message)
        await SimulatedChannel.edit(self, message_id, message)


def channel_with(*faults: str, limits: Limits = SMALL, refuses: Iterable[FileKind] = ()) -> Recorder:
    channel = Recorder(Platform(faults=iter(faults)), limits=limits, refuses=frozenset(refuses))
    channel.asked = []
    return channel


async def show(channel: SimulatedChannel, script: Script, last: Scene, gates: Gates | None = None) -> Delivery:
    """Show the scenes, wait as many seconds as the numbers say, and finish with the last one."""
    return (await showing(channel, script, last, gates))[1]


async def showing(
    channel: SimulatedChannel, script: Script, last: Scene, gates: Gates | None = None
) -> tuple[Post, Delivery]:
    post = Post(channel, gates or Gates(), nonce="n", reply_to="7", private=True)
    delivery = asyncio.create_task(post.deliver())
    for item in script:
        if isinstance(item, Scene):
            post.show(item)
        else:
            await asyncio.sleep(item)
    post.finish(last)
    return post, await delivery


def kinds(channel: SimulatedChannel) -> list[str]:
    return [kind for _, kind, _ in channel.calls]


def shown(channel: SimulatedChannel) -> list[tuple[str, tuple[OutgoingFile, ...]]]:
    return [(text, channel.files[message_id]) for message_id, text in channel.screen.items()]


def as_kind(file: OutgoingFile, kind: FileKind) -> OutgoingFile:
    return replace(file, kind=kind, waveform=None)


# Before there is anything to show.


async def test_the_typing_sign_is_there_until_there_is_something_to_show() -> None:
    channel = channel_with()
    await show(channel, [2 * TYPING_EVERY + 0.2], Scene("A cat.", (PICTURE,)))
    assert kinds(channel) == ["typing", "typing", "typing", "send"]
    assert channel.calls[0][0] == pytest.approx(0.1)


async def test_what_is_there_at_once_needs_no_sign() -> None:
    channel = channel_with()
    delivery = await show(channel, [], Scene("A cat.", (PICTURE,)))
    assert kinds(channel) == ["send"]
    assert delivery == Delivery(("1",), complete=True)


async def test_nothing_to_show_is_no_message() -> None:
    channel = channel_with()
    assert await show(channel, [Scene(buttons=(STOP,))], Scene()) == Delivery((), complete=True)
    assert kinds(channel) == []


# One message that grows.


async def test_a_text_is_edited_to_carry_the_picture() -> None:
    channel = channel_with()
    delivery = await show(channel, [Scene("Painting ...", buttons=(STOP,)), 2.0], Scene("A cat.", (PICTURE,), (AGAIN,)))
    assert kinds(channel) == ["send", "edit"]
    assert shown(channel) == [("A cat.", (PICTURE,))]
    assert channel.buttons[delivery.message_ids[0]] == ("again 1",)


async def test_a_sketch_that_was_not_shown_costs_nothing() -> None:
    channel = channel_with()
    sketches: list[Scene | float] = []
    for number in range(100):
        sketches += [Scene("Painting ...", (replace(SKETCH, data=b"sketch %d" % number),)), 0.05]
    await show(channel, sketches, Scene("A cat.", (PICTURE,)))
    assert 4 < len(channel.calls) < 10
    assert channel.platform.floods == 0
    assert shown(channel) == [("A cat.", (PICTURE,))]


async def shown_with_only_the_reserve_left(channel: SimulatedChannel, gates: Gates) -> Post:
    """A post that shows a text; all calls but the last one of its chat are used."""
    post = Post(channel, gates, nonce="n")
    post.show(Scene("Painting ..."))
    for _ in range(2):
        await gates.pass_through(another_call(gates))
    return post


def another_call(gates: Gates) -> Ticket:
    return gates.ask("test:1", "test:1:1", SMALL, "send", durable=True, earliest=0.0)


async def test_the_last_picture_takes_the_reserve_which_a_sketch_leaves() -> None:
    channel, gates = channel_with(), Gates()
    post = await shown_with_only_the_reserve_left(channel, gates)
    delivery = asyncio.create_task(post.deliver())
    await asyncio.sleep(0.2)
    post.show(Scene("Painting ...", (SKETCH,)))
    await asyncio.sleep(0.3)
    assert kinds(channel) == ["send"]
    post.finish(Scene("A cat.", (PICTURE,)))
    await delivery
    assert channel.calls[-1][0] == pytest.approx(0.5)
    assert shown(channel) == [("A cat.", (PICTURE,))]


async def test_what_was_final_from_the_start_takes_the_reserve_too() -> None:
    channel, gates = channel_with(), Gates()
    post = await shown_with_only_the_reserve_left(channel, gates)
    delivery = asyncio.create_task(post.deliver())
    await asyncio.sleep(0.2)
    post.finish(Scene("A cat.", (PICTURE,)))
    await delivery
    assert channel.calls[-1][0] == pytest.approx(0.2)


async def test_a_sketch_that_is_not_wanted_any_more_gives_its_call_back() -> None:
    channel, gates = channel_with(), Gates()
    post = await shown_with_only_the_reserve_left(channel, gates)
    delivery = asyncio.create_task(post.deliver())
    await asyncio.sleep(0.2)
    post.show(Scene("Painting ...", (SKETCH,)))
    await asyncio.sleep(0.3)
    post.finish(Scene("Painting ..."))
    assert (await delivery).complete
    assert kinds(channel) == ["send"]
    assert another_call(gates).granted.done()


async def test_a_scene_that_looks_the_same_is_no_call() -> None:
    channel = channel_with()
    same = replace(PICTURE, data=bytes(bytearray(PICTURE.data)))
    await show(channel, [Scene("A cat.", (PICTURE,)), 1.0, Scene("A cat.", (same,)), 1.0], Scene("A cat.", (same,)))
    assert kinds(channel) == ["send"]


async def test_a_new_caption_does_not_carry_the_picture_again() -> None:
    channel = channel_with()
    await show(channel, [Scene("A cat.", (PICTURE,), (STOP,)), 1.0], Scene("A cat. Done.", (PICTURE,), (AGAIN,)))
    assert channel.asked[1] == Outgoing("A cat. Done.", buttons=(AGAIN,))
    assert shown(channel) == [("A cat. Done.", (PICTURE,))]


async def test_a_scene_after_the_last_one_comes_too_late() -> None:
    channel = channel_with()
    post = Post(channel, Gates(), nonce="n")
    post.finish(Scene("A cat.", (PICTURE,)))
    post.show(Scene("", (SKETCH,)))
    await post.deliver()
    assert shown(channel) == [("A cat.", (PICTURE,))]


async def test_where_one_message_carries_them_all_it_does() -> None:
    channel = channel_with()
    await show(channel, [Scene("Painting ..."), 1.0, Scene("", ALBUM[:2]), 2.0], Scene("Cats.", ALBUM, (AGAIN,)))
    assert kinds(channel) == ["send", "edit", "edit"]
    assert shown(channel) == [("Cats.", ALBUM)]


async def test_the_first_message_is_the_one_that_replies() -> None:
    channel = channel_with(limits=APART)
    await show(channel, [], Scene("Cats.", ALBUM))
    assert [(message.reply_to, message.nonce, message.private) for message in channel.asked] == [
        ("7", "n-0-0", True),
        (None, "n-1-0", True),
    ]


async def test_a_question_that_expects_a_reply_says_so() -> None:
    channel = channel_with()
    await show(channel, [], Scene("What shall change?", expects_reply=True))
    assert channel.asked[0].expects_reply


# Captions.


async def test_a_caption_is_cut_at_a_word() -> None:
    channel = channel_with()
    await show(channel, [], Scene("A cat on a sofa, painted in oil by nobody", (PICTURE,)))
    assert list(channel.screen.values()) == ["A cat on a sofa, painted in…"]
    assert channel.platform.overlong == 0


async def test_the_same_text_without_a_picture_is_whole() -> None:
    channel = channel_with()
    await show(channel, [], Scene("A cat on a sofa, painted in oil by nobody"))
    assert list(channel.screen.values()) == ["A cat on a sofa, painted in oil by nobody"]


async def test_text_beside_a_sketch_that_stays_is_a_caption_too() -> None:
    channel = channel_with()
    await show(channel, [Scene("", (SKETCH,)), 1.0], Scene("The model says that it has no idea how to paint this."))
    assert shown(channel) == [("The model says that it has no…", (SKETCH,))]
    assert channel.platform.overlong == 0


@pytest.mark.parametrize(
    ("source", "limit", "cut"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two three", 8, "one two…"),
        ("one two three", 7, "one…"),
        ("onetwothree", 7, "onetwo…"),
        ("ab👩\u200d👩\u200d👧cd", 6, "ab…"),
        ("a\n\nb c", 4, "a…"),
        ("```\none two three\n```", 16, "```\none two…\n```"),
        ("```\none two three\n```", 15, "```\none…\n```"),
        ("one", 0, "…"),
    ],
)
def test_texts_are_cut_at_words_and_stay_whole_markdown(source: str, limit: int, cut: str) -> None:
    assert shorten(source, lambda text: len(text.encode("utf-16-le")) // 2 <= limit, limit) == cut


# Albums that stand apart, and voices.


async def test_an_album_apart_comes_behind_the_text_and_is_made_once() -> None:
    channel = channel_with(limits=APART)
    delivery = await show(channel, [Scene("Painting ...", ALBUM[:2], (STOP,)), 2.0], Scene("Cats.", ALBUM, (AGAIN,)))
    assert kinds(channel) == ["send", "edit", "send"]
    assert shown(channel) == [("Cats.", ()), ("", ALBUM)]
    assert delivery == Delivery(("1", "2"), complete=True)
    assert channel.buttons == {"1": ("again 1",), "2": ()}


async def test_an_album_without_words_needs_no_other_message() -> None:
    channel = channel_with(limits=APART)
    delivery = await show(channel, [], Scene("", ALBUM))
    assert shown(channel) == [("", ALBUM)]
    assert delivery == Delivery(("1",), complete=True)


async def test_words_that_were_shown_stay_above_an_album_without_any() -> None:
    channel = channel_with(limits=APART)
    await show(channel, [Scene("Painting ...", buttons=(STOP,)), 1.0], Scene("", ALBUM, (AGAIN,)))
    assert shown(channel) == [("Painting ...", ()), ("", ALBUM)]
    assert channel.buttons["1"] == ("again 1",)


async def test_a_message_with_a_sketch_becomes_the_first_picture_of_several() -> None:
    channel = channel_with(limits=APART)
    await show(channel, [Scene("", (SKETCH,)), 1.0], Scene("Cats.", ALBUM, (AGAIN,)))
    assert shown(channel) == [("Cats.", ALBUM[:1]), ("", ALBUM[1:])]


async def test_an_album_waits_until_the_platform_takes_all_of_it() -> None:
    channel, gates = channel_with(limits=APART), Gates()
    await show(channel, [], Scene("Words."), gates)
    await show(channel, [], Scene("Cats.", ALBUM), gates)
    assert channel.calls[-1][0] == pytest.approx(2.05, abs=0.1)  # two of the four that it needs came back by then
    assert channel.platform.floods == 0


async def test_a_call_for_one_message_is_not_spent_on_an_album() -> None:
    channel, gates = channel_with(limits=APART), Gates()
    for _ in range(4):
        await show(channel, [], Scene("Words."), gates)
    delivery = await show(channel, [Scene("Painting ..."), 0.2], Scene("", ALBUM), gates)
    assert delivery.complete
    assert shown(channel)[4:] == [("", ALBUM)]
    assert channel.platform.floods == 0


async def test_a_voice_stands_alone_behind_the_text() -> None:
    channel = channel_with()
    delivery = await show(channel, [Scene("Good morning."), 1.0], Scene("Good morning.", (VOICE,), (AGAIN,)))
    assert shown(channel) == [("Good morning.", ()), ("", (VOICE,))]
    assert delivery.message_ids == ("1", "2")
    assert channel.buttons == {"1": ("again 1",), "2": ()}


async def test_a_voice_without_words_carries_the_buttons_itself() -> None:
    channel = channel_with()
    await show(channel, [], Scene("", (VOICE,), (AGAIN,)))
    assert shown(channel) == [("", (VOICE,))]
    assert channel.buttons["1"] == ("again 1",)
    assert channel.asked[0].reply_to == "7"


# What the platform does not take.


@pytest.mark.parametrize(
    ("file", "refuses", "form"),
    [
        (PICTURE, ["image"], "document"),
        (VOICE, ["voice"], "audio"),
        (VOICE, ["voice", "audio"], "document"),
        (replace(VOICE, kind="audio"), ["audio"], "document"),
    ],
    ids=["picture", "voice", "voice, audio", "audio"],
)
async def test_a_refused_file_comes_in_its_next_form(
    file: OutgoingFile, refuses: list[FileKind], form: FileKind
) -> None:
    channel = channel_with(refuses=refuses)
    post, delivery = await showing(channel, [], Scene("", (file,)))
    assert shown(channel) == [("", (replace(file, kind=form, waveform=None),))]
    assert delivery.complete
    assert not post.refused
    assert channel.calls[-1][0] < 1  # without a pause: the refusal was no failure


@pytest.mark.parametrize("file", [PICTURE, VOICE], ids=["picture", "voice"])
async def test_a_file_that_is_refused_in_every_form_leaves_the_text(file: OutgoingFile) -> None:
    channel = channel_with(refuses=["voice", "audio", "image", "document"])
    post, delivery = await showing(channel, [Scene("Wait ..."), 1.0], Scene("Here.", (file,)))
    assert shown(channel) == [("Here.", ())]
    assert delivery.complete
    assert post.refused


async def test_a_voice_that_is_refused_does_not_cut_its_text_to_a_caption() -> None:
    channel = channel_with(refuses=["voice"])
    text = "Good morning, ladies and gentlemen, and welcome."
    await show(channel, [], Scene(text, (VOICE,)))
    assert shown(channel) == [(text, ()), ("", (as_kind(VOICE, "audio"),))]


async def test_a_file_that_is_too_large_is_not_even_tried() -> None:
    channel = channel_with()
    post, delivery = await showing(channel, [], Scene("A wall.", (LARGE,)))
    assert kinds(channel) == ["send"]
    assert shown(channel) == [("A wall.", ())]
    assert delivery.complete
    assert post.refused


async def test_a_large_file_among_others_is_left_out_alone() -> None:
    channel = channel_with()
    post, _ = await showing(channel, [], Scene("Walls.", (PICTURE, LARGE)))
    assert shown(channel) == [("Walls.", (PICTURE,))]
    assert post.refused


async def test_an_album_that_is_refused_comes_as_documents_one_by_one() -> None:
    channel = channel_with("", "file-refused", limits=APART)
    delivery = await show(channel, [], Scene("Cats.", ALBUM[:3]))
    assert shown(channel) == [("Cats.", ()), *(("", (as_kind(file, "document"),)) for file in ALBUM[:3])]
    assert delivery == Delivery(("1", "2", "3", "4"), complete=True)


async def test_of_a_refused_album_only_what_is_refused_alone_is_missing() -> None:
    channel = channel_with("", "file-refused", "", "file-refused", limits=APART)
    post, delivery = await showing(channel, [], Scene("Cats.", ALBUM[:2]))
    assert shown(channel) == [("Cats.", ()), ("", (as_kind(ALBUM[0], "document"),))]
    assert delivery.complete
    assert post.refused


async def test_a_refused_sketch_says_nothing_about_the_picture() -> None:
    channel = channel_with("", "file-refused", "file-refused")
    post, _ = await showing(channel, [Scene("Wait ..."), 1.0, Scene("Wait ...", (SKETCH,)), 3.0], Scene("", (PICTURE,)))
    assert shown(channel) == [("", (PICTURE,))]
    assert not post.refused


async def test_of_files_in_one_message_those_with_another_form_try_it_first() -> None:
    channel = channel_with(refuses=["image"])
    table = OutgoingFile("document", "table.csv", "text/csv", b"1,2")
    await show(channel, [], Scene("Both.", (PICTURE, table)))
    assert shown(channel) == [("Both.", (as_kind(PICTURE, "document"), table))]


def test_refused_sketches_are_forgotten_with_their_scene() -> None:
    board = Board(refused=(SKETCH, PICTURE))
    assert with_scene(board, Scene("", (PICTURE,)), finished=False).refused == (PICTURE,)


# Failed calls.


async def test_a_refused_format_is_sent_plain() -> None:
    channel = channel_with("bad-format")
    await show(channel, [], Scene("**A cat**", (PICTURE,)))
    assert [message.plain for message in channel.asked] == [False, True]
    assert shown(channel) == [("**A cat**", (PICTURE,))]


async def test_a_caption_that_is_too_long_after_all_gets_shorter() -> None:
    channel = channel_with("too-long")
    await show(channel, [], Scene("A cat on a sofa, painted by me", (PICTURE,)))
    assert list(channel.screen.values()) == ["A cat on a sofa,…"]


async def test_a_message_that_was_deleted_comes_back_with_its_picture() -> None:
    channel = channel_with("", "gone")
    delivery = await show(channel, [Scene("", (SKETCH,)), 1.0], Scene("A cat.", (PICTURE,)))
    assert delivery == Delivery(("2",), complete=True)
    assert shown(channel) == [("A cat.", (PICTURE,))]
    assert [message.nonce for message in channel.asked if message.nonce] == ["n-0-0", "n-0-1"]


async def test_a_text_that_comes_back_after_a_picture_is_no_caption() -> None:
    channel = channel_with("", "gone")
    text = "The model says that it has no idea how to paint this."
    await show(channel, [Scene("", (SKETCH,)), 1.0], Scene(text))
    assert shown(channel) == [(text, ())]
    assert kinds(channel) == ["send", "edit", "send"]


async def test_who_deletes_it_twice_gets_no_third() -> None:
    channel = channel_with("", "gone", "", "gone")
    script: Script = [Scene("", (SKETCH,)), 1.0, Scene("A cat.", (SKETCH,)), 3.0]
    await show(channel, script, Scene("A cat.", (PICTURE,)))
    assert channel.screen == {}
    assert kinds(channel).count("send") == 2


async def test_an_unsure_first_message_is_repeated_once_and_only_at_the_end() -> None:
    channel = channel_with("ambiguous")
    delivery = await show(channel, [Scene("Painting ..."), 20.0], Scene("A cat.", (PICTURE,)))
    sends = [at for at, kind, _ in channel.calls if kind == "send"]
    assert len(sends) == 2
    assert sends[1] >= 20
    assert delivery == Delivery(("2",), complete=True)
    assert channel.files["2"] == (PICTURE,)


async def test_an_unsure_first_message_is_found_again_where_the_platform_dedupes() -> None:
    channel = channel_with("ambiguous", limits=DEDUPES)
    delivery = await show(channel, [Scene("Painting ..."), 20.0], Scene("A cat.", (PICTURE,)))
    assert delivery == Delivery(("1",), complete=True)
    assert shown(channel) == [("A cat.", (PICTURE,))]


async def test_words_that_may_be_on_screen_are_found_again_and_lose_their_button() -> None:
    channel = channel_with("ambiguous", limits=DEDUPES)
    delivery = await show(channel, [Scene("Speaking ...", buttons=(STOP,)), 0.1], Scene("", (VOICE,)))
    assert shown(channel) == [("Speaking ...", ()), ("", (VOICE,))]
    assert delivery == Delivery(("1", "2"), complete=True)
    assert channel.buttons["1"] == ()


async def test_text_beside_a_sketch_that_may_have_come_is_a_caption() -> None:
    channel = channel_with("", "ambiguous")
    script: Script = [Scene("Painting ..."), 1.0, Scene("Painting ...", (SKETCH,)), 0.1]
    await show(channel, script, Scene("The model says that it has no idea how to paint this."))
    assert shown(channel) == [("The model says that it has no…", (SKETCH,))]
    assert channel.platform.overlong == 0


@pytest.mark.parametrize("fault", ["ambiguous", "ambiguous-lost"])
async def test_an_unsure_edit_is_made_again(fault: str) -> None:
    channel = channel_with("", fault)
    await show(channel, [Scene("Painting ..."), 1.0], Scene("A cat.", (PICTURE,)))
    assert kinds(channel) == ["send", "edit", "edit"]
    assert shown(channel) == [("A cat.", (PICTURE,))]


async def test_an_unsure_edit_that_is_not_wanted_any_more_is_undone() -> None:
    channel = channel_with("", "ambiguous")
    await show(channel, [Scene("One."), 1.0, Scene("Two."), 0.1], Scene("One."))
    assert shown(channel) == [("One.", ())]


async def test_a_flood_is_waited_out() -> None:
    channel = channel_with("flood")
    await show(channel, [], Scene("A cat.", (PICTURE,)))
    assert [at for at, _, _ in channel.calls] == pytest.approx([0.0, 3.3], abs=0.1)
    assert channel.platform.floods == 0


async def test_it_outlasts_a_platform_that_is_down() -> None:
    channel = channel_with(*["not-sent"] * 100)
    delivery = await show(channel, [], Scene("A cat.", (PICTURE,)))
    assert len(channel.calls) == 101
    assert delivery.complete


async def test_it_is_given_up_when_every_call_is_refused() -> None:
    channel = channel_with(*["too-long"] * 100)
    delivery = await show(channel, [], Scene("A cat.", (PICTURE,)))
    assert len(channel.calls) == GIVE_UP_AFTER + 1
    assert delivery == Delivery((), complete=False)


async def test_a_closed_chat_ends_the_post() -> None:
    class Closed(SimulatedChannel):
        async def send(self, message: object) -> str:
            raise ChatGone

    delivery = await asyncio.wait_for(show(Closed(Platform()), [], Scene("A cat.", (PICTURE,))), 5)
    assert delivery == Delivery((), complete=False)


async def test_what_is_on_screen_can_be_asked_while_it_grows() -> None:
    channel = channel_with()
    post = Post(channel, Gates(), nonce="n")
    running = asyncio.create_task(post.deliver())
    post.show(Scene("Painting ..."))
    await asyncio.sleep(1)
    assert post.delivery() == Delivery(("1",), complete=False)
    running.cancel()
    await asyncio.wait([running])


# The rules of this test's own platform.


async def test_the_simulated_channel_hands_out_what_was_attached() -> None:
    channel = SimulatedChannel(Platform(), attachments={"1": b"12345"})
    assert await channel.fetch(attachment("1"), 5) == b"12345"
    with pytest.raises(FileTooLarge):
        await channel.fetch(attachment("1"), 4)
    with pytest.raises(FileUnavailable):
        await channel.fetch(attachment("2"), 4)


def attachment(handle: str) -> Attachment:
    return Attachment(kind="document", handle=handle)
