"""What a call that failed changes in how a reply stands, and in what is tried next."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.errors import Ambiguous, BadFormat, DeliveryError, FileRefused, MessageGone, NotSent, TooLong
from bot.replies.planner import (
    Calling,
    Drop,
    Edit,
    Look,
    Preview,
    Send,
    ShowPreview,
    View,
    forget_unshown_cuts,
    with_part,
    without_file,
    without_message,
)


@dataclass(frozen=True, slots=True)
class Setback:
    """The view afterwards. `at_once`: there is another way, so that nothing has to be waited for; `shorter`: a message
    holds less than was planned.
    """

    view: View
    at_once: bool = False
    shorter: bool = False


def after_failure(view: View, step: Calling, error: DeliveryError, now: float) -> Setback:
    match step:
        case ShowPreview():
            view = replace(view, previews=isinstance(error, NotSent | Ambiguous))
            if isinstance(error, Ambiguous):  # something may be on screen
                view = replace(view, preview=Preview(Look(""), now))
        case Send() | Edit() if step.withdrawals == view.withdrawals:
            return _of_a_message(view, step, error)
        case Drop() if isinstance(error, MessageGone) or (step.stuck and isinstance(error, BadFormat)):
            return Setback(without_message(view, step.message_id), at_once=True)
        case Drop() if isinstance(error, BadFormat):
            return Setback(replace(view, stuck=view.stuck | {step.message_id}), at_once=True)
    return Setback(view)


def _of_a_message(view: View, step: Send | Edit, error: DeliveryError) -> Setback:
    part = view.parts[step.part]
    match error:
        case BadFormat() if not part.plain:
            return Setback(with_part(view, step.part, plain=True), at_once=True)
        case FileRefused() | TooLong() | BadFormat() if step.look.file and isinstance(step, Send):
            return Setback(without_file(view), at_once=True)
        case TooLong():
            return Setback(forget_unshown_cuts(view, step.part), shorter=True)
        case MessageGone() if isinstance(step, Edit) and part.message_id is None:
            return Setback(without_message(view, step.message_id), at_once=True)
        case MessageGone():
            gone = with_part(view, step.part, message_id=None, shown=None, gone=part.gone + 1)
            return Setback(gone, at_once=True)
    return Setback(view)
