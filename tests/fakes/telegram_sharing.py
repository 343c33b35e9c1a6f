"""What people send on the fake Telegram besides words: photos, albums, voice notes, recordings, documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tests.fakes.telegram_entities import Entity
from tests.fakes.telegram_files import FileStore, Kind
from tests.fakes.telegram_people import People
from tests.fakes.telegram_state import Chat, State, User


class Sharing(People):
    """People who also send files, which `files` keeps."""

    def __init__(self, state: State, files: FileStore, *, privacy: bool) -> None:
        super().__init__(state, privacy=privacy)
        self.files = files
        self._albums = 0

    def send_file(
        self,
        chat: Chat,
        user: User,
        kind: Kind,
        data: bytes,
        *,
        name: str | None = None,
        mime: str | None = None,
        caption: str = "",
        entities: list[Entity] | None = None,
        duration: int | None = None,
        reply_to: int | None = None,
        thread_id: int | None = None,
        album_id: str | None = None,
        size: int | None = None,
    ) -> int:
        """Send a file; returns the message id. Commands, mentions and links in the caption are found as in texts.

        `size` is what Telegram tells of it instead of the true one, in bytes.
        """
        media = self.files.media(kind, data, name=name, mime=mime, duration=duration, size=size)
        extra = None if album_id is None else {"media_group_id": album_id}
        return self.say(
            chat, user, caption, entities=entities, reply_to=reply_to, thread_id=thread_id, extra=extra, media=media
        )

    def album(
        self,
        chat: Chat,
        user: User,
        pictures: Sequence[bytes],
        caption: str = "",
        *,
        reply_to: int | None = None,
        thread_id: int | None = None,
    ) -> list[int]:
        """Send photos together: one update each, all with one `media_group_id`, the caption under the first."""
        self._albums += 1
        album_id = str(13_000_000_000_000_000 + self._albums)
        return [
            self.send_file(
                chat,
                user,
                "photo",
                picture,
                caption="" if number else caption,
                reply_to=reply_to,
                thread_id=thread_id,
                album_id=album_id,
            )
            for number, picture in enumerate(pictures)
        ]

    def forbid_voice(self, user: User) -> None:
        """The person's privacy settings let nobody send voice messages."""
        self._state.chats[user.id].forbidden.add("voice notes")

    def forbid(self, chat: Chat, *what: Literal["photos", "voice notes", "music", "documents"]) -> None:
        """Take rights from the members of a group, and so from the bot."""
        chat.forbidden.update(what)

    def lose_files(self) -> None:
        """Let the links to all files lead nowhere from now on."""
        self.files.expire()
