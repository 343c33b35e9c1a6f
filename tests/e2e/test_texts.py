"""Texts that are long, or strange: nothing of them is lost, doubled or turned into something else."""

from __future__ import annotations

import re

import pytest

from tests.e2e.discord_side import DiscordSide
from tests.e2e.world import World
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(25)

MANY = 20
"""Messages of an answer, so that it does not go on as a file."""


def long_answer() -> str:
    """About 9,000 characters: prose, and code blocks that no single message can hold."""
    parts = []
    for chapter in range(1, 4):
        parts.append(f"## Chapter {chapter}\n\nThis is *prose* number {chapter}, with **bold words** and `code`.")
        lines = [f"value_{chapter}_{line} = compute({line}, previous={line - 1})  # step" for line in range(1, 66)]
        parts.append("```python\n" + "\n".join(lines) + "\n```")
        parts.append(f"So much for chapter {chapter}.")
    return "\n\n".join(parts)


NASTY = {
    "mentions": "Hello @everyone and @here, <@1> <@!2> <@&3> <#4> and [someone](tg://user?id=1).",
    "html": "A `List<String>`, a List<String>, <think>not a thought</think> a < b > c &amp; &lt;b&gt; <b>bold</b>.",
    "lists": "1. one\n   - inner\n     - innermost\n   - again\n2. two\n\n   more\n3. three\n\n- [x] done\n- [ ] to do",
    "table": "| Fruit | Price |\n|:------|------:|\n| apple | 1.20 |\n| pear, *ripe* | 10.00 |\n\nApples are cheap.",
    "latex": "Energy: $E = mc^2$ and \\[ \\int_0^\\infty e^{-x^2} dx = \\frac{1}{2} \\], \\(x_1 * x_2 * x_3\\).",
    "rtl": "שלום **עולם**, مرحبا `بالعالم` and back to English.",
    "emoji": "👩‍👩‍👧‍👦 family, 🇩🇪🇫🇷 flags, 👍🏽 thumb, 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 **🎉 bold 🎉** and `🐍 code`.",
    "marks": "**unclosed bold, *mixed** marks*, __under__score_s, ~~gone~~, ||or||, \\*escaped\\*, `` a`b ``, a*b*c.",
    "fence": "Open fence:\n```python\nprint('never closed')",
    "quotes": "> quoted\n> > deeper\n> back\n\nplain\n\n---\n\n# Title\n\n#### Fourth",
    "links": "[site](https://example.com/a_(b)?q=1&r=2), <https://example.com>, https://example.com/x_y_z, ![pic](https://example.com/p.png)",
    "control": "tab\there, zero\u200bwidth, nbsp\u00a0end.",
}


@pytest.mark.not_started
async def test_a_long_answer_arrives_whole(world: World) -> None:
    await world.start(answer_messages=MANY)
    ann, place = world.private()
    text = long_answer()
    assert len(text) > 9000
    world.model.answers.append(Script.of(text, size=24, pace=0.02))
    messages = await world.ask(place, ann, "Write a lot of code")
    assert len(messages) >= len(text) / world.side.part_length
    world.check_shows(messages, text)


@pytest.mark.not_started
async def test_fences_are_opened_again_in_each_message(world: World) -> None:
    await world.start(answer_messages=MANY)
    ann, place = world.private()
    world.model.answers.append(Script.of(long_answer(), size=40, pace=0.01))
    messages = await world.ask(place, ann, "Write a lot of code")
    for shown in messages:
        code = [line for line in shown.text.splitlines() if line.startswith("value_")]
        assert code, "the text is mostly code"
        assert _code_lines(world, shown.text, shown.versions[-1].raw) == code


def _code_lines(world: World, text: str, raw: dict[str, object]) -> list[str]:
    """The lines of the chapters' code that are shown as Python."""
    if isinstance(world.side, DiscordSide):
        blocks = re.findall(r"```python\n(.*?)\n```", text, re.DOTALL)
    else:
        entities = raw["entities"]
        assert isinstance(entities, list)
        units = text.encode("utf-16-le")
        pre = [each for each in entities if each["type"] == "pre" and each.get("language") == "python"]
        blocks = [units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le") for e in pre]
    return [line for block in blocks for line in block.splitlines() if line.startswith("value_")]


@pytest.mark.parametrize("name", NASTY)
async def test_a_strange_text_arrives_whole(world: World, name: str) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of(NASTY[name], size=3, pace=0.01))
    messages = await world.ask(place, ann, "Say it")
    world.check_shows(messages, NASTY[name])
    assert _letters(" ".join(shown.text for shown in messages)) == _letters(NASTY[name])


def _letters(text: str) -> str:
    """The letters and digits of Markdown, without link targets, languages of code, entities and ticks of tasks."""
    plain = re.sub(r"\]\((?:[^()\s]|\([^()\s]*\))*\)|```\w*|&(?:amp|lt|gt);|\[x\]", " ", text)
    return "".join(re.findall(r"[^\W_]", plain))


async def test_strange_texts_one_after_the_other_in_one_answer(world: World) -> None:
    ann, place = world.private()
    text = "\n\n".join(value for name, value in NASTY.items() if name not in ("fence", "marks")) * 6
    world.model.answers.append(Script.of(text, size=17, pace=0.005))
    messages = await world.ask(place, ann, "Say it all")
    assert len(messages) > 1
    world.check_shows(messages, text)


async def test_nothing_that_people_or_models_write_is_lost_on_the_way_to_the_model(world: World) -> None:
    """What people write comes back from the model, so the text went through the bot both ways."""
    ann, place = world.private()
    text = "What is <think> a < b, List<String>, 👩‍👩‍👧‍👦 𝔘, שלום, *stars*, _lines_, `code` @everyone"
    await world.ask(place, ann, text)
    assert world.roles()[-1] == ("user", text)
    world.check_shows(world.shown(place), text)


async def test_an_answer_in_emoji_is_cut_between_characters(world: World) -> None:
    ann, place = world.private()
    text = "👩‍👩‍👧‍👦🇩🇪👍🏽𝔘" * 350
    world.model.answers.append(Script.of(text, size=50, pace=0.005))
    messages = await world.ask(place, ann, "Smile")
    assert len(messages) > 1
    world.check_shows(messages, text)
    for shown in messages[1:]:
        assert shown.text[0] in "👩🇩👍𝔘", "a sequence was cut in two"
        assert not shown.text.startswith("🇪")


@pytest.mark.not_started
async def test_a_very_long_answer_that_comes_at_once(world: World) -> None:
    """The platform lets out a few messages in five seconds; the rest has to wait, and nothing may get lost."""
    await world.start(answer_messages=MANY)
    ann, place = world.private()
    text = "\n\n".join(f"Paragraph {number}: " + "some words in a row. " * 20 for number in range(48))
    world.model.answers.append(Script.of(text, size=500))
    messages = await world.ask(place, ann, "Everything")
    assert len(messages) >= len(text) / world.side.part_length
    world.check_shows(messages, text)


async def test_white_space_around_an_answer(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script.of("\n\n   Hello.  \n\n\n", size=2, pace=0.2))
    (shown,) = await world.ask(place, ann, "Hello")
    assert shown.text.strip() == "Hello."


async def test_halves_of_characters_and_nul(world: World) -> None:
    """JSON can carry what no platform and no database takes."""
    ann, place = world.private()
    world.model.answers.append(Script(["before ", " after"], insert={1: _chunk(r"one\ud83d two\u0000 \ude00three")}))
    (shown,) = await world.ask(place, ann, "Hello")
    assert re.fullmatch("before one\ufffd two \ufffdthree after", shown.text)
    await world.ask(place, ann, "Next")
    assert [role for role, _ in world.roles()] == ["user", "assistant", "user"]


async def test_an_emoji_whose_halves_come_apart(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(Script(["a "], insert={1: _chunk(r"\ud83d") + _chunk(r"\ude00")}))
    (shown,) = await world.ask(place, ann, "Hello")
    assert shown.text == "a 😀"


def _chunk(json_text: str) -> bytes:
    return f'data: {{"id":"x","choices":[{{"index":0,"delta":{{"content":"{json_text}"}}}}]}}\n\n'.encode()


async def test_nobody_is_pinged(discord: World) -> None:
    await discord.start()
    side = discord.side
    assert isinstance(side, DiscordSide)
    place, ann, ben = side.group(), side.person("Ann"), side.person("Ben")
    text = f"@everyone @here {ben.raw.mention} {side.guild.bot_role().mention} come and see"
    discord.model.answers.append(Script.of(text, size=5, pace=0.3))
    (shown,) = await discord.ask(place, ann, "Call them")
    assert len(shown.versions) > 1
    discord.check_shows([shown], text)
    assert side.fake.pings == []
