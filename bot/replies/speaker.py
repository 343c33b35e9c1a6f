"""What the bot says itself: a text that is there at once, on its way through the same planner, gate and writer."""

from __future__ import annotations

import secrets

from bot.domain.platform import Button
from bot.ports import Channel
from bot.replies.gate import Gates
from bot.replies.post import Post, Scene
from bot.replies.writer import Reply


class Speaker:
    def __init__(self, gates: Gates) -> None:
        self._gates = gates

    async def say(
        self,
        channel: Channel,
        text: str,
        *,
        buttons: tuple[Button, ...] = (),
        reply_to: str | None = None,
        private: bool = False,
    ) -> tuple[str, ...]:
        """Show a whole text and wait until it is shown; returns the ids of its messages."""
        reply = Reply(channel, self._gates, nonce=secrets.token_hex(8), reply_to=reply_to, private=private)
        reply.feed(text)
        reply.finish(buttons)
        return (await reply.deliver()).message_ids

    async def ask(self, channel: Channel, text: str) -> tuple[str, ...]:
        """Ask for an answer to this very message; returns its id."""
        post = Post(channel, self._gates, nonce=secrets.token_hex(8))
        post.finish(Scene(text, expects_reply=True))
        return (await post.deliver()).message_ids
