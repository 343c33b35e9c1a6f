"""What one person writes while an answer is being written, where the chat wants it answered together."""

from __future__ import annotations

from dataclasses import replace

from bot import receipts
from bot.conversation.material import Material
from bot.conversation.parcels import Parcel
from bot.conversation.window import with_quote
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Message
from bot.domain.recent import Recent

MOST = 20
"""Messages that are answered together."""

REMEMBERED = 1000


class Bundle:
    """Parcels of one person in one chat that are answered as one; more can join until its turn comes."""

    def __init__(self, first: Parcel) -> None:
        self.first = first.first
        self.came = first.came
        self._parcels = [first]
        self._receipt = receipts.current()
        self._closed = False

    @property
    def chat(self) -> ChatRef:
        return self.first.chat

    @property
    def person(self) -> Person:
        return self.first.author

    def add(self, parcel: Parcel) -> bool:
        """False when its turn has come already, or it is full; the parcel is then one of the next."""
        if self._closed or len(self._parcels) >= MOST:
            return False
        self._parcels.append(parcel)
        receipts.join(self._receipt)
        return True

    def close(self) -> None:
        """Its turn has come: nothing more joins it, whatever becomes of the turn."""
        self._closed = True

    async def opened(self) -> tuple[Message, Material]:
        """One message with all the words, and what all the files hold. Cancelled, the work on them ends too."""
        self.close()
        try:
            opened = [await parcel.opened() for parcel in self._parcels]
        except BaseException:
            # Also a cancellation: the parcel that was waited for ends its own work, and this that of the others.
            self.drop()
            raise
        self._parcels.clear()  # what their files held is large, and bundles are remembered
        return _joined([message for message, _ in opened], [material for _, material in opened])

    def drop(self) -> None:
        """Nobody needs it any more."""
        self.close()
        for parcel in self._parcels:
            parcel.drop()


class Merging:
    """Puts parcels to the bundle that waits."""

    def __init__(self) -> None:
        self._waiting: Recent[tuple[str, str], Bundle] = Recent(REMEMBERED)

    def take(self, parcel: Parcel) -> Bundle | None:
        """The bundle that begins with this parcel, to be put into its lane; None when the parcel joined one there."""
        key = (parcel.chat.key, parcel.person.handle)
        waiting = self._waiting.get(key)
        # What was accepted before a restart may be stored already: it is answered as it was then.
        if waiting is not None and not receipts.again() and waiting.add(parcel):
            return None
        bundle = self._waiting[key] = Bundle(parcel)
        return bundle


def _joined(messages: list[Message], materials: list[Material]) -> tuple[Message, Material]:
    first, *more = messages
    texts = [first.text, *(with_quote(each.text, each.quote) for each in more)]
    message = replace(
        first,
        text="\n\n".join(text for text in texts if text.strip()),
        attachments=tuple(file for each in messages for file in each.attachments),
        context=tuple(heard for each in messages for heard in each.context),
    )
    material = Material(
        pictures=tuple(picture for each in materials for picture in each.pictures),
        spoken=tuple(words for each in materials for words in each.spoken),
        documents=tuple(block for each in materials for block in each.documents),
        problems=tuple(dict.fromkeys(problem for each in materials for problem in each.problems)),
    )
    return message, material
