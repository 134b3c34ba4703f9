"""Searching people: folded texts held in memory page by page, each used only while its tag is the stored one.

A trigram index finds nothing below three letters, and for a text that half of everybody matches ("gmail")
it is slower than reading all texts. Reading them takes some ten milliseconds for 200,000 people, whatever
is looked for, on both databases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from sealwright.domain.folding import fold
from sealwright.storage.search_layout import PAGE_PEOPLE, PERSON_END, TEXT_START, read_page
from sealwright.storage.tables import search_pages
from sealwright.storage.transaction import Transaction

if TYPE_CHECKING:
    from sealwright.storage.people_blocks import TextBlock

_TAGS: Final = sa.select(search_pages.c.page_no, search_pages.c.tag).order_by(search_pages.c.page_no)
_PAGES: Final = sa.select(search_pages.c.page_no, search_pages.c.tag, search_pages.c.texts).where(
    search_pages.c.page_no.in_(sa.bindparam("wanted", expanding=True))
)
# Beginnings that nearly every id has find nobody in particular; "us" is for Gus, not for all of "usr_…".
_COMMON_BEGINNINGS: Final = ("usr_", "did:", "0x")
_MOST_SEARCHES: Final = 16
# So many letters of an id tell whether it may begin with a text.
_BEGINNING: Final = 3
# Pages are looked at together where more than a few of so many are to be looked at.
_BLOCK_PAGES: Final = 64
_FEW_PAGES: Final = 8
_NOBODY: Final = bytes(PAGE_PEOPLE)
_PERSON_END: Final = PERSON_END.decode()
_TEXT_START: Final = TEXT_START.decode()


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of texts in memory.

    Args:
        names: Of each of its people.
        all_names: Of all of them together: most pages hold nobody who matches a rare text.
        ids: Of all of them.
        beginnings: How these ids begin; few, since most begin alike.
    """

    tag: bytes
    names: tuple[str, ...]
    all_names: str
    ids: str
    beginnings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Matches:
    """Who matches a text.

    Args:
        pages: For each search page in order, one byte a person: 1 for a match.
        people: How many people match.
    """

    pages: tuple[bytes, ...]
    people: int

    def as_bytes(self) -> bytes:
        """Give one byte for each person number."""
        return b"".join(self.pages)

    def numbers(self) -> list[int]:
        """Give the numbers of those who match."""
        found: list[int] = []
        for page_no, page in enumerate(self.pages):
            place = page.find(1)
            while place >= 0:
                found.append(page_no * PAGE_PEOPLE + place)
                place = page.find(1, place + 1)
        return found


class PeopleSearch:
    """Finds the people whose names or ids match a text."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        memory: dict[str, dict[Any, Any]] = transaction.database.memory
        self._pages: dict[int, SearchPage] = memory.setdefault("search_pages", {})
        self._found: dict[str, dict[bytes, bytes]] = memory.setdefault("searches", {})
        self._blocks: dict[int, tuple[tuple[bytes, ...], TextBlock]] = memory.setdefault("search_blocks", {})

    def prepare(self) -> None:
        """Read the texts that memory does not have, before somebody waits for them."""
        current = self._current()
        for start in range(0, len(current), _BLOCK_PAGES):
            self._block(start, [page for _, page in current[start : start + _BLOCK_PAGES]])

    def find(self, text: str) -> Matches:
        """Find those whose name or e-mail address holds the folded text, or one of whose ids begins with it."""
        needle = fold(text)
        current = self._current()
        known = self._found.get(needle, {})
        by_name = self._by_blocks(current, needle, known)
        hits: dict[bytes, bytes] = {}
        found: list[bytes] = []
        may_begin = _BeginningIds(needle)
        for page_no, page in current:
            while len(found) < page_no:
                found.append(_NOBODY)
            matching = known.get(page.tag)
            if matching is None:
                matching = by_name.get(page.tag) or _by_name(page, needle)
                matching = _with_ids(page, needle, matching) if may_begin.of(page) else matching
            hits[page.tag] = matching
            found.append(matching)
        self._remember(needle, hits)
        return Matches(tuple(found), sum(page.count(1) for page in found))

    def _by_blocks(
        self, current: list[tuple[int, SearchPage]], needle: str, known: Mapping[bytes, bytes]
    ) -> Mapping[bytes, bytes]:
        """Look at many pages at once where many are to be looked at; gives who matches by name, by tag."""
        found: dict[bytes, bytes] = {}
        for start in range(0, len(current), _BLOCK_PAGES):
            pages = [page for _, page in current[start : start + _BLOCK_PAGES]]
            if sum(page.tag not in known for page in pages) > _FEW_PAGES:
                block = self._block(start, pages)
                matching = block.matching(needle)
                if matching is not None:
                    found |= zip((page.tag for page in pages), matching, strict=True)
        return found

    def _block(self, start: int, pages: Sequence[SearchPage]) -> TextBlock:
        # Imported where it is needed: a small office never loads the library beneath.
        from sealwright.storage.people_blocks import TextBlock

        tags = tuple(page.tag for page in pages)
        kept = self._blocks.get(start)
        if kept is None or kept[0] != tags:
            kept = self._blocks[start] = (tags, TextBlock([page.all_names for page in pages]))
        return kept[1]

    def _current(self) -> list[tuple[int, SearchPage]]:
        """Give every page as this unit of work sees it, reading only those that memory does not have."""
        tags = [(row.page_no, bytes(row.tag)) for row in self._transaction.rows(_TAGS)]
        held = {page_no: self._pages.get(page_no) for page_no, _ in tags}
        missing = [page_no for page_no, tag in tags if (page := held[page_no]) is None or page.tag != tag]
        current = {page_no: page for page_no, page in held.items() if page is not None}
        for start in range(0, len(missing), 100):
            for row in self._transaction.rows(_PAGES, {"wanted": missing[start : start + 100]}):
                page = _page(bytes(row.tag), row.texts)
                current[row.page_no] = self._pages[row.page_no] = page
        return [(page_no, current[page_no]) for page_no, _ in tags]

    def _remember(self, needle: str, hits: dict[bytes, bytes]) -> None:
        self._found.pop(needle, None)
        for old in list(self._found)[: max(0, len(self._found) + 1 - _MOST_SEARCHES)]:
            self._found.pop(old, None)
        self._found[needle] = hits


def _page(tag: bytes, texts: bytes) -> SearchPage:
    names, ids = read_page(texts)
    all_names, all_ids = names.decode(), ids.decode()
    each = (text[:_BEGINNING] for person in all_ids.split(_PERSON_END) for text in person.split(_TEXT_START))
    return SearchPage(tag, tuple(all_names.split(_PERSON_END)), all_names, all_ids, frozenset(filter(None, each)))


class _BeginningIds:
    """Tells of which pages the ids need to be looked at for a text."""

    def __init__(self, needle: str) -> None:
        self._start = needle[:_BEGINNING]
        self._is_common = any(one.startswith(needle) and one != needle for one in _COMMON_BEGINNINGS)
        self._known: dict[frozenset[str], bool] = {}

    def of(self, page: SearchPage) -> bool:
        """Tell whether an id on the page may begin with the text. Pages whose ids begin alike are asked once."""
        known = self._known.get(page.beginnings)
        if known is None:
            may = not self._is_common and any(one.startswith(self._start) for one in page.beginnings)
            known = self._known[page.beginnings] = may
        return known


def _by_name(page: SearchPage, needle: str) -> bytes:
    """Give one byte for each place of a page, 1 where the person there matches by a name or an address."""
    # Texts, not bytes: looking into those takes four times as long.
    return _filled([needle in names for names in page.names]) if needle in page.all_names else _NOBODY


def _with_ids(page: SearchPage, needle: str, found: bytes) -> bytes:
    """Add those who match by an id."""
    start = _TEXT_START + needle
    if start not in page.ids:
        return found
    ids = _filled([start in ids for ids in page.ids.split(_PERSON_END)])
    return bytes(map(int.__or__, found, ids))


def _filled(hits: list[bool]) -> bytes:
    return bytes(hits).ljust(PAGE_PEOPLE, b"\0")
