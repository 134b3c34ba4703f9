"""What proofs ask of canonicalization, and the hash of proof options that is the same for many documents."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256, sha384
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from sealwright.vc.canon.plans import Planned
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import is_plain_stamp
from sealwright.vc.proofs.unsecured import without_proof

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

    __slots__ = ("_bare", "_source", "data", "tells_subjects")

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.tells_subjects = False
        self._source: Mapping[str, JSONValue] | None = None
        self._bare: dict[str, JSONValue] | None = None

    def bare(self, document: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
        """The document without its proofs; of the document that was begun with, always the same object."""
        return self._bare if self._bare is not None and document is self._source else without_proof(document)

    def begin(self, canon: CanonicalForms, document: Mapping[str, JSONValue]) -> Planned | None:
        """Make the form ahead of all checks, if a plan is at hand that has made others of the same shape.

        It is taken for this very document only, which must not be altered until its proofs were checked.
        """
        by_plan = getattr(canon, "by_plan", None)
        if by_plan is None:
            return None
        self._source, self._bare = document, without_proof(document)
        planned: Planned | None = by_plan(self._bare)
        if planned is not None:
            self.data, self.tells_subjects = planned.data, planned.tells_subjects()
        return planned

    def make(
        self, canon: CanonicalForms, document: Mapping[str, JSONValue], *, allow_inline: bool, stranger: bool
    ) -> bytes:
        """Canonicalize a document, and keep the form if it is that of a document without proofs."""
        if self.data is not None and document is self._bare:
            return self.data
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


class OptionsForms:
    """Canonical proof options around their date, for as many as 1,000 different ones, oldest dropped first.

    Dates of proofs hardly ever repeat, and everything else in the options of one signer does. Where `around` shows that
    a date stands in its own statement only, the canonical form of the same options of another date is told by writing
    it there.
    """

    __slots__ = ("_forms", "_lock")

    def __init__(self) -> None:
        self._forms: OrderedDict[tuple[object, ...], tuple[bytes, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._forms)

    def get(self, key: tuple[object, ...]) -> tuple[bytes, bytes] | None:
        """What stands before and after the date, if it is remembered."""
        return self._forms.get(key)

    def put(self, key: tuple[object, ...], form: tuple[bytes, bytes]) -> None:
        """Remember a form, dropping the oldest beyond the bound."""
        with self._lock:
            if len(self._forms) >= MAX_REMEMBERED:
                self._forms.popitem(last=False)
            self._forms[key] = form


def around(form: bytes, created: str) -> tuple[bytes, bytes] | None:
    """What stands before and after the date in the canonical form of options; None if its place might depend on it.

    Args:
        form: Canonical N-Quads of options with one `created`.
        created: A date in whole seconds and UTC: nothing in it is ever escaped, and none is part of another.
    """
    date = created.encode()
    head, *tails = form.split(date)
    # Found once, it is a whole literal; with a blank node beside it, labels could follow from hashes over it.
    if len(tails) != 1 or not head.endswith(b'"') or tails[0][:1] != b'"' or b"_:c14n1" in form:
        return None
    start = head.rpartition(b"\n")[2]
    # Where no other statement of this node has this property, the order of statements is settled before the date.
    if sum(line.startswith(start[:-1]) for line in form.split(b"\n")) != 1:
        return None
    return head, tails[0]


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


def form_key(options: Mapping[str, JSONValue], contexts: JSONValue) -> tuple[object, ...] | None:
    """The key under which the form of these options without their date may be remembered; None if they have none.

    One that `options_key` gives no key for must not be remembered. It may be asked for: it is equal to no key of texts.
    """
    if type(contexts) is not list or "created" not in options:
        return None
    names, values = tuple(options), [*options.values()]
    values[names.index("created")] = None
    return names, *values, *contexts


class _Memory:
    """What is remembered for one canonicalizer: forms around dates, and hashes of options that have no such form."""

    __slots__ = ("forms", "hashes")

    def __init__(self) -> None:
        self.forms = OptionsForms()
        self.hashes = OptionsHashes()


# Signing and verifying do not share their memories: strangers' documents must not push ours out.
_signing: Final[WeakKeyDictionary[CanonicalForms, _Memory]] = WeakKeyDictionary()
_verifying: Final[WeakKeyDictionary[CanonicalForms, _Memory]] = WeakKeyDictionary()


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
    memories = _verifying if stranger else _signing
    memory = memories.get(canon)
    if memory is None:
        memory = memories.setdefault(canon, _Memory())
    hashing, created = HASHES[hash_name], options.get("created")
    place = form_key(options, contexts) if isinstance(created, str) and is_plain_stamp(created) else None
    try:
        # Forms do not depend on the hash function: what depends on it are labels where blank nodes are several.
        known = memory.forms.get(place) if place is not None else None
    except TypeError:  # An object or array is no part of any key.
        place = known = None
    if known is not None:
        return hashing(known[0] + str(created).encode() + known[1]).digest()

    key = options_key(options, contexts)
    digest = memory.hashes.get((hash_name, *key)) if key is not None else None
    if digest is not None:
        return digest
    document: dict[str, JSONValue] = {"@context": contexts, **options}
    form = canon.canonicalize(document, allow_inline=allow_inline, stranger=stranger, hash_name=hash_name)
    digest = hashing(form).digest()
    if key is not None:
        parts = around(form, str(created)) if place is not None else None
        if parts is not None and place is not None:
            memory.forms.put(place, parts)
        else:
            memory.hashes.put((hash_name, *key), digest)
    return digest
