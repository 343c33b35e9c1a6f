"""Finding a model server on this machine."""

from __future__ import annotations

from bot.llm.local import LocalServer, find_local
from bot.llm.providers import Provider
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_rules import FakeModel

DEAD = Provider("ollama", "http://127.0.0.1:9/v1")


async def test_a_server_that_answers() -> None:
    models = [FakeModel("nomic-embed-text"), FakeModel("llama3.2")]
    async with OpenAIFake(models=models, key="none") as fake:
        alive = Provider("llamacpp", fake.url)
        assert await find_local([DEAD, alive]) == LocalServer(alive, "llamacpp/llama3.2")


async def test_the_first_of_two() -> None:
    async with OpenAIFake(key="none") as one, OpenAIFake(key="none") as two:
        found = await find_local([Provider("ollama", one.url), Provider("llamacpp", two.url)])
    assert found is not None
    assert found.model == "ollama/test-model"


async def test_nothing_there() -> None:
    assert await find_local([DEAD]) is None


async def test_something_else_there() -> None:
    async with OpenAIFake(key="none") as slow, OpenAIFake(models=[], key="none") as empty, OpenAIFake() as closed:
        slow.models_delay = 5.0
        servers = (slow, empty, closed)
        assert await find_local([Provider("ollama", fake.url) for fake in servers], patience=0.05) is None
