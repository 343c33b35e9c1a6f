"""What of a conversation is sent to the model. Pure.

What is sent grows at its end alone, so that a provider finds the beginning of each request in its cache. When it does
not fit any more, a block of the oldest turns falls out at once, so that the next turns can begin at the same place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from bot.conversation.estimates import MESSAGE_TOKENS, PICTURE_TOKENS, Estimate
from bot.domain.conversations import Exchange, History, Question
from bot.domain.media import Picture, PictureRef
from bot.domain.messages import Heard, Quote
from bot.domain.personas import Persona
from bot.domain.prompts import ImagePart, Part, PromptMessage, TextPart

CHARACTERS_PER_TOKEN = 8
"""How many characters of history are read for each token of the budget; no text is estimated at more for a token."""

QUOTE_LENGTH = 2000
OWN_QUOTE_LENGTH = 300
"""Characters of a quoted message that go along; the bot's own words are in the history already."""

HEARD_LENGTH = 500
"""Characters of each message that was said without addressing the bot."""

MADE_BY_YOU = "(the picture you made above)"
WITHOUT_WORDS = "(a picture, without words)"
"""How an answer that is pictures alone stands in the conversation; providers refuse an empty one."""

BEFORE = "(what was said before, summed up)"
MEANWHILE = "(said in the chat before, not to you)"

GROUP_RULE = (
    "Several people write in this chat. Each of their messages starts with its author's name and a colon; "
    "answer without such a prefix."
)

KEPT_PICTURES = 4
"""At least so many pictures of earlier turns go along, the newest. They fall out so many at a time: of older ones the
model is told that they were there."""

MOST_TURNS = 400
"""How many turns may be sent, however short; one reading of the history gives at least that many."""

AHEAD = 0.75
"""The share of the budget from which on a block is summed up before it falls out."""

Pictures = Mapping[str, Picture]
"""Pictures by digest."""


def recent_pictures(history: Sequence[Exchange]) -> list[str]:
    """The digests of the newest pictures of the history, the newest first."""
    newest = [ref.digest for past in reversed(history) for ref in (*past.made[::-1], *past.shown[::-1])]
    distinct = list(dict.fromkeys(newest))
    gone = max(0, len(distinct) - KEPT_PICTURES) // KEPT_PICTURES * KEPT_PICTURES
    return distinct[: len(distinct) - gone]


@dataclass(frozen=True, slots=True)
class Window:
    """Builds requests: `tokens` is how much history one may carry, `group` whether authors are named.

    `pictures` are those that may be shown; of others the model is told that they were there.
    """

    estimate: Estimate
    tokens: int
    group: bool
    pictures: Pictures = field(default_factory=dict)

    def used(self, history: History) -> int:
        """What the history counts against the budget."""
        return self._summary(history.summary) + sum(map(self._cost, history.exchanges))

    def start(self, history: History) -> int:
        """How many of the oldest turns fall out: none while all of them fit; else so many that at most half of the
        budget is in use. The newest stays if it fits at all."""
        costs = [self._cost(past) for past in history.exchanges]
        room = self.tokens - self._summary(history.summary)
        if sum(costs) <= room and len(costs) <= MOST_TURNS:
            return 0
        start = len(costs) - _newest(costs, room // 2, MOST_TURNS // 2)
        return start - (start == len(costs) and bool(costs) and costs[-1] <= room)

    def ahead(self, history: History, said: int) -> int:
        """How many of the oldest turns will fall out next, when that is near; else 0. `said` is what the turn that has
        just ended comes to."""
        used, count = self.used(history) + said, len(history.exchanges) + 1
        if used <= AHEAD * self.tokens and count <= AHEAD * MOST_TURNS:
            return 0
        # So many that half of the budget is in use once the rest of it is filled, and a turn like this one too many.
        room = self.tokens - self._summary(history.summary)
        left = min(room // 2, max(used, int(AHEAD * self.tokens)) - self.tokens // 2)
        most = min(MOST_TURNS // 2, max(count, int(AHEAD * MOST_TURNS)) - MOST_TURNS // 2)
        costs = [self._cost(past) for past in history.exchanges]
        return len(costs) - _newest(costs, left - 2 * said, most - 1)

    def fitted(self, history: History) -> History:
        """What fits of the history, never more than the budget."""
        summary = history.summary if self._summary(history.summary) <= self.tokens else ""
        return History(history.exchanges[self.start(history) :], summary)

    def turn(self, question: str, answer: str) -> int:
        """What a turn with these words comes to."""
        return self.estimate(question) + self.estimate(answer) + 2 * MESSAGE_TOKENS

    def messages(
        self, persona: Persona, history: History, question: Question, context: Sequence[Heard] = ()
    ) -> tuple[PromptMessage, ...]:
        """The system prompt, the whole turns of a history that fits, and the question.

        Models take pictures from the person alone: one that the bot made goes with the person's next words. So does the
        summary of what was said before, since not every provider takes a second system prompt.
        """
        prompt = f"{persona.prompt}\n\n{GROUP_RULE}" if self.group else persona.prompt
        sent = [PromptMessage("system", prompt)]
        made: tuple[PictureRef, ...] = ()
        above = _quoted(BEFORE, [history.summary]) if history.summary.strip() else ""
        for past in history.exchanges:
            if not _answered(past):
                continue  # a question that was never answered would be answered now
            answer = past.answer or ""
            sent.append(self._said(f"{above}{self._named(past.author, past.question)}", past.shown, made))
            sent.append(PromptMessage("assistant", answer if answer.strip() else WITHOUT_WORDS))
            made, above = past.made, ""
        if context:
            above += _quoted(MEANWHILE, [f"{_name(each.author)}: {_cut(each.text, HEARD_LENGTH)}" for each in context])
        words = f"{above}{self._named(question.author_name, question.text)}"
        return (*sent, self._said(words, question.pictures, made))

    def _cost(self, past: Exchange) -> int:
        """Counts a question that was never answered too: it is read, and what is read must not exceed what counts."""
        pictures = sum(ref.digest in self.pictures for ref in (*past.shown, *past.made))
        return self.turn(self._named(past.author, past.question), past.answer or "") + PICTURE_TOKENS * pictures

    def _summary(self, text: str) -> int:
        return self.estimate(_quoted(BEFORE, [text])) if text.strip() else 0

    def _named(self, author: str, text: str) -> str:
        return f"{_name(author)}: {text}" if self.group else text

    def _said(self, words: str, shown: Sequence[PictureRef], made: Sequence[PictureRef]) -> PromptMessage:
        """A person's words with their pictures, behind those that the bot made before."""
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


def _newest(costs: Sequence[int], room: int, most: int) -> int:
    """How many of the last costs there is room for."""
    return sum(total <= room for total in accumulate(costs[: -most - 1 : -1])) if most > 0 else 0


def _answered(past: Exchange) -> bool:
    return past.answer is not None and bool(past.answer.strip() or past.made)


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
    words = _cut(quote.text, OWN_QUOTE_LENGTH if quote.from_bot else QUOTE_LENGTH)
    author = "your own message" if quote.from_bot else quote.author
    return f"{_quoted(f'(in reply to {author})', [words])}{text}"


def _cut(text: str, limit: int) -> str:
    text = text.strip()
    return text if len(text) <= limit else f"{text[:limit].rstrip()} …"


def _name(author: str) -> str:
    """In one line, so that nobody is called what looks like somebody else's message."""
    return " ".join(author.split())


def _quoted(head: str, texts: Sequence[str]) -> str:
    """Texts that are not the person's own words, before them: each line is marked."""
    lines = "\n".join(f"> {line}" for text in texts for line in text.strip().splitlines())
    return f"{head}\n{lines}\n\n"
