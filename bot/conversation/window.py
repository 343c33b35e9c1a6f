"""What of a conversation is sent to the model. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.conversations import Exchange, Question
from bot.domain.media import Picture, PictureRef
from bot.domain.messages import Quote
from bot.domain.personas import Persona
from bot.domain.prompts import ImagePart, Part, PromptMessage, TextPart

CHARACTERS_PER_TOKEN = 4
"""How many characters of history are read for each token of the budget; no text is estimated at more for a token."""

QUOTE_LENGTH = 2000
OWN_QUOTE_LENGTH = 300
"""Characters of a quoted message that go along; the bot's own words are in the history already."""

MADE_BY_YOU = "(the picture you made above)"
WITHOUT_WORDS = "(a picture, without words)"
"""How an answer that is pictures alone stands in the conversation; providers refuse an empty one."""

GROUP_RULE = (
    "Several people write in this chat. Each of their messages starts with its author's name and a colon; "
    "answer without such a prefix."
)

KEPT_PICTURES = 4
"""How many pictures of earlier turns go along, the newest; of older ones the model is told that they were there."""

PICTURE_TOKENS = 1000
"""What a picture counts against the history; providers charge some hundred to some thousand tokens for one."""

Estimate = Callable[[str], int]
Pictures = Mapping[str, Picture]
"""Pictures by digest."""


def recent_pictures(history: Sequence[Exchange]) -> list[str]:
    """The digests of the newest pictures of the history."""
    newest = [ref.digest for past in reversed(history) for ref in (*past.made[::-1], *past.shown[::-1])]
    return list(dict.fromkeys(newest))[:KEPT_PICTURES]


@dataclass(frozen=True, slots=True)
class Window:
    """Builds requests: `tokens` is how much history one may carry, `group` whether authors are named.

    `pictures` are those that may be shown; of others the model is told that they were there.
    """

    estimate: Estimate
    tokens: int
    group: bool
    pictures: Pictures = field(default_factory=dict)

    def messages(self, persona: Persona, history: Sequence[Exchange], question: Question) -> tuple[PromptMessage, ...]:
        """The system prompt, the newest whole turns that fit, and the question.

        Models take pictures from the person alone: one that the bot made goes with the person's next words.
        """
        prompt = f"{persona.prompt}\n\n{GROUP_RULE}" if self.group else persona.prompt
        sent = [PromptMessage("system", prompt)]
        made: tuple[PictureRef, ...] = ()
        for past in self._newest(history):
            answer = past.answer or ""
            sent.append(self._said(past.author, past.question, past.shown, made))
            sent.append(PromptMessage("assistant", answer if answer.strip() else WITHOUT_WORDS))
            made = past.made
        return (*sent, self._said(question.author_name, question.text, question.pictures, made))

    def _newest(self, history: Sequence[Exchange]) -> list[Exchange]:
        kept: list[Exchange] = []
        left = self.tokens
        for past in reversed(history):
            if past.answer is None or not (past.answer.strip() or past.made):
                continue  # a question that was never answered would be answered now
            left -= self.estimate(past.question) + self.estimate(past.answer)
            left -= PICTURE_TOKENS * sum(ref.digest in self.pictures for ref in (*past.shown, *past.made))
            if left < 0:
                break
            kept.append(past)
        return kept[::-1]

    def _said(self, author: str, text: str, shown: Sequence[PictureRef], made: Sequence[PictureRef]) -> PromptMessage:
        """A person's words with their pictures, behind those that the bot made before."""
        words = f"{author}: {text}" if self.group else text
        own, before = self._parts(shown), self._parts(made)
        missing = [ref for ref in shown if ref.digest not in self.pictures]
        if missing:
            words = f"{words}\n\n({_gone(missing)})".lstrip()
        if not own and not before:
            return PromptMessage("user", words)
        parts: list[Part] = [TextPart("text", MADE_BY_YOU), *before] if before else []
        if words.strip():
            parts.append(TextPart("text", words))
        return PromptMessage("user", (*parts, *own))

    def _parts(self, refs: Sequence[PictureRef]) -> list[Part]:
        return [ImagePart("image", self.pictures[ref.digest].data_uri) for ref in refs if ref.digest in self.pictures]


def _gone(refs: Sequence[PictureRef]) -> str:
    sizes = ", ".join(f"{ref.width}x{ref.height}" for ref in refs)
    return f"{'a picture' if len(refs) == 1 else f'{len(refs)} pictures'} came along, not shown to you now: {sizes}"


def with_quote(text: str, quote: Quote | None) -> str:
    """The person's words behind the message that they reply to."""
    if quote is None:
        return text
    if not quote.text.strip():
        whose = "your own" if quote.from_bot else f"{quote.author}'s"
        return f"(in reply to {whose} message, whose files came along)\n\n{text}" if quote.attachments else text
    limit = OWN_QUOTE_LENGTH if quote.from_bot else QUOTE_LENGTH
    words = quote.text.strip()
    if len(words) > limit:
        words = words[:limit].rstrip() + " …"
    author = "your own message" if quote.from_bot else quote.author
    quoted = "\n".join(f"> {line}" for line in words.splitlines())
    return f"(in reply to {author})\n{quoted}\n\n{text}"
