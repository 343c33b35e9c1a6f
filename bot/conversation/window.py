"""What of a conversation is sent to the model. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.domain.attachments import Attachment
from bot.domain.conversations import Exchange, Question
from bot.domain.messages import Quote
from bot.domain.personas import Persona
from bot.domain.prompts import PromptMessage

CHARACTERS_PER_TOKEN = 4
"""How many characters of history are read for each token of the budget; no text is estimated at more for a token."""

QUOTE_LENGTH = 2000
OWN_QUOTE_LENGTH = 300
"""Characters of a quoted message that go along; the bot's own words are in the history already."""

GROUP_RULE = (
    "Several people write in this chat. Each of their messages starts with its author's name and a colon; "
    "answer without such a prefix."
)

Estimate = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Window:
    """Builds requests: `tokens` is how much history one may carry, `group` whether authors are named."""

    estimate: Estimate
    tokens: int
    group: bool

    def messages(self, persona: Persona, history: Sequence[Exchange], question: Question) -> tuple[PromptMessage, ...]:
        """The system prompt, the newest whole turns that fit, and the question."""
        prompt = f"{persona.prompt}\n\n{GROUP_RULE}" if self.group else persona.prompt
        sent = [PromptMessage("system", prompt)]
        for past in self._newest(history):
            sent.append(PromptMessage("user", self._words(past.author, past.question)))
            if past.answer is not None:
                sent.append(PromptMessage("assistant", past.answer))
        return (*sent, PromptMessage("user", self._words(question.author_name, question.text)))

    def _newest(self, history: Sequence[Exchange]) -> list[Exchange]:
        kept: list[Exchange] = []
        left = self.tokens
        for past in reversed(history):
            if past.answer is None or not past.answer.strip():
                continue  # a question that was never answered would be answered now
            left -= self.estimate(past.question) + self.estimate(past.answer)
            if left < 0:
                break
            kept.append(past)
        return kept[::-1]

    def _words(self, author: str, text: str) -> str:
        return f"{author}: {text}" if self.group else text


def with_quote(text: str, quote: Quote | None) -> str:
    """The person's words behind the message that they reply to."""
    if quote is None or not quote.text.strip():
        return text
    limit = OWN_QUOTE_LENGTH if quote.from_bot else QUOTE_LENGTH
    words = quote.text.strip()
    if len(words) > limit:
        words = words[:limit].rstrip() + " …"
    author = "your own message" if quote.from_bot else quote.author
    quoted = "\n".join(f"> {line}" for line in words.splitlines())
    return f"(in reply to {author})\n{quoted}\n\n{text}"


def with_attachments(text: str, attachments: Sequence[Attachment]) -> str:
    """The words and a note of the files that came along, so that the model can say that it cannot open them."""
    if not attachments:
        return text
    names = ", ".join(f"{each.kind} {each.name}" if each.name else each.kind for each in attachments)
    return f"{text}\n\n(attached, but you cannot open it: {names})"
