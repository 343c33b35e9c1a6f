"""Pictures that people send: what the model gets to see of them, and what people read where it cannot."""

from __future__ import annotations

import io
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image

from bot.media.download import Downloader
from tests.e2e.asked import HEARD, read
from tests.e2e.side import Person, Place, Sent
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.world import Log, World, offers
from tests.e2e.worlds import world_of
from tests.fakes import media
from tests.fakes.faults import Fault
from tests.fakes.openai_rules import FakeModel
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(10)

BLIND = "deepseek-chat"
"""Known to read text alone."""
SEEING = "gpt-4o"


def photo(width: int = 64, height: int = 48) -> Sent:
    return Sent("photo", media.jpeg(width, height))


def near(picture: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    """Whether this is the colour there, as far as a JPEG keeps it."""
    found = picture.convert("RGB").getpixel(place)
    assert isinstance(found, tuple)
    return all(abs(a - b) < 25 for a, b in zip(found, colour, strict=True))


async def send(
    world: World, place: Place, person: Person, *files: Sent, text: str = "", reply_to: str | None = None
) -> str:
    """Send files in a private chat and wait for the answer; returns what it shows, without marks around names."""
    answer = await world.answer_after(place, lambda: world.send(place, person, *files, text=text, reply_to=reply_to))
    return "\n".join(shown.text for shown in answer).replace("`", "")


def add_models(world: World, *models: FakeModel) -> None:
    world.model.models |= {model.name: model for model in models}


# One picture


async def test_a_photo_with_words_and_one_without(world: World) -> None:
    ann, place = world.private()
    assert await send(world, place, ann, photo(), text="What is this?") == "What is this? [image]"
    assert world.asked().words == "What is this?"
    assert world.side.fetches == 1
    (picture,) = world.asked().pictures
    assert picture.size == (64, 48)
    assert near(picture, (2, 2), media.RED)
    assert near(picture, (2, 45), media.BLUE)
    await send(world, place, ann, photo(40, 30))
    assert world.asked().words == ""
    assert world.asked().sizes == [(40, 30)]
    assert world.pictured() == [1, 0, 1]


async def test_a_turned_picture_arrives_upright_and_without_metadata(world: World) -> None:
    """Phones tell by a mark how a picture is to be turned, and where it was taken."""
    ann, place = world.private()
    sent = Sent("document", media.jpeg(64, 48, orientation=6), "IMG 0001.JPG", "image/jpeg")
    assert b"Secret Camera" in sent.data
    await send(world, place, ann, sent, text="Where was this?")
    (picture,) = world.asked().pictures
    assert picture.size == (48, 64)
    assert near(picture, (2, 2), media.BLUE)
    assert near(picture, (45, 2), media.RED)


async def test_pictures_sent_as_files_and_stickers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file is, its bytes tell; of those that move the first frame is shown."""
    monkeypatch.setattr("discord.Asset.BASE", world.side.address)
    ann, place = world.private()
    for sent in (
        Sent("document", media.gif(frames=3), "dance.gif", "image/gif"),
        Sent("document", media.webp(frames=3), "dance.webp", "image/webp"),
        Sent("document", media.png(), "scan.bin", "application/octet-stream"),
        Sent("document", media.png(transparent=True), "wrong.jpg", "image/jpeg"),
        Sent("sticker", media.webp()),
    ):
        await send(world, place, ann, sent)
        (picture,) = world.asked().pictures
        assert picture.size == (64, 48), sent
        assert near(picture, (2, 2), media.RED), sent


@pytest.mark.not_started
async def test_a_large_picture_is_scaled_for_the_model(world: World) -> None:
    add_models(world, FakeModel("claude-sonnet-4"))
    await world.start(chat_model="fake/claude-sonnet-4")
    ann, place = world.private()
    await send(world, place, ann, photo(3000, 1500), text="What is this?")
    assert world.asked().sizes == [(1568, 784)]


async def test_pictures_that_cannot_be_opened(world: World) -> None:
    ann, place = world.private()
    bomb = io.BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    for data, sentence in (
        (bomb.getvalue(), "is too large: I take pictures up to 50 megapixels."),
        (media.jpeg(400, 300)[:1500], "could not be read"),
        (b"", "could not be read"),
        (media.SVG, "I cannot open"),
    ):
        world.send(place, ann, Sent("document", data, "photo.png", "image/png"))
        await world.sees(place, sentence)
    assert world.prompts() == []
    answer = await send(world, place, ann, Sent("document", media.SVG, "logo.png", "image/png"), text="What is this?")
    assert answer.startswith("I cannot open logo.png.")
    assert "What is this?" in answer
    assert world.asked().words.startswith("What is this?\n\n(not all that came along could be opened: I cannot open")


async def test_a_photo_whose_words_are_changed_is_seen_again(world: World) -> None:
    ann, place = world.private()
    question = world.send(place, ann, photo(), text="What is on the left?")
    await world.until(place, lambda: world.answers(place) == 1)
    await world.changed_after(place, lambda: world.side.edit(place, ann, question, "What is on the right?"))
    assert world.asked().words == "What is on the right?"
    assert world.asked().sizes == [(64, 48)]


async def test_a_picture_in_a_quoted_message(world: World) -> None:
    place, ann, ben = world.side.group(), world.person("Ann"), world.person("Ben")
    shown = world.side.send(place, ben, [photo()], "My *new* bike")
    await world.ask(place, ann, "What colour is it?", reply_to=shown)
    assert len(world.prompts()) == 1
    assert world.asked().sizes == [(64, 48)]
    assert "> My *new* bike" in world.asked().words
    assert world.asked().words.endswith("What colour is it?")


# Albums


@pytest.fixture(params=("telegram", "discord"))
async def curious(request: pytest.FixtureRequest, tmp_path: Path, log: Log) -> AsyncIterator[World]:
    """A world whose bot hears all that is said in groups."""
    options = {"privacy": False} if request.param == "telegram" else {}
    async with world_of(request.param, tmp_path, log, **options) as world:
        await world.start()
        yield world


async def test_an_album_is_one_turn(world: World) -> None:
    ann, place = world.private()
    sizes = [(20 + number, 30) for number in range(10)]
    await send(world, place, ann, *(photo(*size) for size in sizes[:3]), text="Which is best?")
    assert (world.asked().words, world.asked().sizes) == ("Which is best?", sizes[:3])
    first = world.send(place, ann, photo(90, 90))
    await world.until(place, lambda: world.answers(place) == 2)
    answer = await send(world, place, ann, *(photo(*size) for size in sizes), text="And now?", reply_to=first)
    assert world.asked().sizes == sizes
    assert answer.startswith("I looked at the first 10 pictures only.")
    assert len(world.prompts()) == 3


async def test_an_album_in_a_group_is_for_the_bot_when_its_words_are(curious: World) -> None:
    place, ann, ben = curious.side.group(), curious.person("Ann"), curious.person("Ben")
    curious.side.send(place, ben, [photo(30, 30)] * 3, "Look at my holidays")
    question = curious.send(place, ann, photo(31, 30), photo(32, 30), photo(33, 30), text="Which is best?")
    await curious.until(place, lambda: curious.answers(place) == 1)
    assert len(curious.prompts()) == 1
    # On Discord the bot is told what was said to others, too.
    heard = f"{HEARD}\n> Ben: Look at my holidays\n\n" if curious.side.name == "discord" else ""
    assert curious.asked().words == f"{heard}Ann: Which is best?"
    assert curious.asked().sizes == [(31, 30), (32, 30), (33, 30)]
    assert [shown.reply_to for shown in curious.shown(place)] == [question]


async def test_an_album_whose_words_come_last(tmp_path: Path, log: Log) -> None:
    async with world_of("telegram", tmp_path, log, privacy=False) as world:
        await world.start()
        assert isinstance(world.side, TelegramSide)
        fake, place, ann = world.side.fake, world.side.group(), world.person("Ann")
        for width, words in ((31, ""), (32, ""), (33, world.side.mention("Which is best?"))):
            fake.send_file(place.raw[0], ann.raw, "photo", media.jpeg(width, 30), caption=words, album_id="77")
        await world.until(place, lambda: world.answers(place) == 1)
        assert len(world.prompts()) == 1
        assert world.asked().words == "Ann: Which is best?"
        assert world.asked().sizes == [(31, 30), (32, 30), (33, 30)]


async def test_an_album_waits_for_its_turn(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of("First.", header_delay=4))
    world.say(place, ann, "One")
    world.send(place, ann, photo(), photo(), photo(), text="Two")
    world.say(place, ann, "Three")
    await world.until(place, lambda: world.answers(place) == 3)
    assert [world.asked(number).words for number in range(3)] == ["One", "Two", "Three"]
    assert [len(world.asked(number).pictures) for number in range(3)] == [0, 3, 0]
    assert world.model.most_running == 1


# Links


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    key, made = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", made],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, made


class Gallery:
    """Pictures on an https server of this machine; `asked` are the paths that somebody wanted."""

    def __init__(self, certificate: tuple[Path, Path]) -> None:
        key, made = certificate
        self.trust = ssl.create_default_context(cafile=made)
        self.asked: list[str] = []
        self._own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._own.load_cert_chain(made, key)
        app = web.Application()
        app.router.add_get("/{path:.*}", self._serve)
        self._server = TestServer(app, host="127.0.0.1", scheme="https")

    async def __aenter__(self) -> Gallery:
        await self._server.start_server(ssl=self._own)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.port}"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        return web.Response(body=media.png())


@pytest.fixture
async def gallery(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gallery]:
    async with Gallery(certificate) as served:
        monkeypatch.setattr("bot.models.Downloader", partial(Downloader, ssl=served.trust))
        yield served


@pytest.mark.not_started
async def test_a_link_to_a_picture_is_looked_at(world: World, gallery: Gallery) -> None:
    provider = {"base_url": world.model.url, "api_key": world.model.key}
    # A server that the operator configured may be on this machine.
    await world.start(providers={"fake": provider, "gallery": {"base_url": gallery.url}})
    ann, place = world.private()
    link = f"{gallery.url}/cat.png?size=large"
    await world.ask(place, ann, f"What is this? {link}.")
    assert gallery.asked == ["/cat.png?size=large"]
    assert world.asked().words == f"What is this? {link}."
    assert world.asked().sizes == [(64, 48)]


@pytest.mark.not_started
async def test_a_link_into_the_own_network_is_not_followed(world: World, gallery: Gallery) -> None:
    await world.start()
    ann, place = world.private()
    question = f"What is {gallery.url}/cat.png about, and http://127.0.0.1/dog.png or https://[::1]/cow.jpg?"
    await world.ask(place, ann, question)
    assert world.roles() == [("user", question)]
    assert gallery.asked == []


# Models that cannot see


@pytest.mark.not_started
async def test_a_model_that_cannot_see_says_so_unless_another_can(world: World) -> None:
    add_models(world, FakeModel(BLIND, vision=False), FakeModel(SEEING))
    await world.start(chat_model=f"fake/{BLIND}")
    ann, place = world.private()
    assert "cannot look at pictures" in await send(world, place, ann, photo(), text="What is this?")
    assert world.prompts() == []
    await world.ask(place, ann, "Never mind")
    assert world.roles() == [("user", "Never mind")]
    await world.restart(vision_model=f"fake/{SEEING}")
    await send(world, place, ann, photo(), text="And this?")
    await world.ask(place, ann, "What is left of it?")
    assert [body["model"] for body in world.model.bodies] == [BLIND, SEEING, SEEING]
    assert world.pictured() == [0, 0, 1, 0, 0]
    world.side.command(place, ann, "/new")
    await world.sees(place, "New conversation.")
    await world.ask(place, ann, "Good night")
    assert world.model.bodies[-1]["model"] == BLIND


@pytest.mark.not_started
async def test_a_conversation_with_pictures_goes_on_with_a_model_that_cannot_see(world: World) -> None:
    add_models(world, FakeModel(BLIND, vision=False), FakeModel(SEEING))
    await world.start(chat_model=f"fake/{SEEING}")
    ann, place = world.private()
    await send(world, place, ann, photo(), text="What is this?")
    world.side.command(place, ann, f"/model fake/{BLIND}")
    await world.sees(place, "From now on")
    await world.ask(place, ann, "What did you say?")
    assert world.model.bodies[-1]["model"] == BLIND
    assert "a picture came along, not shown to you now: 64x48" in world.roles()[0][1]


async def test_a_provider_that_refuses_pictures(world: World) -> None:
    """Nobody knows of this model whether it sees, until its provider says so."""
    ann, place = world.private()
    world.model.answers.append(Script.error(400, "image input not supported"))
    assert "cannot look at pictures" in await send(world, place, ann, photo(), text="What is this?")
    add_models(world, FakeModel("test-model", vision=False))
    assert "cannot look at pictures" in await send(world, place, ann, photo(), text="And this?")
    await world.ask(place, ann, "Never mind")
    assert world.roles() == [("user", "Never mind")]


async def test_a_provider_that_refuses_pictures_later(world: World) -> None:
    """The question is answered without those of earlier turns."""
    ann, place = world.private()
    await send(world, place, ann, photo(), text="What is this?")
    add_models(world, FakeModel("test-model", vision=False))
    world.check_shows(await world.ask(place, ann, "And why?"), "And why?")
    assert world.pictured() == [0, 0, 0]
    assert "not shown to you now" in world.roles()[0][1]


# What is remembered


async def test_pictures_are_seen_again_until_four_newer_ones_are_there(world: World) -> None:
    """They fall out four at a time, so that a provider finds the same beginning in its cache; after a restart, too."""
    ann, place = world.private()
    await send(world, place, ann, photo(50, 40), text="One")
    await send(world, place, ann, photo(51, 40), text="Two")
    await send(world, place, ann, photo(52, 40), photo(53, 40), photo(54, 40), text="Three to five")
    assert world.pictured() == [1, 0, 1, 0, 3]
    await send(world, place, ann, photo(55, 40), photo(56, 40), photo(57, 40), text="Six to eight")
    assert world.pictured() == [1, 0, 1, 0, 3, 0, 3]
    await world.restart()
    await world.ask(place, ann, "Which is reddest?")
    assert world.pictured() == [0, 0, 0, 0, 1, 0, 3, 0, 0]
    assert world.roles()[0] == ("user", "One\n\n(a picture came along, not shown to you now: 50x40)")
    assert "2 pictures came along, not shown to you now: 52x40, 53x40" in read(world.prompts()[-1][-5]).words


async def test_pictures_that_are_kept_no_longer_are_named(world: World) -> None:
    ann, place = world.private()
    await send(world, place, ann, photo(), text="What is this?")
    await world.restart(picture_days=0)
    while not any("are forgotten" in line for line in world.log.lines):
        await world.pass_time(0.1)
    await world.ask(place, ann, "What did you say?")
    assert world.pictured() == [0, 0, 0]
    named = "What is this?\n\n(a picture came along, not shown to you now: 64x48)"
    assert world.roles()[0] == ("user", named)
    stale = world.shown(place)[0]
    before = stale.text
    world.side.push(place, ann, stale, next(data for label, data in stale.buttons if label == "Retry"))
    await world.until(place, lambda: stale.text != before and offers(stale, "Retry"))
    assert world.roles() == [("user", named)]


async def test_pictures_of_a_private_chat_stay_there(world: World) -> None:
    (ann, anns), (ben, bens), group = world.private("Ann"), world.private("Ben"), world.side.group()
    await send(world, anns, ann, photo(), text="My secret")
    await world.ask(bens, ben, "What did Ann send?")
    await world.ask(group, ann, "What did I send?")
    assert world.roles(1) == [("user", "What did Ann send?")]
    assert world.roles(2) == [("user", "Ann: What did I send?")]
    # The same picture in another chat is another chat's picture.
    await send(world, bens, ben, photo(), text="Mine")
    assert world.pictured() == [0, 0, 1]


@pytest.mark.not_started
async def test_files_of_strangers_are_not_fetched(world: World) -> None:
    (ann, anns), (ben, bens) = world.private("Ann"), world.private("Ben")
    await world.start(allowed=(ann.handle,))
    world.send(bens, ben, photo(), photo(), text="What is this?")
    await world.sees(bens, ben.handle)
    await world.ask(anns, ann, "Hello")
    assert world.side.fetches == 0
    assert len(world.prompts()) == 1
    assert len(world.shown(bens)) == 1


# Pictures that cannot be fetched


async def test_a_picture_that_cannot_be_fetched_at_once(world: World) -> None:
    ann, place = world.private()
    world.side.fault("status", "fetch", status=503)
    await send(world, place, ann, photo(), text="What is this?")
    assert world.asked().sizes == [(64, 48)]


async def test_a_picture_that_cannot_be_fetched(world: World) -> None:
    ann, place = world.private()
    world.side.fault("status", "fetch", status=404, times=20)
    answer = await send(world, place, ann, photo(), text="What is this?")
    assert answer.startswith(("The picture could not be fetched.", "photo.jpg could not be fetched."))
    assert "What is this?" in answer
    world.send(place, ann, photo())
    await world.until(place, lambda: world.text(place).count("could not be fetched") == 3)
    assert len(world.prompts()) == 1


async def test_a_link_of_discord_that_is_over(discord: World) -> None:
    await discord.start()
    ann, place = discord.private()
    discord.side.fake.world.cdn.life = -1.0  # type: ignore[attr-defined]
    answer = await send(discord, place, ann, photo(), text="What is this?")
    assert answer.startswith("photo.jpg could not be fetched.")


async def test_a_file_that_telegram_does_not_know_any_more(telegram: World) -> None:
    await telegram.start()
    ann, place = telegram.private()
    gone = {"ok": False, "error_code": 400, "description": "Bad Request: wrong file_id or the file is unavailable"}
    telegram.side.fake.faults.add(Fault("status", "getFile", status=400, body=gone))  # type: ignore[attr-defined]
    answer = await send(telegram, place, ann, photo(), text="What is this?")
    assert answer.startswith("The picture could not be fetched.")
