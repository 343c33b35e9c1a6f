"""Files of answers are saved under safe names, for their owner alone, and never over another."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from PIL import Image

from adapters.console.folder import Folder
from bot.domain.platform import OutgoingFile


def png(width: int = 40, height: int = 20) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width, height), "blue").save(data, "PNG")
    return data.getvalue()


def picture(name: str = "picture.png", data: bytes | None = None) -> OutgoingFile:
    return OutgoingFile("image", name, "image/png", png() if data is None else data)


def saved(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_the_line_says_where_it_is_and_what(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "files"
    voice = OutgoingFile("voice", "speech.ogg", "audio/ogg", b"Ogg", duration=3.21)
    song = OutgoingFile("audio", "song.mp3", "audio/mpeg", b"mp3", duration=61)
    text = OutgoingFile("document", "answer.md", "text/markdown", b"# Long")

    kept = await Folder(folder).keep("1", [picture(), voice, song, text, picture("broken.png", b"no")], (10, 10))

    assert [each.note for each in kept] == [
        f"[picture saved: {folder}/picture-1.png, 40 × 20]",
        f"[voice saved: {folder}/speech-1.ogg, 3.2 s]",
        f"[recording saved: {folder}/song-1.mp3, 61.0 s]",
        f"[file saved: {folder}/answer-1.md]",
        f"[picture saved: {folder}/broken-1.png]",
    ]
    assert [bool(each.rows) for each in kept] == [True, False, False, False, False]
    assert (folder / "picture-1.png").read_bytes() == png()
    assert (folder / "speech-1.ogg").read_bytes() == b"Ogg"


async def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    await Folder(tmp_path / "files").keep("1", [picture()], None)
    assert stat.S_IMODE((tmp_path / "files").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "files" / "picture-1.png").stat().st_mode) == 0o600


async def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "picture-1.png").write_bytes(b"mine")
    (tmp_path / "picture-2.png").symlink_to(tmp_path / "elsewhere")

    for message in ("1", "2"):  # another run as well
        await Folder(tmp_path).keep(message, [picture(), picture()], None)

    assert saved(tmp_path) == [f"picture-{number}.png" for number in range(1, 7)]
    assert (tmp_path / "picture-1.png").read_bytes() == b"mine"


async def test_a_file_of_a_message_is_saved_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    larger = picture(data=png(80, 40))
    assert len(await folder.keep("1", [picture()], None)) == 1
    assert await folder.keep("1", [picture()], None) == []
    assert await folder.keep("1", [], None) == []
    assert [each.note.endswith(", 80 × 40]") for each in await folder.keep("1", [larger], None)] == [True]
    assert len(await folder.keep("2", [picture()], None)) == 1
    assert len(saved(tmp_path)) == 3


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd-1"),
        ("..", "file-1"),
        ("", "file-1"),
        (".bashrc", "bashrc-1"),
        ("-rf.png", "rf-1.png"),
        ("a\x00b\n\x1b[2J.png", "a-b-2J-1.png"),
        ("a\\b:c*.png", "a-b-c-1.png"),
        ("Bücher 本.tar.gz", "Bücher-本.tar-1.gz"),
        ("a.p n g", "a-1"),
        ("本" * 300 + ".png", "本" * 40 + "-1.png"),
        ("x." + "y" * 300, "x-1"),
        ("\ud800.png", "file-1.png"),
    ],
)
async def test_no_name_leads_elsewhere(tmp_path: Path, name: str, safe: str) -> None:
    await Folder(tmp_path / "files").keep("1", [picture(name)], None)
    assert saved(tmp_path / "files") == [safe]
    assert saved(tmp_path) == ["files"]


async def test_a_folder_that_cannot_be_written_is_a_line_too(tmp_path: Path) -> None:
    (tmp_path / "files").touch()
    (kept,) = await Folder(tmp_path / "files").keep("1", [picture()], (10, 10))
    assert kept.note == f"[picture not saved: {tmp_path}/files: File exists]"
    assert kept.rows
