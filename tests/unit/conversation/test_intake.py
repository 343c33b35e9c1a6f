"""From files to what a model is told: each kind, what is wrong with one, and limits."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.conversation import intake as module
from bot.conversation.accounts import Accounts
from bot.conversation.intake import AT_ONCE, MOST_BYTES, MOST_LINKS, MOST_PICTURES, Hearing, Intake, picture_links
from bot.conversation.material import Material, with_material
from bot.domain.attachments import Attachment
from bot.domain.ids import Person
from bot.domain.media import Picture, TranscriptionRequest
from bot.errors import FileError, FileUnsupported, FormatRefused, ModelError, ProviderDown
from bot.media.documents import Document
from bot.media.workshop import Workshop
from tests.fakes import media
from tests.unit.conversation.parts import ANN, EARS, SIDE, HeldChannel, Web, ears, intake_with


async def opened(
    intake: Intake, channel: HeldChannel, *files: Attachment, text: str = "", person: Person = ANN
) -> Material:
    return await intake.open(text, files, channel, person)


def sizes(material: Material) -> list[tuple[int, int]]:
    return [(each.width, each.height) for each in material.pictures]


# Pictures


async def test_pictures_come_in_their_order_and_fit_the_model(workshop: Workshop, channel: HeldChannel) -> None:
    files = [
        channel.put("image", "large", media.jpeg(1024, 512)),
        channel.put("image", "small", media.png(30, 40)),
        channel.put("document", "file", media.png(50, 20), "drawing.png"),
    ]
    slow = channel.hold("large")
    opening = asyncio.create_task(opened(intake_with(workshop), channel, *files, text="Look"))
    await channel.until_fetching("large")
    slow.set()

    material = await opening

    assert sizes(material) == [(SIDE, SIDE // 2), (30, 40), (50, 20)]
    assert material.problems == material.documents == material.spoken == ()


async def test_no_files_no_work(workshop: Workshop, channel: HeldChannel) -> None:
    async def side(*_: object) -> int:
        raise AssertionError("nobody asked for it")

    accounts = Accounts(lambda _: False)
    intake = Intake(workshop, Web(), ears(), Hearing(), accounts, side=side, document_tokens=100)
    assert await opened(intake, channel, text="https://example.org/page see a.png") == Material()


async def test_so_many_files_are_fetched_at_once(workshop: Workshop, channel: HeldChannel) -> None:
    files = [channel.put("image", str(number), media.png(8, 8)) for number in range(AT_ONCE + 3)]
    for file in files:
        channel.hold(file.handle)
    intake = intake_with(workshop)
    openings = [
        asyncio.create_task(opened(intake, channel, *files[:4])),
        asyncio.create_task(opened(intake, channel, *files[4:])),
    ]
    await channel.until_fetching(*"012345")
    for _ in range(20):
        await asyncio.sleep(0)
    assert channel.fetching == set("012345")
    for held in channel.held.values():
        held.set()

    materials = await asyncio.gather(*openings)

    assert [len(material.pictures) for material in materials] == [4, AT_ONCE - 1]
    assert channel.most == AT_ONCE


async def test_more_pictures_than_a_turn_takes(workshop: Workshop, channel: HeldChannel) -> None:
    files = [channel.put("image", str(number), media.png(8 + number, 8)) for number in range(MOST_PICTURES + 1)]
    material = await opened(intake_with(workshop), channel, *files)

    assert sizes(material) == [(8 + number, 8) for number in range(MOST_PICTURES)]
    assert material.problems == (f"I looked at the first {MOST_PICTURES} pictures only.",)


async def test_pictures_share_the_pixels_that_a_turn_takes(
    workshop: Workshop, channel: HeldChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PIXELS", 3 * 32 * 32)
    files = [channel.put("image", str(number), media.png(32, 32)) for number in range(5)]
    material = await opened(intake_with(workshop), channel, *files)

    assert sizes(material) == [(24, 24)] * 5
    assert material.problems == ()


async def test_more_pixels_than_a_turn_takes(
    workshop: Workshop, channel: HeldChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of pictures that came as files it shows late that they are pictures."""
    monkeypatch.setattr(module, "MOST_PIXELS", 3 * 32 * 32)
    files = [channel.put("document", str(number), media.png(32, 32 + (number == 3))) for number in range(5)]
    material = await opened(intake_with(workshop), channel, *files)

    assert sizes(material) == [(32, 32)] * 3
    assert material.problems == ("I looked at the first 3 pictures only.",)


async def test_documents_share_the_room(workshop: Workshop, channel: HeldChannel) -> None:
    files = [channel.put("document", str(number), b"word " * 5000, f"{number}.txt") for number in range(4)]
    one = await opened(intake_with(workshop), channel, files[0])
    four = await opened(intake_with(workshop), channel, *files)

    assert sum(map(len, four.documents)) < sum(map(len, one.documents)) + 1000


# Recordings


async def test_a_voice_note_is_the_persons_words(workshop: Workshop, channel: HeldChannel) -> None:
    models = ears(" Hello there. \n")
    voice = replace(channel.put("voice", "v", media.ogg()), duration=1.0)
    hearing = Hearing(EARS, "de", "Parley")
    material = await opened(intake_with(workshop, models, hearing=hearing), channel, voice, text="And?")

    assert material == Material(spoken=("Hello there.",))
    (request,) = models.requests
    assert isinstance(request, TranscriptionRequest)
    assert (request.model, request.language, request.prompt) == (EARS, "de", "Parley")
    assert (request.sound.name, request.sound.mime, request.sound.duration) == ("voice.ogg", "audio/ogg", 1.0)


@pytest.mark.parametrize(
    ("text", "material"),
    [
        ("", Material(spoken=("La la la.",))),
        (" \n", Material(spoken=("La la la.",))),
        ("Which song?", Material(documents=("<recording name=\"a 'b'.mp3\">\nLa la la.\n</recording>",))),
    ],
)
async def test_a_recording_is_a_question_only_when_it_comes_alone(
    workshop: Workshop, channel: HeldChannel, text: str, material: Material
) -> None:
    song = channel.put("audio", "s", media.mp3(), 'a\n"b".mp3')

    assert await opened(intake_with(workshop, ears("La la la.")), channel, song, text=text) == material


async def test_a_format_that_is_refused_is_sent_as_another(workshop: Workshop, channel: HeldChannel) -> None:
    models = ears(FormatRefused(EARS), "Heard.")
    material = await opened(intake_with(workshop, models), channel, channel.put("voice", "v", media.flac()))

    assert material.spoken == ("Heard.",)
    names = [request.sound.name for request in models.requests if isinstance(request, TranscriptionRequest)]
    assert [name.rpartition(".")[2] for name in names] == ["flac", "mp3"]


@pytest.mark.parametrize(
    ("heard", "problem"),
    [
        (" \n", "I could not make out any words in the voice note."),
        (ProviderDown(EARS), "`acme/ears` cannot be reached right now."),
        (FormatRefused(EARS), "`acme/ears` cannot read a file of this format."),
    ],
)
async def test_a_recording_without_words(
    workshop: Workshop, channel: HeldChannel, heard: str | ModelError, problem: str
) -> None:
    models = ears(heard, heard)
    material = await opened(intake_with(workshop, models), channel, channel.put("voice", "v", media.ogg()))

    assert not material.usable
    assert [said.startswith(problem) for said in material.problems] == [True]


async def test_without_a_model_recordings_are_not_fetched(workshop: Workshop, channel: HeldChannel) -> None:
    channel.hold("v")
    intake = intake_with(workshop, hearing=Hearing())
    material = await opened(intake, channel, channel.put("voice", "v", media.ogg()), channel.put("audio", "v", b""))

    assert not intake.hears
    assert channel.most == 0
    assert ["TRANSCRIPTION_MODEL" in said for said in material.problems] == [True]  # said once
    with pytest.raises(FileUnsupported):
        await intake.transcribe(Attachment("voice", "v"), channel, ANN)


# Documents


async def test_a_document_is_told_with_its_name(workshop: Workshop, channel: HeldChannel) -> None:
    files = [
        channel.put("document", "csv", media.CSV, 'pri"ces\n.csv'),
        channel.put("document", "pdf", media.pdf("First page", "Second page"), "a.pdf"),
        channel.put("document", "nameless", b"print(1)\n"),
    ]
    csv, pdf, nameless = (await opened(intake_with(workshop), channel, *files, text="Sum up")).documents

    assert csv.startswith('<file name="pri\'ces .csv">\nname;price\n')
    assert csv.endswith("\n</file>")
    assert pdf.startswith('<file name="a.pdf", 2 pages>\nFirst page')
    assert nameless.startswith('<file name="unnamed">\nprint(1)')


async def test_what_is_left_out_of_a_document_is_told(workshop: Workshop, channel: HeldChannel) -> None:
    file = channel.put("document", "log", b"line\n" * 1000, "a.log")
    (block,) = (await opened(intake_with(workshop, tokens=100), channel, file)).documents

    assert len(block) < 4 * 100 + 150
    assert "(the file goes on: 4,600 more characters are left out)" in block


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (Document("x"), ""),
        (Document("x", 3, 1234), "(the file goes on: 1,234 more characters are left out)"),
        (Document("x", 9, 0, 6), "(the file goes on: pages at its end that were not read: 6)"),
        (
            Document("x", 9, 5, 6),
            "(the file goes on: 5 more characters are left out; pages at its end that were not read: 6)",
        ),
    ],
)
def test_pages_that_were_not_read_are_told(read: Document, told: str) -> None:
    assert module._left_out(read).strip() == told


# What is wrong with one


@pytest.mark.parametrize(
    ("kind", "data", "problem"),
    [
        ("image", b"", "`x` could not be read: it is broken, protected or empty."),
        ("image", media.png()[:60], "`x` could not be read"),
        ("image", media.SVG, "I cannot open `x`."),
        ("document", b"PK\x03\x04" + bytes(90), "I cannot open `x`."),
        ("document", media.locked_pdf("a"), "`x` could not be read"),
        ("voice", b"nothing", "I cannot open `x`."),
        ("video", media.mp4(), "I cannot watch `x`."),
        ("image", None, "`x` could not be fetched."),
    ],
)
async def test_a_failing_file_becomes_a_sentence_and_costs_no_other(
    workshop: Workshop, channel: HeldChannel, kind: Any, data: bytes | None, problem: str
) -> None:
    good = channel.put("image", "good", media.png())
    bad = channel.put(kind, "bad", data or b"", "x")
    if data is None:
        del channel.files["bad"]
    material = await opened(intake_with(workshop, ears("")), channel, bad, good)

    assert sizes(material) == [(64, 48)]
    assert len(material.problems) == 1
    assert material.problems[0].startswith(problem)


async def test_a_file_that_is_too_large_is_not_fetched(workshop: Workshop, channel: HeldChannel) -> None:
    huge = replace(channel.put("document", "h", b"x", "a.iso"), size=MOST_BYTES + 1)
    material = await opened(intake_with(workshop), channel, huge)

    assert material.problems == ("`a.iso` is too large: I take files up to 20 MB.",)
    assert channel.most == 0


async def test_a_bug_in_one_file_costs_no_other(
    workshop: Workshop, channel: HeldChannel, caplog: pytest.LogCaptureFixture
) -> None:
    channel.broken.add("bad")
    files = channel.put("image", "bad", b""), channel.put("image", "good", media.png())
    material = await opened(intake_with(workshop), channel, *files)

    assert sizes(material) == [(64, 48)]
    assert material.problems == ("Something went wrong on the bot's side with the picture. Send it again.",)
    assert "a bug, on purpose" in caplog.text


async def test_the_same_sentence_is_said_once(workshop: Workshop, channel: HeldChannel) -> None:
    files = [channel.put("image", str(number), b"") for number in range(3)]

    assert len((await opened(intake_with(workshop), channel, *files)).problems) == 1


async def test_a_name_that_people_gave_stays_inside_its_marks(workshop: Workshop, channel: HeldChannel) -> None:
    file = channel.put("document", "z", b"PK\x03\x04", "`**x**`\n{0}\n```.zip")
    (said,) = (await opened(intake_with(workshop), channel, file)).problems

    assert said.startswith("I cannot open `'**x**' {0} '''.zip`.")


async def test_cancelled_while_files_come_nothing_goes_on(workshop: Workshop, channel: HeldChannel) -> None:
    files = [channel.put("image", str(number), media.png(8, 8)) for number in range(AT_ONCE + 1)]
    for file in files[:-1]:
        channel.hold(file.handle)
    intake = intake_with(workshop)
    opening = asyncio.create_task(opened(intake, channel, *files))
    await channel.until_fetching(*"012345")
    opening.cancel()
    await asyncio.wait([opening])

    assert opening.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert channel.fetching == set()
    assert sizes(await opened(intake, channel, files[-1])) == [(8, 8)]  # every slot is free again


# Links


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://a.org/b.png.", ["https://a.org/b.png"]),
        (
            "(https://a.org/b.JPG) <https://a.org/c.webp?x=1&y=2>",
            ["https://a.org/b.JPG", "https://a.org/c.webp?x=1&y=2"],
        ),
        ("[x](https://a.org/b.gif)! https://a.org/b.gif", ["https://a.org/b.gif"]),
        ("http://a.org/b.png ftp://a.org/b.png https://a.org/page https://a.org/?b.png", []),
        ("https://" + "a" * 3000 + ".png", []),
        ("no link.png", []),
    ],
)
def test_links_to_pictures(text: str, links: list[str]) -> None:
    assert picture_links(text) == links


async def test_pictures_behind_links_come_after_the_files(
    workshop: Workshop, channel: HeldChannel, caplog: pytest.LogCaptureFixture
) -> None:
    web = Web(
        {
            "https://a.org/1.png": media.png(20, 10),
            "https://a.org/2.png": media.HTML,
            "https://a.org/3.png": RuntimeError("a bug, on purpose"),
        }
    )
    text = " ".join(f"https://a.org/{number}.png" for number in range(1, 9))
    material = await opened(intake_with(workshop, web=web), channel, channel.put("image", "p", media.png()), text=text)

    assert sizes(material) == [(64, 48), (20, 10)]
    assert material.problems == ()
    assert len(web.asked) == MOST_LINKS
    assert "a bug, on purpose" in caplog.text


# One picture, one recording


async def test_a_single_picture_raises_what_is_wrong(workshop: Workshop, channel: HeldChannel) -> None:
    intake = intake_with(workshop)
    picture = await intake.picture(channel.put("image", "p", media.png(400, 200)), channel, 100)

    assert (picture.width, picture.height) == (100, 50)
    with pytest.raises(FileError):
        await intake.picture(channel.put("image", "p", b"nothing"), channel, 100)


# Put together


def test_material_is_put_behind_the_words() -> None:
    picture = Picture(b"", "image/png", 1, 1)
    material = Material((picture,), ("Spoken.",), ("<file>", "<other>"), ("Broken.", "Too large."))

    assert with_material("Words", material) == (
        "Words\n\nSpoken.\n\n<file>\n\n<other>\n\n(not all that came along could be opened: Broken. Too large.)"
    )
    assert with_material(" ", Material(spoken=("Spoken.",))) == "Spoken."
    assert with_material("Words", Material()) == "Words"
    assert with_material("", Material((picture,))) == ""


def test_problems_alone_are_nothing_to_answer() -> None:
    assert not Material(problems=("Broken.",)).usable
    assert Material(documents=("x",)).usable
