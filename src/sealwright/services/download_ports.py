"""What downloads need from whoever sets type: a paper and a badge as words, without any markup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PaperFile:
    """A file inside the paper.

    Args:
        name: As readers of the paper see it.
        description: What it is, in the paper's language.
    """

    name: str
    media_type: str
    content: bytes
    description: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate: every text is shown as it is, whatever it looks like.

    Args:
        language: BCP 47 tag of the words.
        title: What the credential is called.
        issuer: Who signed it, as people call them.
        holder_word: What stands above the holder.
        holder: A name, or a DID where no name is told.
        facts: Label and value, in order: what it claims, then how it was signed.
        address: What the code says: the credential's public page.
        scan_word: What the code is good for; its description too, for whoever cannot see it.
        notes: Sentences at the foot.
        unprintable: The sentence that stands at the foot if letters had to be replaced by their code points.
        tone: The color of the credential type's emblem, 1 to 6.
        at: When it was made; the file carries no other date.
    """

    language: str
    title: str
    issuer: str
    holder_word: str
    holder: str
    facts: tuple[tuple[str, str], ...]
    address: str
    scan_word: str
    notes: tuple[str, ...]
    unprintable: str
    tone: int
    at: datetime
    file: PaperFile


@dataclass(frozen=True, slots=True)
class BadgeFace:
    """What is seen of a badge.

    Args:
        label: The credential type, as people call it.
        issuer: Who gives it.
        tone: The color of the credential type's emblem, 1 to 6.
    """

    label: str
    issuer: str
    tone: int


class Typesetter(Protocol):
    """Sets type without asking anybody else: no network, no files beside its own fonts and forms."""

    def pdf(self, paper: Paper) -> bytes:
        """The paper as one tagged PDF with its fonts and its file inside; the same paper gives the same bytes."""

    def badge(self, face: BadgeFace) -> bytes:
        """The badge as a square PNG; the same face gives the same bytes."""
