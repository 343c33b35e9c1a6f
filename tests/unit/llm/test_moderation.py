"""Moderation through the gateway and the real SDK, by the fake provider's verdicts."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.moderation import ModerationRequest, Verdict
from bot.errors import BrokenStream, KeyRefused, ModelError, NotConfigured, ProviderDown, Stalled, UnknownModel
from bot.llm import moderation
from bot.llm.demo import FORBIDDEN, JUDGE
from bot.llm.gateway import Gateway
from bot.llm.moderation import OVERLAP, PIECE, pieces_of, verdict_of
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_media_script import MediaScript
from tests.unit.llm.gateways import entered

MODEL = "fake/omni-moderation-latest"


def request(text: str = "Hello.", model: str = MODEL) -> ModerationRequest:
    return ModerationRequest(model, text)


async def test_what_is_fine(fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        assert await gateway.moderate(request()) == Verdict(flagged=False)
    assert [seen["body"] for seen in fake.calls("moderations")] == [
        {"model": "omni-moderation-latest", "input": "Hello."}
    ]


async def test_what_is_flagged(fake: OpenAIFake) -> None:
    fake.media_answers.append(MediaScript(call="moderations", flags=["harassment/threatening", "violence"]))
    async with entered(fake) as gateway:
        assert await gateway.moderate(request()) == Verdict(True, ("harassment/threatening", "violence"))


async def test_categories_that_are_no_harm(fake: OpenAIFake) -> None:
    """Mistral says which categories are true, and some of them only say what a question is about."""
    fake.media_answers += [
        MediaScript(flags=["health", "law"], unsaid=True),
        MediaScript(flags=["pii", "sexual"], unsaid=True),
    ]
    async with entered(fake) as gateway:
        assert await gateway.moderate(request()) == Verdict(flagged=False)
        assert await gateway.moderate(request()) == Verdict(True, ("sexual",))


async def test_a_long_text_is_judged_in_pieces_of_one_call(fake: OpenAIFake) -> None:
    text = "word " * 1000
    async with entered(fake) as gateway:
        assert not (await gateway.moderate(request(text))).flagged
    (seen,) = fake.calls("moderations")
    assert seen["body"]["input"] == pieces_of(text)
    assert len(seen["body"]["input"]) == 3


@given(st.integers(0, 4 * PIECE))
def test_nothing_of_a_text_goes_unjudged(length: int) -> None:
    text = "".join(chr(0x4E00 + number) for number in range(length))
    pieces = pieces_of(text)
    joined = pieces[0] + "".join(piece[OVERLAP:] for piece in pieces[1:])
    assert joined == text
    assert all(len(piece) <= PIECE for piece in pieces)


def test_one_flagged_piece_is_enough() -> None:
    fine = {"flagged": False, "categories": {"hate": False}}
    bad = {"flagged": True, "categories": {"hate": True, "violence": True}}
    data = orjson.dumps({"results": [fine, bad, bad]})
    assert verdict_of("m", data, 3) == Verdict(True, ("hate", "violence"))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"results": []},
        {"results": None},
        {"results": [None]},
        {"results": [{"flagged": True}]},
        {"results": [{"flagged": False, "categories": None}]},
    ],
)
def test_no_verdict_is_an_error(answer: object) -> None:
    with pytest.raises(BrokenStream):
        verdict_of("m", orjson.dumps(answer), 1)


def test_a_verdict_for_each_piece_is_needed() -> None:
    data = orjson.dumps({"results": [{"flagged": False, "categories": {}}]})
    with pytest.raises(BrokenStream):
        verdict_of("m", data, 2)


@pytest.mark.fast
async def test_passing_troubles_are_repeated(fake: OpenAIFake) -> None:
    fake.media_answers += [
        MediaScript.error(503, "overloaded"),
        MediaScript.rate_limited(),
        MediaScript(flags=["hate"]),
    ]
    async with entered(fake) as gateway:
        assert (await gateway.moderate(request())).flagged
    assert len(fake.calls("moderations")) == 3


@pytest.mark.parametrize(
    ("script", "model", "expected"),
    [
        (MediaScript.error(500, "The server had an error"), MODEL, ProviderDown),
        (MediaScript.web_page(), MODEL, BrokenStream),
        (None, "fake/test-model", UnknownModel),
        (None, "fake/other-moderation", UnknownModel),
        (None, "nobody/omni", NotConfigured),
    ],
)
@pytest.mark.fast
async def test_failures(script: MediaScript | None, model: str, expected: type[ModelError], fake: OpenAIFake) -> None:
    fake.media_answers += [script] * 3 if script else []
    async with entered(fake) as gateway:
        with pytest.raises(expected):
            await gateway.moderate(request(model=model))


async def test_a_wrong_key(fake: OpenAIFake) -> None:
    async with entered(fake, key="another") as gateway:
        with pytest.raises(KeyRefused):
            await gateway.moderate(request())


@pytest.mark.fast(100)
async def test_silence(fake: OpenAIFake) -> None:
    fake.media_answers.append(MediaScript(stall_after=1))
    async with entered(fake, silence_timeout=1.0, connect_timeout=100.0) as gateway:
        start = asyncio.get_running_loop().time()
        with pytest.raises(Stalled):
            await gateway.moderate(request())
        assert asyncio.get_running_loop().time() - start >= moderation.SILENCE
    assert len(fake.requests) == 1


async def test_the_demonstration_flags_one_word() -> None:
    async with Gateway([]) as gateway:
        assert await gateway.moderate(request(f"You {FORBIDDEN.upper()}!", JUDGE)) == Verdict(True, ("harassment",))
        assert await gateway.moderate(request("Hello.", JUDGE)) == Verdict(flagged=False)
