"""Papers and badges set by typst in this process: no network, no packages, no markup but our own two forms.

Words of people reach the forms as data, so whatever they look like they are text. A paper is PDF/A-3 and PDF/UA, which
the exporter vouches for: it writes no letter that its fonts cannot show. We ask before, and replace such letters by
their code points, so that a paper never shows a box for a name.
"""

from __future__ import annotations

import io
import json
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import segno
import typst

from sealwright.domain.shown_text import without_disturbance
from sealwright.services.download_ports import BadgeFace, Paper

_FORMS: Final = Path(__file__).parent / "papers"
_STANDARDS: Final = ("a-3a", "ua-1")
_BADGE_PPI: Final = 144.0
_UNSHOWN: Final = "could not be displayed"
# Longer words are broken where a line ends; a DID of the usual length stays whole, so that it can be copied.
_WORD_MOST: Final = 74
_BADGE_WORD_MOST: Final = 17
_BREAK: Final = "\u200b"
_REMEMBERED_MOST: Final = 50_000
_PROBE: Final = (
    b'#set document(title: "-")\n#set text(font: "Libertinus Serif", lang: "en")\n'
    b"#for one in json(bytes(sys.inputs.texts)) [#one #parbreak()]\n"
)


class TypesettingFailed(Exception):
    """The typesetter refused a form of ours; its reason is the cause."""


class TypstTypesetter:
    """Sets type with the fonts that typst brings and those that the system has.

    Fonts are looked for at the first use, which takes some tenths of a second. One paper is set at a time.
    """

    def __init__(self, *, has_system_fonts: bool = True) -> None:
        self._has_system_fonts = has_system_fonts
        self._lock = threading.Lock()
        self._compiler: Any = None
        self._shown: set[str] = set()
        self._unshown: set[str] = set()
        self._certificate = (_FORMS / "certificate.typ").read_bytes()
        self._badge = (_FORMS / "badge.typ").read_bytes()

    def pdf(self, paper: Paper) -> bytes:
        """See `Typesetter`.

        Raises:
            TypesettingFailed: The form was refused.
        """
        with self._lock:
            unshown = self._unshown_in(_texts_of(paper))
            try:
                return self._paper(paper, unshown)
            except typst.TypstError as error:
                if _UNSHOWN not in str(error):
                    raise TypesettingFailed("A paper could not be set.") from error
            # Letters that are shown alone, and not beside each other: none but the plainest stays.
            unshown = frozenset(cluster for text in _texts_of(paper) for cluster in _clusters(text))
            try:
                return self._paper(paper, unshown)
            except typst.TypstError as error:
                raise TypesettingFailed("A paper could not be set.") from error

    def badge(self, face: BadgeFace) -> bytes:
        """See `Typesetter`.

        Raises:
            TypesettingFailed: The form was refused.
        """
        with self._lock:
            unshown = self._unshown_in((face.label, face.issuer))
            words = {
                "label": _spelled(face.label, unshown, _BADGE_WORD_MOST) or "-",
                "issuer": _spelled(face.issuer, unshown, _BADGE_WORD_MOST) or "-",
                "tone": face.tone,
            }
            inputs = {"badge": json.dumps(words)}
            try:
                made: bytes = self._set(self._badge, inputs, format="png", ppi=_BADGE_PPI)
            except typst.TypstError as error:
                raise TypesettingFailed("A badge could not be set.") from error
            return made

    def _paper(self, paper: Paper, unshown: frozenset[str]) -> bytes:
        inputs = {
            "paper": json.dumps(_members(paper, unshown)),
            "file": paper.file.content.decode("utf-8"),
        }
        made: bytes = self._set(
            self._certificate,
            inputs,
            format="pdf",
            pdf_standards=list(_STANDARDS),
            timestamp=int(paper.at.timestamp()),
        )
        return made

    def _set(self, form: bytes, inputs: Mapping[str, str], **wanted: Any) -> Any:
        if self._compiler is None:
            fonts = typst.Fonts(include_system_fonts=self._has_system_fonts, include_embedded_fonts=True)
            self._compiler = typst.Compiler(form, root=str(_FORMS), font_paths=fonts)
        return self._compiler.compile(input=form, sys_inputs=dict(inputs), **wanted)

    def _unshown_in(self, texts: Iterable[str]) -> frozenset[str]:
        """Those letters that no font shows; each is asked for once in the life of a process."""
        letters = {cluster for text in texts for cluster in _clusters(text)}
        if len(self._shown) + len(self._unshown) > _REMEMBERED_MOST:
            self._shown.clear()
            self._unshown.clear()
        self._ask(sorted(letters - self._shown - self._unshown))
        return frozenset(letters & self._unshown)

    def _ask(self, letters: list[str]) -> None:
        if not letters:
            return
        try:
            self._set(_PROBE, {"texts": json.dumps(letters)}, format="pdf", pdf_standards=["ua-1"])
        except typst.TypstError as error:
            if _UNSHOWN not in str(error):
                raise TypesettingFailed("The fonts could not be asked.") from error
            if len(letters) == 1:
                self._unshown.update(letters)
                return
            half = len(letters) // 2
            self._ask(letters[:half])
            self._ask(letters[half:])
        else:
            self._shown.update(letters)


def _texts_of(paper: Paper) -> tuple[str, ...]:
    facts = (text for pair in paper.facts for text in pair)
    heads = (paper.title, paper.issuer, paper.holder_word, paper.holder, paper.scan_word, paper.unprintable)
    return tuple(_plain(text) for text in (*heads, paper.address, *facts, *paper.notes))


def _members(paper: Paper, unshown: frozenset[str]) -> dict[str, object]:
    """The paper as its form reads it."""

    def shown(text: str) -> str:
        return _spelled(text, unshown)

    return {
        "language": paper.language,
        "title": shown(paper.title),
        "issuer": shown(paper.issuer),
        "subject": shown(f"{paper.holder_word} {paper.holder}"),
        "holder-word": shown(paper.holder_word),
        "holder": shown(paper.holder),
        "is-name": not paper.holder.startswith("did:"),
        "facts": [[shown(label), shown(value)] for label, value in paper.facts],
        "address": paper.address,
        "scan-word": shown(paper.scan_word),
        "notes": [shown(note) for note in (*paper.notes, *([paper.unprintable] if unshown else []))],
        "code": _code(paper.address),
        "tone": paper.tone,
        "file": {
            "name": paper.file.name,
            "media-type": paper.file.media_type,
            "description": paper.file.description,
        },
    }


def _code(address: str) -> str:
    """The address as a QR code of error correction M with its quiet zone, as an SVG."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False, boost_error=False).save(drawn, kind="svg", border=4, light="#ffffff")
    return drawn.getvalue().decode("ascii")


def _plain(text: str) -> str:
    """A text on one line, without what controls a line or turns its direction."""
    return " ".join(without_disturbance(text, instead=" ").split())


def _clusters(text: str) -> Iterator[str]:
    """Letters beyond ASCII, each with the marks and joiners that follow it."""
    cluster = ""
    for letter in text:
        if cluster and (letter == "\u200d" or cluster.endswith("\u200d") or unicodedata.category(letter)[0] == "M"):
            cluster += letter
            continue
        if not cluster.isascii():
            yield cluster
        cluster = letter
    if not cluster.isascii():
        yield cluster


def _spelled(text: str, unshown: frozenset[str], word_most: int = _WORD_MOST) -> str:
    """A text with each run of letters that no font shows replaced by their code points, and long words breakable."""
    plain = _plain(text)
    missing = sorted((one for one in _clusters(plain) if one in unshown), key=len, reverse=True)
    if missing:
        runs = re.compile("(?:" + "|".join(map(re.escape, dict.fromkeys(missing))) + ")+")
        plain = runs.sub(lambda run: f"[{' '.join(f'U+{ord(letter):04X}' for letter in run[0])}]", plain)
    return " ".join(_breakable(word, word_most) for word in plain.split(" "))


def _breakable(word: str, most: int) -> str:
    if len(word) <= most:
        return word
    return _BREAK.join(word[start : start + most // 2] for start in range(0, len(word), most // 2))
