"""Asks the models: with as much of the conversation as fits, and with less where they find that too long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.conversation.conversing import Conversing
from bot.conversation.estimates import Estimates
from bot.conversation.inquiry import Inquiry, Outcome
from bot.conversation.summing import Summaries
from bot.conversation.window import CHARACTERS_PER_TOKEN, Window
from bot.domain.conversations import History
from bot.domain.prompts import ChatRequest
from bot.errors import CannotSee, PromptTooLong
from bot.ports import ChatModel, Conversations
from bot.replies.writer import Reply


class Inquirer:
    """`budget` tells how many tokens of history a request to a model may carry, and `most_history` is the most it
    tells."""

    def __init__(
        self,
        conversations: Conversations,
        models: ChatModel,
        estimates: Estimates,
        summaries: Summaries,
        *,
        budget: Callable[[str], int],
        most_history: int,
    ) -> None:
        self._conversations = conversations
        self._models = models
        self._estimates = estimates
        self._summaries = summaries
        self._budget = budget
        self._characters = most_history * CHARACTERS_PER_TOKEN

    async def history(self, turn: int) -> History:
        """What led to a turn, as far as it may go along."""
        return await self._conversations.before(turn, self._characters)

    async def inquire(self, inquiry: Inquiry, reply: Reply, outcome: Outcome) -> None:
        """Let the model answer into the reply; raises ModelError.

        A request that it finds too long is made shorter once; pictures of the history that it cannot see are left out.
        """
        tokens, shortened = self._room(inquiry), False
        lasting = not inquiry.passing and self._leaves_most(inquiry, tokens)
        while True:
            window = self._window(inquiry, tokens)
            history = await self._fit(inquiry, window, lasting)
            request = inquiry.request(window, history)
            try:
                await Conversing(self._models, self._estimates.saw, inquiry, reply, outcome).run(request)
            except PromptTooLong as error:
                if shortened or outcome.said() or history == History():
                    raise
                tokens, shortened = self._less(inquiry, request, history, error), True
                lasting = not inquiry.passing and (error.limit is None or self._leaves_most(inquiry, tokens))
            except CannotSee:
                asked_about = any(ref.digest in inquiry.pictures for ref in inquiry.question.pictures)
                if not inquiry.pictures or asked_about or outcome.said():
                    raise
                inquiry = replace(inquiry, pictures={})
            else:
                break
            inquiry = replace(inquiry, history=history)
        if lasting:
            said = window.turn(inquiry.question.text, "".join(outcome.text))
            self._summaries.ahead(window, history, said, inquiry.setup.model, inquiry.account)

    async def _fit(self, inquiry: Inquiry, window: Window, lasting: bool) -> History:
        """The history as it goes along; `lasting`: what does not fit falls out for the next questions too."""
        if not lasting or window.tokens <= 0:
            return window.fitted(inquiry.history)
        return await self._summaries.fit(window, inquiry.history, inquiry.setup.model, inquiry.account)

    def _window(self, inquiry: Inquiry, tokens: int) -> Window:
        return Window(self._estimates.of(inquiry.setup.model), tokens, inquiry.group, inquiry.pictures)

    def _room(self, inquiry: Inquiry) -> int:
        """Tokens of history that may go along: the budget, less where the model is known to take less."""
        model = inquiry.setup.model
        budget, limit = self._budget(model), self._estimates.limit(model)
        if limit is None or inquiry.history == History():
            return budget
        alone = inquiry.request(self._window(inquiry, 0), History())
        return min(budget, limit - self._estimates.request(alone))

    def _leaves_most(self, inquiry: Inquiry, tokens: int) -> bool:
        """Whether the question leaves to the history at least half of what it may have: one that does not is no reason
        to forget what was said before it."""
        model = inquiry.setup.model
        budget, limit = self._budget(model), self._estimates.limit(model)
        return 2 * tokens >= (budget if limit is None else min(budget, limit))

    def _less(self, inquiry: Inquiry, request: ChatRequest, history: History, error: PromptTooLong) -> int:
        """Tokens of history with which a request that was too long may fit: half of it where no number was named."""
        self._estimates.refused(request, error)
        used = self._window(inquiry, 0).used(history)
        limit = self._estimates.limit(request.model)
        if error.limit is None or limit is None:
            return used // 2
        beside = (error.tokens or self._estimates.request(request)) - used
        return min(limit - max(0, beside), used - 1)
