"""Versions of answers that have no words: they can be leafed to, and away from."""

from __future__ import annotations

import pytest

from bot.conversation.versions import Versions
from bot.domain.conversations import Answer, Question, Turn
from bot.domain.media import PictureRef
from bot.domain.messages import ButtonPress
from bot.domain.platform import Outgoing
from bot.replies.gate import Gates
from bot.replies.speaker import Speaker
from tests.fakes.memory import MemoryChannel
from tests.fakes.memory_history import MemoryConversations
from tests.unit.conversation.parts import ANN, CHAT

pytestmark = pytest.mark.virtual


async def test_a_version_of_pictures_alone_leaves_a_message_with_buttons() -> None:
    """Its pictures stand in messages of their own."""
    conversations, channel = MemoryConversations(), MemoryChannel(CHAT)
    question = Question("k1", ANN.handle, ANN.name, "Draw a cat")
    added = await conversations.add_question(await conversations.current(CHAT.key), question)
    assert added is not None
    await conversations.add_answer(
        added, Answer("", "complete", "acme/m", "assistant", pictures=(PictureRef("d" * 64, 8, 8),))
    )
    below = await channel.send(Outgoing("I cannot draw."))
    await conversations.add_answer(added, Answer("I cannot draw.", "complete", "acme/m", "assistant", None, (below,)))
    versions, turn = Versions(conversations, Speaker(Gates()), most=5), Turn(added, question)

    event = ButtonPress("k2", CHAT, ANN, below, "show 1 1")
    await versions.show(event, turn, 1, channel)
    assert [(message_id, [button.label for button in shown.buttons]) for message_id, shown in channel.messages.items()]
    (shown,) = channel.messages.values()
    assert [button.label for button in shown.buttons] == ["Retry", "2 ›"]
    assert "picture" in shown.source

    await versions.show(event, turn, 2, channel)
    (shown,) = channel.messages.values()
    assert shown.source == "I cannot draw."
