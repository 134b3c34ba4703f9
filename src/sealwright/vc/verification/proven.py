"""Remembering that the proofs of a document held: one chain comes again and again, and its upper hops with each agent.

What is remembered follows from what it is found by, and from nothing else: this very document, these keys, and one
canonicalizer, none of whose plans was found wrong since. All that may change is looked at anew each time: dates, which
suites are accepted, whom the present documents of DIDs give which key, compromise, status, schema. No document is kept,
only digests.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec

from sealwright.vc.canon.canonicalizer import Canonicalizer
from sealwright.vc.credentials.shapes import Period
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.keys.multikey import PublicKey

MAX_REMEMBERED: Final = 4_096

# Unlike JSON it tells 1 from 1.0, and what is no number from null: no two documents have one spelling.
_SPELLING: Final = msgspec.msgpack.Encoder()
# Content of these is held against what is kept here, which may change.
_LOOKED_UP: Final = "relatedResource"


@dataclass(frozen=True, slots=True)
class Proven:
    """What was found of a document.

    Args:
        keys: By which its proofs hold, in their order.
        period: Its dates, where its shape showed that its form is right.
        tells_subjects: Whether its shape shows that its subjects hold, by name, all that is signed of them.
    """

    keys: tuple[PublicKey, ...]
    period: Period | None
    tells_subjects: bool


class ProvenMemory:
    """What was found of the 4,096 documents that came last, whoever signed them. For one canonicalizer; any thread."""

    def __init__(self, canon: Canonicalizer, most: int = MAX_REMEMBERED) -> None:
        self._canon = canon
        self._most = most
        self._found: OrderedDict[bytes, Proven] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._found)

    def name(self, document: Mapping[str, JSONValue], *, allow_inline: bool) -> bytes | None:
        """What a document is found by; None for one that is never remembered.

        Args:
            document: The whole of it, proofs and all.
            allow_inline: Whether context objects are accepted.
        """
        if _LOOKED_UP in document:
            return None
        try:
            text = _SPELLING.encode((document, allow_inline, self._canon.mismatches))
        except (TypeError, ValueError, OverflowError, RecursionError):
            # No JSON, or a text that is none; whoever checks it says so.
            return None
        return sha256(text).digest()

    def get(self, name: bytes) -> Proven | None:
        """What was found of the document of this name, if it is remembered."""
        with self._lock:
            found = self._found.get(name)
            if found is not None:
                self._found.move_to_end(name)
            return found

    def put(self, name: bytes, found: Proven) -> None:
        """Remember what was found, in place of what was not asked for for the longest time."""
        with self._lock:
            self._found[name] = found
            self._found.move_to_end(name)
            while len(self._found) > self._most:
                self._found.popitem(last=False)
