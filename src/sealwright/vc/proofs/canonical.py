"""What proofs ask of canonicalization, and the hash of proof options that is the same for many documents."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256, sha384
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from sealwright.vc.encoding.strict_json import JSONValue

MAX_REMEMBERED: Final = 1000

# Options with any other member (challenge, domain, nonce …) belong to one document alone and are never remembered.
_COMMON_MEMBERS: Final = frozenset(
    {
        frozenset({"type", "created", "verificationMethod", "proofPurpose"}),
        frozenset({"type", "cryptosuite", "created", "verificationMethod", "proofPurpose"}),
    }
)
_TEXT_ALONE: Final = {str}


HASHES: Final = {"SHA-256": sha256, "SHA-384": sha384}
"""Hash functions of the suites that hash and sign, by the name that canonicalization knows them by."""


class CanonicalForms(Protocol):
    """Gives the canonical N-Quads of a document; `vc.canon.Canonicalizer` is the one."""

    def canonicalize(
        self,
        document: Mapping[str, JSONValue],
        *,
        allow_inline: bool = False,
        stranger: bool = False,
        hash_name: str = "SHA-256",
    ) -> bytes:
        """Canonical N-Quads in UTF-8, or a `DocumentRefused` with a pointer."""
        ...


class KeptForm:
    """The canonical form over which the proofs of one document were checked, so that it is not made twice.

    Args:
        data: Canonical N-Quads of the document without its proofs; None where none was made.
        tells_subjects: Whether its shape shows that its subjects hold, by name, all that is signed of them.
    """

    __slots__ = ("data", "tells_subjects")

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.tells_subjects = False

    def make(
        self, canon: CanonicalForms, document: Mapping[str, JSONValue], *, allow_inline: bool, stranger: bool
    ) -> bytes:
        """Canonicalize a document, and keep the form if it is that of a document without proofs."""
        # Only the canonicalizer itself has it; what stands in for it in one place or another has not.
        form_of = getattr(canon, "form_of", None)
        if form_of is None or "proof" in document:
            return canon.canonicalize(document, allow_inline=allow_inline, stranger=stranger)
        data: bytes
        data, self.tells_subjects = form_of(document, allow_inline=allow_inline, stranger=stranger)
        self.data = data
        return data


class OptionsHashes:
    """Hashes of canonical proof options, remembered for as many as 1,000 different ones, oldest dropped first.

    The key holds every member of the options and every context address, so an entry can never answer for options it
    was not made from. Contexts keep their content for the life of a canonicalizer, to which an instance belongs.
    """

    __slots__ = ("_hashes", "_lock")

    def __init__(self) -> None:
        # Of a plain dictionary the first entry is found slowly once many before it were deleted.
        self._hashes: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._hashes)

    def get(self, key: tuple[object, ...]) -> bytes | None:
        """The hash under this key, if it is remembered."""
        return self._hashes.get(key)

    def put(self, key: tuple[object, ...], digest: bytes) -> None:
        """Remember a hash, dropping the oldest beyond the bound."""
        with self._lock:
            if len(self._hashes) >= MAX_REMEMBERED:
                self._hashes.popitem(last=False)
            self._hashes[key] = digest


def options_key(options: Mapping[str, JSONValue], contexts: JSONValue) -> tuple[object, ...] | None:
    """The key under which the hash of these options may be remembered; None if it may not."""
    if not isinstance(contexts, list) or frozenset(options) not in _COMMON_MEMBERS:
        return None
    values = (*options.values(), *contexts)
    # Inline contexts are not part of any pinned set, so their meaning is not fixed by an address. And True, 1 and 1.0
    # would be one key and three different statements.
    if set(map(type, values)) != _TEXT_ALONE:
        return None
    return tuple(options), values


# Signing and verifying do not share their memories: strangers' documents must not push ours out.
_signing: Final[WeakKeyDictionary[CanonicalForms, OptionsHashes]] = WeakKeyDictionary()
_verifying: Final[WeakKeyDictionary[CanonicalForms, OptionsHashes]] = WeakKeyDictionary()


def rdf_options_hash(
    options: Mapping[str, JSONValue],
    contexts: JSONValue,
    canon: CanonicalForms,
    *,
    allow_inline: bool,
    stranger: bool,
    hash_name: str = "SHA-256",
) -> bytes:
    """The hash of the canonical proof options under the document's contexts.

    Args:
        options: The proof without its value and without contexts of its own.
        contexts: The document's `@context`.
        canon: Canonicalizer; the memory of hashes belongs to it.
        allow_inline: Whether context objects are accepted.
        stranger: Whether the document is somebody else's.
        hash_name: A key of `HASHES`; it is used inside canonicalization too.

    Raises:
        DocumentRefused: The options hold an undefined term, or a context is refused.

    Spec: Data Integrity EdDSA Cryptosuites 1.0, "Proof Configuration", "Hashing".
    """
    key = options_key(options, contexts)

    def hashed() -> bytes:
        document: dict[str, JSONValue] = {"@context": contexts, **options}
        form = canon.canonicalize(document, allow_inline=allow_inline, stranger=stranger, hash_name=hash_name)
        return HASHES[hash_name](form).digest()

    if key is None:
        return hashed()
    key = (hash_name, *key)
    memories = _verifying if stranger else _signing
    memory = memories.get(canon)
    if memory is None:
        memory = memories.setdefault(canon, OptionsHashes())
    digest = memory.get(key)
    if digest is None:
        digest = hashed()
        memory.put(key, digest)
    return digest
