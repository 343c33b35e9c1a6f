"""Every error that crosses a border of the core, translated once where it enters.

ParleyError
+-- DeliveryError            a platform call failed
|   +-- RetryLater           the platform asked for a pause (`after` seconds)
|   +-- NotSent              surely not carried out; may be tried again
|   +-- Ambiguous            maybe carried out (time-out after the request was written)
|   +-- NotModified          already shows exactly this; counts as success
|   +-- TooLong              the text does not fit one message
|   +-- BadFormat            the formatting was refused; the plain text may pass
|   +-- FileRefused          the platform does not take this file as what it is here; another kind may pass
|   +-- OthersWouldSee       what is for one person alone would be seen by everybody here
|   +-- MessageGone          the message is deleted; the chat still takes others
|   +-- ChatGone             the chat is gone or closed to the bot: blocked, kicked, deleted, not permitted
+-- ModelError               a model call failed (`model` is provider/model)
|   |                        (`retry_after`: seconds until another try is worth it, where that is known)
|   +-- ProviderDown         unreachable, overloaded or 5xx
|   +-- RateLimited          the provider asked for a pause
|   +-- OutOfQuota           no credit left; trying again is useless
|   +-- KeyRefused           the provider refused the key
|   +-- UnknownModel         the provider does not have this model
|   +-- RequestRefused       the provider refused the request (`detail` is its own sentence)
|   +-- PromptTooLong        the request exceeds the model's window
|   +-- ContentFiltered      the provider withheld the answer
|   +-- BrokenStream         the answer broke off, or what came was not an answer (`detail` says what)
|   +-- Stalled              no byte for too long
|   +-- EmptyAnswer          the model finished without saying anything
|   +-- CannotSee            the model cannot be shown pictures
|   +-- FormatRefused        the provider cannot read a file of this format
|   +-- OverBudget           a budget is used up (`whose`, `resets_in` seconds)
|   +-- Flagged              moderation refused it (`what`: question or answer; `categories`)
|   +-- NotConfigured        no such provider is configured
+-- FileError                a file that somebody sent cannot be used
|   +-- FileTooLarge         more than `limit` bytes
|   +-- TooManyPixels        a picture of more than `limit` megapixels
|   +-- FileUnavailable      it cannot be fetched: gone, expired, or the platform did not send it
|   +-- FileUnreadable       broken, or not what it claims to be
|   +-- FileUnsupported      of a kind that is not opened
+-- StorageError             the database could not be read or written (`problem` says why)
+-- BackupError              no backup of the database was made (its text says why)
+-- UsageError               a person gave a command something it cannot take (`sentence` says what)
+-- SettingsError            a setting cannot be used (`variable`, `problem`, `example`)
"""

from __future__ import annotations

from typing import Literal


class ParleyError(Exception):
    """The root of the tree above."""


class DeliveryError(ParleyError):
    """A platform call failed."""


class RetryLater(DeliveryError):
    def __init__(self, after: float) -> None:
        super().__init__(f"the platform asked for a pause of {after:g} s")
        self.after = after


class NotSent(DeliveryError):
    """The request surely had no effect."""


class Ambiguous(DeliveryError):
    """The request may have had its effect: the answer to it never came."""


class NotModified(DeliveryError):
    """The message already looks like this."""


class TooLong(DeliveryError):
    """The platform counts more than one message holds."""


class BadFormat(DeliveryError):
    """The platform could not take the formatting."""


class FileRefused(DeliveryError):
    """The platform does not take this file, or not as what it was sent: a voice note where they are forbidden, a photo
    beyond its limits. Surely not carried out."""


class OthersWouldSee(DeliveryError):
    """The message is for one person alone, and the way to show it so is closed by now. Surely not carried out."""


class MessageGone(DeliveryError):
    """The message to edit does not exist any more."""


class ChatGone(DeliveryError):
    """The bot cannot write in this chat any more."""


class ModelError(ParleyError):
    """A model call failed. `retry_after`: seconds after which it is worth another try, where that is known: the
    provider said so, or the model is left alone until then because it failed too often."""

    def __init__(self, model: str, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(f"{model}: {detail}" if detail else model)
        self.model = model
        self.detail = detail
        self.retry_after = retry_after


class ProviderDown(ModelError):
    """Unreachable, overloaded, or an error of the provider's own."""


class RateLimited(ModelError):
    """The provider asked for a pause."""


class OutOfQuota(ModelError):
    """The account has no credit left."""


class KeyRefused(ModelError):
    """The key is missing, wrong, or lacks the right."""


class UnknownModel(ModelError):
    """The provider does not have this model."""


class RequestRefused(ModelError):
    """The provider understood the request and refused it."""


class PromptTooLong(ModelError):
    """The request is larger than the model's window; `tokens` it has and `limit` are those that the provider names."""

    def __init__(self, model: str, detail: str = "", tokens: int | None = None, limit: int | None = None) -> None:
        super().__init__(model, detail)
        self.tokens = tokens
        self.limit = limit


class ContentFiltered(ModelError):
    """The provider withheld the question or the answer."""


class BrokenStream(ModelError):
    """The answer broke off, or was no answer at all."""


class Stalled(ModelError):
    """No byte came for the time that the gateway waits."""


class EmptyAnswer(ModelError):
    """The model finished without a word."""


class CannotSee(ModelError):
    """The model cannot be shown pictures."""


class FormatRefused(ModelError):
    """The provider cannot read a file of this format."""


class OverBudget(ModelError):
    """A budget is used up: `whose` it is, and in how many seconds it starts anew.

    `held`: it is not, but calls that are running may use up what is left of it.
    """

    def __init__(
        self, model: str, whose: Literal["person", "chat", "total"], resets_in: float, *, held: bool = False
    ) -> None:
        super().__init__(model, f"the budget of the {whose} is {'held by running calls' if held else 'used up'}")
        self.whose = whose
        self.resets_in = resets_in
        self.held = held


class Flagged(ModelError):
    """Moderation refused the question or the answer: `what`, and under which of its categories."""

    def __init__(self, model: str, what: Literal["question", "answer"], categories: tuple[str, ...] = ()) -> None:
        super().__init__(model, f"the {what} was flagged: {', '.join(categories)}")
        self.what = what
        self.categories = categories


class NotConfigured(ModelError):
    """The provider that the model's name asks for has no key or address."""


class FileError(ParleyError):
    """A file that somebody sent cannot be used."""


class FileTooLarge(FileError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


class TooManyPixels(FileError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} megapixels")
        self.limit = limit


class FileUnavailable(FileError):
    """The file cannot be fetched."""


class FileUnreadable(FileError):
    """The file is broken, or not what it claims to be."""


class FileUnsupported(FileError):
    """The file is of a kind that is not opened."""


class StorageError(ParleyError):
    """The database could not be read or written."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the database failed: {problem}")
        self.problem = problem


class BackupError(ParleyError):
    """No backup of the database was made."""


class UsageError(ParleyError):
    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class SettingsError(ParleyError):
    def __init__(self, variable: str, problem: str, example: str = "") -> None:
        super().__init__(f"{variable}: {problem}" + (f" Example: {variable}={example}" if example else ""))
        self.variable = variable
        self.problem = problem
        self.example = example
