"""The documents for people, compared with what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import discord
import pytest
from PIL import Image

from benchmarks.bubbles import BARS
from benchmarks.picture import CHART, PICTURES
from benchmarks.scenes import SCENES
from benchmarks.transcripts import block_of, reference
from bot.commands import registry
from bot.commands.catalogue import COMMANDS, MENUS
from bot.conversation import intake, reading
from bot.conversation.painting import MOST_PICTURES
from bot.conversation.personas import load_personas
from bot.conversation.window import KEPT_PICTURES
from bot.llm.providers import KNOWN, LOCAL, KnownProvider
from bot.media import opening
from bot.settings import Settings

ROOT = Path(__file__).parent.parent.parent


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


PAGES = ("docs/commands.md", "docs/deploying.md", "docs/operating.md", "docs/security.md", "docs/talking.md")
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", *PAGES)
DRAWN = tuple(f"docs/{name}.svg" for name in PICTURES)
CHARTS = (f"docs/{CHART}.png",)
LEAVES = {" ".join(path): (path, command) for path, command in registry.flatten(COMMANDS)}
# Where the files of a server lie is told in docs/deploying.md; tests/unit/deployment knows each of those places.
WRITTEN = (*(each for each in DOCUMENTS if each != "docs/deploying.md"), ".env.example", "Procfile", "Makefile", *DRAWN)
README = read("README.md")
CONTRIBUTING = read("CONTRIBUTING.md")
TRANSCRIPTS = read("docs/commands.md")

HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r'\]\(([^)\s]+)\)|src="([^"]+)"')
PATH = re.compile(r"`((?:bot|adapters|tests|benchmarks|docs)/[\w./]+)`")
IMAGE = re.compile(r'<img src="([^"]+)" width="\d+" alt="([^"]+)">')
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:work|tmp|home|root|usr|opt|var|etc|Users)\b")


def section(document: str, heading: str) -> str:
    return document.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def anchors(document: str) -> set[str]:
    """The names that headings get on a page: lower case, hyphens for blanks, no punctuation."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(document)}


# Links, paths and commands to type


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_within_the_repository_lead_somewhere(name: str) -> None:
    document = read(name)
    folder = (ROOT / name).parent
    for link in (first or second for first, second in LINK.findall(document)):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        assert (folder / path).exists(), link
        assert not anchor or anchor in anchors((folder / path).read_text(encoding="utf-8") if path else document), link


def test_there_are_links_to_follow() -> None:
    assert sum(len(LINK.findall(read(name))) for name in DOCUMENTS) > 8
    assert len(PATH.findall(CONTRIBUTING)) > 10


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paths_that_are_named_exist(name: str) -> None:
    missing = [path for path in PATH.findall(read(name)) if not (ROOT / path).exists()]
    assert missing == []


@pytest.mark.parametrize("name", WRITTEN)
def test_nothing_names_a_place_on_somebodys_machine(name: str) -> None:
    assert MACHINE_PATH.findall(read(name)) == []


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = {target for name in DOCUMENTS for target in re.findall(r"\bmake ([a-z]+)\b(?= *[`#\n,])", read(name))}
    assert {"run", "test", "check", "bench", "lock"} <= named
    assert named <= targets


def test_the_procfile_runs_a_module_that_exists() -> None:
    (module,) = re.findall(r"python -m (\w+)", read("Procfile"))
    assert (ROOT / module / "__main__.py").exists()


def test_the_pins_hold_every_dependency() -> None:
    """Otherwise a fresh clone cannot start; `make lock` pins what is missing."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.sub(r"[._]", "-", re.split(r"[\[<>=]", each)[0]) for each in wanted}
    pinned = set(re.findall(r"^([a-z0-9-]+)==", read("requirements.lock"), re.MULTILINE))
    assert names - pinned == set()


# What the README promises


def test_the_readme_lists_every_command_as_it_is_called() -> None:
    rows = re.findall(r"^\| `(/[^`]+)` \|", section(README, "Commands"), re.MULTILINE)
    listed = [row.replace("\\|", "|") for row in rows]  # a table needs it escaped, also in code
    shown = [command for command in COMMANDS if not command.hidden]
    assert listed == [registry.usage(path, command) for path, command in registry.flatten(shown)]


def test_the_readme_leads_from_every_command_to_its_transcript() -> None:
    rows = re.findall(
        r"^\| `/([^`]+)` \|.*\(docs/commands\.md#([\w-]+)\) \|$", section(README, "Commands"), re.MULTILINE
    )
    shown = {path: command for path, command in LEAVES.items() if not command[1].hidden}
    assert [anchor for _, anchor in rows] == [path.replace(" ", "-") for path in shown]
    assert all(row.startswith(path) for (row, _), path in zip(rows, shown, strict=True))


def test_the_readme_lists_every_persona() -> None:
    (names,) = re.findall(r"These personas ship: ([^.]+)\.", section(README, "Commands"))
    listed = [name.removesuffix(" (the usual one)") for name in names.replace("\n", " ").split(", ")]
    assert listed == list(load_personas(None))


@pytest.mark.parametrize("provider", KNOWN, ids=lambda provider: provider.name)
def test_the_readme_lists_every_provider(provider: KnownProvider) -> None:
    rows = section(README, "Models and providers").splitlines()
    (row,) = (row for row in rows if row.startswith(f"| `{provider.name}` |"))
    assert f"`{provider.key_variable}`" in row
    assert provider.chat_model is None or f"`{provider.name}/{provider.chat_model}`" in row


@pytest.mark.parametrize("capability", ["image", "transcription", "speech"])
def test_the_readme_lists_the_models_for_other_work(capability: str) -> None:
    rows = section(README, "Models and providers").splitlines()
    (row,) = (row for row in rows if row.startswith(f"| `{capability.upper()}_MODEL` |"))
    models = ((provider.name, getattr(provider, f"{capability}_model")) for provider in KNOWN)
    assert re.findall(r"`(\w+/[^`]+)`", row) == [f"{name}/{model}" for name, model in models if model is not None]


def test_the_readme_names_the_menus_of_messages() -> None:
    told = " ".join(section(README, "Pictures, voice and files").split())
    (menus,) = re.findall(r"On Discord the menu of a message (.*?Transcribe\*\*)\.", told)
    assert re.findall(r"\*\*([^*]+)\*\*", menus) == [menu.label for menu in MENUS]


def test_the_readme_tells_the_limits_that_hold() -> None:
    told = " ".join(section(README, "Pictures, voice and files").split())
    words = {4: "four", 10: "ten"}
    for limit in (
        f"files above {intake.MOST_BYTES // 2**20} MB",
        f"pictures above {opening.MEGAPIXELS} megapixels, WebP and AVIF above {opening.MEGAPIXELS_OF_FILMS}",
        f"more than {words[intake.MOST_PICTURES]} pictures in a turn, or {round(intake.MOST_PIXELS / 1e6)} megapixels",
        f"the first {reading.LONGEST_TEXT:,} characters are spoken",
        f"The newest {words[KEPT_PICTURES]} pictures of a conversation",
        f"up to {words[MOST_PICTURES]} at once",
    ):
        assert limit in told


def test_the_readme_names_the_local_servers_ports() -> None:
    ports = [server.base_url.rpartition(":")[2].partition("/")[0] for server in LOCAL]
    assert re.findall(r"\(port (\d+)\)", README) == ports


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/operating.md"])
def test_every_variable_that_is_set_exists(name: str) -> None:
    known = {field.upper() for field in Settings.model_fields} | {"PROPERTY_EXAMPLES"}
    named = set(re.findall(r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+|ADMINS|ALLOWED|PROVIDERS)=", read(name)))
    assert named
    assert named <= known


def test_what_the_troubleshooting_quotes_is_what_the_program_says() -> None:
    sources = [path.read_text(encoding="utf-8") for top in ("bot", "adapters") for path in (ROOT / top).rglob("*.py")]
    said = re.sub(r'"\s*\n\s*f?"', "", "\n".join(sources))
    quoted = re.findall(r'"([^"]+)"', section(README, "Troubleshooting"))
    assert len(quoted) > 8
    for words in quoted:
        for part in words.split("..."):
            assert part.strip(" :") in said, words


def test_the_discord_link_asks_for_the_permissions_that_are_named() -> None:
    asked = discord.Permissions(
        view_channel=True,
        send_messages=True,
        create_public_threads=True,
        send_messages_in_threads=True,
        read_message_history=True,
        attach_files=True,
        send_voice_messages=True,
    )
    assert re.findall(r"permissions=(\d+)", README) == [str(asked.value)]


def test_the_changelog_begins_with_this_version() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert HEADING.findall(read("CHANGELOG.md"))[1].startswith(f"[{version}]")


# Transcripts


def test_every_command_has_a_section_and_a_scene() -> None:
    headings = [heading.removeprefix("/") for heading in HEADING.findall(TRANSCRIPTS) if heading.startswith("/")]
    assert sorted(headings) == sorted(SCENES) == sorted(LEAVES)


@pytest.mark.parametrize("path", LEAVES)
def test_a_command_is_described_as_it_is_declared_and_shown_with_right_and_wrong_words(path: str) -> None:
    block = block_of(TRANSCRIPTS, path)
    assert block.startswith(f"{reference(*LEAVES[path])}\n\n```text\n"), "python -m benchmarks.transcripts"
    lines = block.split("```text\n")[1].splitlines()
    called = [line for line in lines if re.match(rf"(Ann|Bob) +(\(.*\) )?/{path.split()[0]}\b", line)]
    answers = [line for line in lines if line.startswith("Parley  ")]
    assert len(called) >= (1 if path == "start" else 2), "something right and something wrong"
    assert len(answers) >= len(called)


# Examples and the pictures


def test_the_example_of_a_test_is_a_test() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", CONTRIBUTING, re.DOTALL)
    suite = read("tests/e2e/test_chat.py")
    assert [line for line in example.splitlines() if line not in suite] == []


def test_the_readme_shows_every_picture_with_words_for_those_who_cannot_see_it() -> None:
    shown = IMAGE.findall(README)
    assert sorted(name for name, _ in shown) == sorted((*DRAWN, *CHARTS))
    there = sorted(f"docs/{path.name}" for path in (ROOT / "docs").iterdir())
    assert there == sorted((*DRAWN, *CHARTS, *PAGES))
    assert all(len(words) > 40 for _, words in shown)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_small_and_wide_enough(name: str) -> None:
    with Image.open(ROOT / name) as chart:
        assert (chart.format, chart.width) == ("PNG", 1200)
    assert (ROOT / name).stat().st_size < 60_000


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_whole_and_needs_nothing_from_elsewhere(name: str) -> None:
    picture = read(name)
    elements = [*ElementTree.fromstring(picture).iter()]
    names = [element.tag.rpartition("}")[2] for element in elements]
    assert names.count("g") >= 5
    assert not {"script", "foreignObject", "use", "a"} & set(names)
    for element in elements:
        assert element.get("href", "data:image/jpeg;base64,").startswith("data:image/jpeg;base64,")
        assert not any(attribute.startswith("on") for attribute in element.attrib)
    assert re.findall(r"https?://[^\"]+", picture) == ["http://www.w3.org/2000/svg"]
    assert "prefers-color-scheme: dark" in picture
    assert len(picture.encode()) < 150_000


@pytest.mark.parametrize(("name", "seen"), [("photo", "image"), ("imagine", "image"), ("voice-note", "1.5")])
def test_a_picture_shows_what_it_is_there_for(name: str, seen: str) -> None:
    """A photo, a picture that grows, or the waveforms of a question and an answer."""
    elements = [*ElementTree.fromstring(read(f"docs/{name}.svg")).iter()]
    if seen == "image":
        count = sum(element.tag.endswith("}image") for element in elements)
        assert count == (3 if name == "imagine" else 1)
    else:
        assert sum(element.get("rx") == seen for element in elements) >= 2 * BARS
        assert any(element.get("class") == "quoted" for element in elements)
