"""Files of the machine as attachments: which are taken, as what, and how they are read."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from adapters.console.attached import Attached
from bot.domain.attachments import Attachment
from bot.errors import FileTooLarge, FileUnavailable


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, which is the home as well."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


async def taken(line: str, attached: Attached) -> Attachment:
    _, attachments = await attached.take(line)
    (attachment,) = attachments
    return attachment


@pytest.mark.parametrize(
    ("name", "kind", "mime"),
    [
        ("a.png", "image", "image/png"),
        ("A.JPG", "image", "image/jpeg"),
        ("a.webp", "image", "image/webp"),
        ("a.ogg", "audio", "audio/ogg"),
        ("a.opus", "audio", "audio/ogg"),
        ("a.m4a", "audio", "audio/mp4"),
        ("a.mp4", "video", "video/mp4"),
        ("a.pdf", "document", "application/pdf"),
        ("a.csv", "document", "text/csv"),
        ("a.md", "document", "text/markdown"),
        ("a.svg", "document", "image/svg+xml"),
        ("a.png.gz", "document", None),
        ("Makefile", "document", None),
        (".png", "document", None),
    ],
)
async def test_the_name_tells_the_kind(here: Path, name: str, kind: str, mime: str | None) -> None:
    (here / name).write_bytes(b"12345")

    text, (attachment,) = await Attached().take(f"what is @{name}")

    assert text == "what is"
    assert (attachment.kind, attachment.mime, attachment.name, attachment.size) == (kind, mime, name, 5)


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("@memo.ogg", ["voice"]),
        ("./memo.OGA", ["voice"]),
        ("~/memo.opus", ["voice"]),
        ("@song.mp3", ["audio"]),
        ("@memo.ogg who speaks?", ["audio"]),
        ("/transcribe @memo.ogg", ["audio"]),
        ("@memo.ogg @memo.opus", ["audio", "audio"]),
    ],
)
async def test_a_recording_without_words_is_a_voice_note(here: Path, line: str, kinds: list[str]) -> None:
    for name in ("memo.ogg", "memo.OGA", "memo.opus", "song.mp3"):
        (here / name).touch()

    _, attachments = await Attached().take(line)

    assert [attachment.kind for attachment in attachments] == kinds


async def test_only_existing_regular_files_are_taken(here: Path) -> None:
    (here / "folder").mkdir()
    os.mkfifo(here / "fifo")
    (here / "loop").symlink_to("loop")
    line = f"@nobody ./folder ./fifo ./loop /dev/null ~/none ~nobody/x @{'x' * 300} \x00 @a\x00 @\ud800 {here}"
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{short}/s")
        assert await Attached().take(f"{line} {short}/s") == (f"{line} {short}/s", ())


async def test_the_handle_does_not_show_the_path(here: Path) -> None:
    (here / "secret.txt").touch()
    attachment = await taken("@secret.txt", Attached())
    assert "secret" not in attachment.handle
    assert str(here) not in repr(attachment)


async def test_a_file_is_read_up_to_the_limit(here: Path) -> None:
    (here / "a.txt").write_bytes(b"12345")
    (here / "link.txt").symlink_to("a.txt")
    attached = Attached()
    file, link = await taken("@a.txt", attached), await taken("@link.txt", attached)

    assert await attached.fetch(file, 5) == b"12345"
    assert await attached.fetch(link, 100) == b"12345"
    with pytest.raises(FileTooLarge) as caught:
        await attached.fetch(file, 4)
    assert caught.value.limit == 4


async def test_a_huge_file_is_not_read_to_its_end(here: Path) -> None:
    with (here / "huge.bin").open("wb") as file:
        file.truncate(2**40)
    attached = Attached()
    attachment = await taken("@huge.bin", attached)
    assert attachment.size == 2**40
    with pytest.raises(FileTooLarge):
        await attached.fetch(attachment, 1000)


async def test_the_file_is_meant_that_was_there_when_it_was_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "a.txt").write_bytes(b"here")
    (here / "other").mkdir()
    attached = Attached()
    attachment = await taken("@a.txt", attached)
    monkeypatch.chdir(here / "other")
    assert await attached.fetch(attachment, 100) == b"here"


async def test_what_cannot_be_read_is_unavailable(here: Path) -> None:
    attached = Attached()
    names = ("gone", "folder", "fifo", "locked")
    for name in names:
        (here / name).touch()
    attachments = {name: await taken(f"@{name}", attached) for name in names}
    for name in ("gone", "folder", "fifo"):
        (here / name).unlink()
    (here / "folder").mkdir()
    os.mkfifo(here / "fifo")
    (here / "locked").chmod(0)
    if os.geteuid() == 0:  # who may read everything
        del attachments["locked"]

    for attachment in attachments.values():
        with pytest.raises(FileUnavailable):
            await attached.fetch(attachment, 100)


async def test_a_file_of_an_earlier_run_is_unavailable(here: Path) -> None:
    (here / "a").touch()
    attachment = await taken("@a", Attached())
    with pytest.raises(FileUnavailable, match="earlier run"):
        await Attached().fetch(attachment, 100)


async def test_what_is_no_file_any_more_is_not_even_opened(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "a").touch()
    attached = Attached()
    attachment = await taken("@a", attached)
    (here / "a").unlink()
    os.mkfifo(here / "a")

    def refuse(*args: object) -> int:
        raise AssertionError("opened")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileUnavailable):
        await attached.fetch(attachment, 100)
