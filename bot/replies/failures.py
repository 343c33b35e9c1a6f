"""What people are told when something failed: what happened, and what to do next."""

from __future__ import annotations

from bot.access.budgeting import BudgetWarning
from bot.access.counting import Whose
from bot.errors import (
    BrokenStream,
    CannotSee,
    ContentFiltered,
    EmptyAnswer,
    FileError,
    FileTooLarge,
    FileUnavailable,
    FileUnreadable,
    FileUnsupported,
    Flagged,
    FormatRefused,
    KeyRefused,
    ModelError,
    NotConfigured,
    OutOfQuota,
    OverBudget,
    PromptTooLong,
    ProviderDown,
    RateLimited,
    RequestRefused,
    Stalled,
    TooManyPixels,
    UnknownModel,
)
from bot.replies import notices
from bot.replies.notices import Notice, code, duration, sentence, size

_MODEL_ERRORS: dict[type[ModelError], Notice] = {
    ProviderDown: notices.PROVIDER_DOWN,
    RateLimited: notices.RATE_LIMITED,
    OutOfQuota: notices.OUT_OF_QUOTA,
    KeyRefused: notices.KEY_REFUSED,
    UnknownModel: notices.UNKNOWN_MODEL,
    RequestRefused: notices.REQUEST_REFUSED,
    PromptTooLong: notices.PROMPT_TOO_LONG,
    ContentFiltered: notices.CONTENT_FILTERED,
    BrokenStream: notices.BROKEN_STREAM,
    Stalled: notices.STALLED,
    EmptyAnswer: notices.EMPTY_ANSWER,
    CannotSee: notices.CANNOT_SEE,
    FormatRefused: notices.FORMAT_REFUSED,
    NotConfigured: notices.NOT_CONFIGURED,
}

# What failed so often that it is left alone for a while.
_LEFT_ALONE: dict[type[ModelError], Notice] = {
    ProviderDown: notices.PROVIDER_DOWN_FOR,
    RateLimited: notices.RATE_LIMITED_FOR,
    BrokenStream: notices.BROKEN_STREAM_FOR,
    Stalled: notices.STALLED_FOR,
}


def for_model_error(error: ModelError, locale: str | None = None) -> str:
    """What to tell people about a failed model call: what happened and what to do next."""
    model = code(error.model)
    match error:
        case OverBudget(whose=whose, held=True):
            return _HELD_BUDGET[whose].say(locale)
        case OverBudget(whose=whose, resets_in=wait):
            return _OVER_BUDGET[whose].say(locale, wait=duration(wait))
        case Flagged(what="answer"):
            return notices.ANSWER_FLAGGED.say(locale)
        case Flagged(categories=()):
            return notices.QUESTION_FLAGGED.say(locale)
        case Flagged(categories=categories):
            return notices.QUESTION_FLAGGED_AS.say(locale, categories=code(", ".join(categories)))
        case ModelError(retry_after=float() | int() as wait) if type(error) in _LEFT_ALONE:
            return _LEFT_ALONE[type(error)].say(locale, model=model, wait=duration(wait))
        case RequestRefused(detail=detail) if detail.strip():
            return notices.REQUEST_REFUSED_BECAUSE.say(locale, model=model, detail=sentence(detail))
        case _:
            return _MODEL_ERRORS.get(type(error), notices.UNKNOWN_FAILURE).say(locale, model=model)


_OVER_BUDGET: dict[Whose, Notice] = {
    "person": notices.OVER_BUDGET,
    "chat": notices.OVER_CHAT_BUDGET,
    "total": notices.OVER_TOTAL_BUDGET,
}
_HELD_BUDGET: dict[Whose, Notice] = {
    "person": notices.BUDGET_HELD,
    "chat": notices.CHAT_BUDGET_HELD,
    "total": notices.TOTAL_BUDGET_HELD,
}
_WARNINGS: dict[Whose, Notice] = {
    "person": notices.BUDGET_WARNING,
    "chat": notices.CHAT_BUDGET_WARNING,
    "total": notices.TOTAL_BUDGET_WARNING,
}


def for_warning(warning: BudgetWarning, locale: str | None = None) -> str:
    """What to tell people about a budget that is nearly used up."""
    wait = duration(warning.resets_in)
    return _WARNINGS[warning.whose].say(locale, percent=warning.percent, wait=wait)


_FILE_ERRORS: dict[type[FileError], Notice] = {
    FileUnavailable: notices.FILE_UNAVAILABLE,
    FileUnreadable: notices.FILE_UNREADABLE,
    FileUnsupported: notices.FILE_UNSUPPORTED,
}


def for_file_error(error: FileError, name: str, locale: str | None = None) -> str:
    """What to tell people about a file that cannot be used; `name` is how it is called, in the person's language."""
    match error:
        case FileTooLarge(limit=limit):
            said = notices.FILE_TOO_LARGE.say(locale, name=name, limit=size(limit))
        case TooManyPixels(limit=limit):
            said = notices.TOO_MANY_PIXELS.say(locale, name=name, limit=limit)
        case _:
            said = _FILE_ERRORS.get(type(error), notices.FILE_FAILED).say(locale, name=name)
    return said[:1].upper() + said[1:]


_WORKER_ERRORS: dict[type[ModelError], Notice] = {
    ProviderDown: notices.WORKER_DOWN,
    OutOfQuota: notices.WORKER_OUT_OF_QUOTA,
    KeyRefused: notices.WORKER_KEY_REFUSED,
    UnknownModel: notices.WORKER_UNKNOWN,
    NotConfigured: notices.WORKER_NOT_CONFIGURED,
    PromptTooLong: notices.WORKER_OVERWHELMED,
    BrokenStream: notices.WORKER_BROKE_OFF,
    Stalled: notices.WORKER_STALLED,
}
_WORKER_LEFT_ALONE: dict[type[ModelError], Notice] = {
    ProviderDown: notices.WORKER_DOWN_FOR,
    BrokenStream: notices.WORKER_BROKE_OFF_FOR,
    Stalled: notices.WORKER_STALLED_FOR,
}


def _for_worker_error(error: ModelError, locale: str | None) -> str:
    """What a model cannot do for which /model chooses no other."""
    if error.retry_after is not None and type(error) in _WORKER_LEFT_ALONE:
        wait = duration(error.retry_after)
        return _WORKER_LEFT_ALONE[type(error)].say(locale, model=code(error.model), wait=wait)
    notice = _WORKER_ERRORS.get(type(error))
    return for_model_error(error, locale) if notice is None else notice.say(locale, model=code(error.model))


def for_image_error(error: ModelError, locale: str | None = None) -> str:
    """The same for a picture that was not made."""
    model = code(error.model)
    match error:
        case ContentFiltered(detail=detail) | RequestRefused(detail=detail) if detail.strip():
            return notices.PICTURE_REFUSED_BECAUSE.say(locale, model=model, detail=sentence(detail))
        case ContentFiltered() | RequestRefused():
            return notices.PICTURE_REFUSED.say(locale, model=model)
        case EmptyAnswer():
            return notices.NO_PICTURE.say(locale, model=model)
        case _:
            return _for_worker_error(error, locale)


def for_recording_error(error: ModelError, locale: str | None = None) -> str:
    """The same for a recording that was not transcribed."""
    model = code(error.model)
    match error:
        case ContentFiltered(detail=detail) | RequestRefused(detail=detail) if detail.strip():
            return notices.RECORDING_REFUSED_BECAUSE.say(locale, model=model, detail=sentence(detail))
        case ContentFiltered() | RequestRefused():
            return notices.RECORDING_REFUSED.say(locale, model=model)
        case _:
            return _for_worker_error(error, locale)


def for_speech_error(error: ModelError, locale: str | None = None) -> str:
    """The same for words that were not spoken."""
    broken = isinstance(error, BrokenStream) and error.retry_after is None
    if broken or isinstance(error, RequestRefused | EmptyAnswer | ContentFiltered):
        return notices.SPEECH_REFUSED.say(locale, model=code(error.model))
    return _for_worker_error(error, locale)
