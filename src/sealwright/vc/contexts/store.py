"""The pinned contexts: address → local bytes with a digest. There is no other way for a context to come in.

A document means what its contexts say, so whoever could change a context could change what an old signature covers.
Therefore an address, once bound to bytes, keeps them for the life of the store, nothing is fetched, and the vendored
documents are checked against their digests when they are loaded.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import ContextNotAllowed, TermConflict

VOCABULARY_CONTEXTS: Final = frozenset(
    {
        "https://www.w3.org/ns/credentials/examples/v2",
        "https://www.w3.org/ns/credentials/undefined-terms/v2",
    }
)
"""The only contexts that may carry ``@vocab``, listed by hand: one defines every term and so defeats the check that
all members are defined. Both belong to the credential specifications, and what they define is signed."""

REFUSED_KEYWORDS: Final = frozenset({"@vocab", "@base", "@import", "@propagate"})
"""Keywords that change the meaning of members a context does not name."""


@dataclass(frozen=True, slots=True)
class PinnedContext:
    """One context as it is held here.

    Args:
        url: The address under which documents name it.
        content: The bytes, exactly as vendored or generated.
        digest: SHA-256 of `content`, 32 bytes.
        document: `content` decoded; shared, never to be altered.
    """

    url: str
    content: bytes = field(repr=False)
    digest: bytes
    document: dict[str, JSONValue] = field(repr=False, hash=False)


class VendorRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a vendored context comes from, as ``documents/VENDOR.json`` states it."""

    url: str
    file: str
    package: str | None
    version: str | None
    licence: str
    licence_file: str | None
    taken: str
    sha256: str


_VENDOR_ROWS: Final = msgspec.json.Decoder(list[VendorRow])


class ContextStore:
    """Contexts by address: the vendored base set, and those of registered credential schemas.

    Safe for many threads: readers take a snapshot that is replaced, never altered.
    """

    __slots__ = ("_contexts", "_lock", "_source")

    def __init__(self, contexts: Iterator[PinnedContext] | None = None) -> None:
        self._contexts: dict[str, PinnedContext] = {context.url: context for context in contexts or ()}
        self._lock = threading.Lock()
        self._source: Callable[[str], bytes | None] | None = None

    @classmethod
    def pinned(cls) -> ContextStore:
        """A store with the vendored base set.

        Raises:
            ContextNotAllowed: A vendored file does not have the digest that its row states.
        """
        return cls(iter(_vendored()))

    def ask(self, source: Callable[[str], bytes | None]) -> None:
        """Look addresses up that are not pinned here yet; `source` gives their bytes, or None where there are none."""
        self._source = source

    def register(self, url: str, content: bytes) -> PinnedContext:
        """Bind an address to its bytes for good; doing it again with the same bytes changes nothing.

        Raises:
            TermConflict: The address is bound to other bytes.
            ContextNotAllowed: Not a JSON object with ``@context``, or it holds a keyword that would define members it
                does not name, or names a context that is not held here.
            UnreadableJSON: The bytes are not strict JSON.
        """
        known = self._contexts.get(url)
        if known is None:
            pinned = _pin(url, content)
            _check_members(pinned.document, url)
            for named in named_contexts(pinned.document):
                self.get(named)
            with self._lock:
                known = self._contexts.get(url)
                if known is None:
                    self._contexts = {**self._contexts, url: pinned}
                    return pinned
        if known.content != content:
            raise TermConflict(f"The context {url} is pinned with other content.")
        return known

    def get(self, url: str) -> PinnedContext:
        """The context at an address.

        Raises:
            ContextNotAllowed: The address is not pinned here.
        """
        context = self._find(url)
        if context is None:
            raise ContextNotAllowed(f"The context {url!r} is not pinned here.")
        return context

    def knows(self, url: str) -> bool:
        """Whether the address is pinned here, or can be by what its source gives."""
        return self._find(url) is not None

    def _find(self, url: str) -> PinnedContext | None:
        known = self._contexts.get(url)
        if known is None and self._source is not None and (content := self._source(url)) is not None:
            return self.register(url, content)
        return known

    def snapshot(self) -> dict[str, PinnedContext]:
        """Every context by address, as of now; not to be altered."""
        return self._contexts


def vendored_rows() -> tuple[VendorRow, ...]:
    """The origin of each vendored context."""
    text = (files(__package__) / "documents" / "VENDOR.json").read_bytes()
    return tuple(_VENDOR_ROWS.decode(text))


def named_contexts(node: JSONValue) -> Iterator[str]:
    """Addresses that a context document names, at its top and in scoped contexts."""
    if isinstance(node, list):
        for item in node:
            yield from named_contexts(item)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "@context":
                yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))
            yield from named_contexts(value)


@cache
def _vendored() -> tuple[PinnedContext, ...]:
    folder = files(__package__) / "documents"
    contexts = []
    for row in vendored_rows():
        context = _pin(row.url, (folder / row.file).read_bytes())
        if context.digest.hex() != row.sha256:
            raise ContextNotAllowed(f"The vendored context {row.file} does not have its stated digest.")
        if row.url not in VOCABULARY_CONTEXTS:
            _check_members(context.document, row.url)
        contexts.append(context)
    return tuple(contexts)


def _pin(url: str, content: bytes) -> PinnedContext:
    document = parse_json(content)
    if not isinstance(document, dict) or "@context" not in document:
        raise ContextNotAllowed(f"The context {url} is not an object with @context.")
    return PinnedContext(url, content, hashlib.sha256(content).digest(), document)


def _check_members(node: JSONValue, url: str) -> None:
    if isinstance(node, list):
        for item in node:
            _check_members(item, url)
    elif isinstance(node, dict):
        found = REFUSED_KEYWORDS & node.keys()
        if found:
            raise ContextNotAllowed(f"The context {url} holds {sorted(found)[0]}, which defines members unnamed.")
        for value in node.values():
            _check_members(value, url)
