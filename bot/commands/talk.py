"""Commands about the conversation: ask, new, stop, retry."""

from __future__ import annotations

from bot.commands import model
from bot.commands.spec import Call, Command, Option, Reply
from bot.replies import notices


async def _ask(call: Call) -> Reply | None:
    await call.services.talk.ask(call.event, call.channel, call.text("question") or "")
    return None


async def _new(call: Call) -> Reply:
    await call.services.talk.new(call.chat)
    return Reply(notices.NEW_CONVERSATION.say(call.person.locale))


async def _stop(call: Call) -> Reply:
    stopped = call.services.talk.stop(call.chat)
    notice = notices.STOPPED if stopped else notices.NOTHING_TO_STOP
    return Reply(notice.say(call.person.locale), private=True)


async def _retry(call: Call) -> Reply | None:
    typed = call.text("model")
    name = None
    if typed is not None:
        choice = await model.choose(call, typed, "/retry")
        if isinstance(choice, Reply):
            return choice
        name = choice.name
    if await call.services.talk.retry(call.event, call.channel, name):
        return None
    return Reply(notices.NOTHING_TO_RETRY.say(call.person.locale), private=True)


ASK = Command(
    "ask",
    "Ask something outside of this conversation",
    "talk",
    handler=_ask,
    asks_model=True,
    options=(Option("question", "What you want to know", required=True, rest=True),),
    example="/ask why is the sky blue?",
    details="Answers without looking at the conversation, and without becoming part of it.",
)

NEW = Command(
    "new",
    "Start a new conversation; persona and settings stay",
    "talk",
    handler=_new,
    aliases=("reset",),
    details="From then on I know nothing of what was said before.",
)

STOP = Command(
    "stop",
    "Stop the answer that is being written",
    "talk",
    handler=_stop,
    in_order=False,
    details="What is on screen stays. The Stop button under an answer does the same.",
)

RETRY = Command(
    "retry",
    "Answer the last question again",
    "talk",
    handler=_retry,
    asks_model=True,
    options=(Option("model", "Another model for this answer, as provider/model", complete=model.complete),),
    example="/retry openai/gpt-6-luna",
    details="The Retry button under an answer does the same.",
)
