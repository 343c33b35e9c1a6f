"""What came of the files of a message."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.media import Picture


@dataclass(frozen=True, slots=True)
class Material:
    """What came of the files.

    `pictures` in the order in which they came; `spoken` the words of voice notes; `documents` blocks of text for the
    model, also of recordings that came with a question; `problems` sentences for the person.
    """

    pictures: tuple[Picture, ...] = ()
    spoken: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        return bool(self.pictures or self.spoken or self.documents)


def with_material(text: str, material: Material) -> str:
    """The words with those that were spoken and those of the documents; what could not be opened is named."""
    blocks = [text, *material.spoken, *material.documents]
    if material.problems:
        blocks.append(f"(not all that came along could be opened: {' '.join(material.problems)})")
    return "\n\n".join(block for block in blocks if block.strip())
