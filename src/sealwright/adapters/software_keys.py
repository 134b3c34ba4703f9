"""The software key store: private keys as AES-256-GCM ciphertext, opened in memory to sign and to agree.

Keys of all kinds are alike here: 32 secret bytes, a public key that follows from them, and a signer of their kind."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from sealwright.adapters.kek import CannotOpen, KekRing, KeyEncryptionKey
from sealwright.domain.dids import KeyPurpose, MethodState, StoredKey
from sealwright.domain.errors import Sealed, SigningFailed, StateConflict
from sealwright.services.ports import NewKey
from sealwright.vc.errors import InvalidEncoding, InvalidKey, UnsupportedKeyType
from sealwright.vc.keys import x25519
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import KeyKind
from sealwright.vc.proofs.signers import SIGNING_KINDS, PrivateSigner, new_secret, public_of, signer_for

BACKEND: Final = "software"
ED25519: Final = "Ed25519"
X25519: Final = "X25519"
BLS12_381_G2: Final = "BLS12-381-G2"
KEPT_KINDS: Final[tuple[KeyKind, ...]] = (*SIGNING_KINDS, X25519)
"""Kinds of key that can be kept."""

_FORMAT: Final = b"\x01"
_MOST_SIGNERS: Final = 1024


class SoftwareKeyStore:
    """Keeps keys that sign, and those that agree, sealed under the key-encryption key, and uses them.

    The key id, DID, purpose, algorithm and KEK id are the associated data of each ciphertext, so one that was
    moved to another row does not open. Opened keys stay in memory, the last 1,024 of them; an entry counts
    only for the very row it was opened from.

    Args:
        keks: The key-encryption keys; with none the store is sealed.
    """

    def __init__(self, keks: KekRing) -> None:
        self._keks = keks
        self._signers: dict[tuple[object, ...], PrivateSigner] = {}
        self._lock = threading.Lock()
        self._fits = True

    @property
    def is_sealed(self) -> bool:
        """Tell whether the key-encryption key is absent, or did not fit at the last `check`."""
        return not self._fits or self._keks.current() is None

    def generate(self, *, key_id: str, did: str, use: KeyPurpose, algorithm: str) -> NewKey:
        """Make a private key; raises Sealed, and UnsupportedKeyType for other algorithms than `KEPT_KINDS`."""
        return self._seal_new(new_secret(_kept_kind(algorithm)), key_id, did, use, algorithm)

    def generate_named(
        self, naming: Callable[[bytes], tuple[str, str]], *, use: KeyPurpose, algorithm: str
    ) -> tuple[NewKey, str, str]:
        """Make a private key whose key id and DID follow from its public key; raises as `generate`."""
        seed = new_secret(_kept_kind(algorithm))
        key_id, did = naming(_public(seed, algorithm))
        return self._seal_new(seed, key_id, did, use, algorithm), key_id, did

    def import_seed(self, seed: bytes, *, key_id: str, did: str, use: KeyPurpose, algorithm: str) -> NewKey:
        """Take over a private key of 32 bytes; raises Sealed, UnsupportedKeyType, InvalidKey if it is no such key."""
        return self._seal_new(Secret32(seed), key_id, did, use, algorithm)

    def sign(self, key: StoredKey, data: bytes, *, use: KeyPurpose, at: datetime) -> bytes:
        """Sign with an active key of this purpose within its life.

        Raises:
            SigningFailed: Wrong purpose, state, date or backend, a ciphertext that is not this key's, or data that a
                key of this kind does not sign.
            Sealed: The key-encryption key is absent or does not fit.
        """
        return self.signer(key, use=use, at=at)(data)

    def signer(self, key: StoredKey, *, use: KeyPurpose, at: datetime) -> Callable[[bytes], bytes]:
        """Give what signs with a key that was judged once; raises as `sign`."""
        require_signable(key, BACKEND, use=use, at=at)
        if not self._fits:
            raise Sealed("The key-encryption key does not fit the stored keys.")
        held = self._signer(key)

        def sign(data: bytes) -> bytes:
            try:
                return held.sign(data)
            except InvalidEncoding as error:
                raise SigningFailed("What is to be signed has not the form that the key signs.") from error

        # Of a key that signs any bytes nothing can go wrong, and batches sign thousands of rows.
        return sign if key.algorithm == BLS12_381_G2 else held.sign

    def agree(self, key: StoredKey, public_key: bytes) -> bytes:
        """The 32 bytes that an X25519 key, or the X25519 form of a did:key's own key, has in common with another.

        Raises:
            SigningFailed: The key is not for this, not active, or the public key is of small order.
            Sealed: The key-encryption key is absent or does not fit.
        """
        # Any other key that signs must not agree as well: one key, one purpose. The method did:key derives both.
        is_derived = key.algorithm == ED25519 and key.did.startswith("did:key:")
        use = KeyPurpose.CREDENTIALS if is_derived else KeyPurpose.KEY_AGREEMENT
        if key.backend != BACKEND or key.use is not use or key.state is not MethodState.ACTIVE:
            raise SigningFailed("The key is not for agreeing with others, or not active.")
        if not self._fits:
            raise Sealed("The key-encryption key does not fit the stored keys.")
        secret = self._open(key)
        try:
            return x25519.agree(x25519.private_of_ed25519(secret) if is_derived else secret, public_key)
        except InvalidKey as error:
            raise SigningFailed("The other party's key is of small order.") from error

    def rewrap(self, key: StoredKey) -> StoredKey:
        """Seal the key anew under the present key-encryption key; other backends' keys are given back unchanged.

        Raises:
            Sealed: The present key, or the one that sealed it, is absent.
            SigningFailed: The ciphertext is not this key's.
        """
        if key.backend != BACKEND:
            return key
        seed = self._open(key)
        kek = self._require_kek()
        associated = _associated(key.key_id, key.did, key.use, key.algorithm, kek.kek_id)
        return replace(key, sealed=_FORMAT + kek.seal(seed.reveal(), associated), kek_id=kek.kek_id)

    def export_seed(self, key: StoredKey) -> Secret32:
        """A private key in clear, for its holder's own export only.

        Raises:
            StateConflict: Another key store holds it.
            Sealed, SigningFailed: It does not open now, or is not the key that its row says.
        """
        if key.backend != BACKEND:
            raise StateConflict("The key is in hardware, which gives none out.")
        return self._open(key)

    def seal_bytes(self, data: bytes, *, label: str) -> bytes:
        """Encrypt a small secret at rest; `label` must be given again to open it. Raises Sealed."""
        return seal_labeled(self._require_kek(), data, label)

    def open_bytes(self, sealed: bytes, *, label: str) -> bytes:
        """Decrypt what `seal_bytes` made under the same label; raises Sealed when it does not open."""
        return open_labeled(self._keks, sealed, label)

    def check(self, keys: Iterable[StoredKey]) -> bool:
        """Tell whether every software key opens and is the one its row says.

        The answer is kept: after a False the store is sealed until a later check passes.
        """
        self._fits = self._keks.current() is not None and all(
            self._opens(key) for key in keys if key.backend == BACKEND
        )
        return self._fits

    def _opens(self, key: StoredKey) -> bool:
        try:
            # Past the cache: what is asked is whether the ciphertext opens now.
            self._open(key)
        except (Sealed, SigningFailed):
            return False
        return True

    def _require_kek(self) -> KeyEncryptionKey:
        kek = self._keks.current()
        if kek is None:
            raise Sealed("The key-encryption key is absent.")
        if not self._fits:
            # A key made now under a stranger's KEK would be lost with it.
            raise Sealed("The key-encryption key does not fit the stored keys.")
        return kek

    def _seal_new(self, seed: Secret32, key_id: str, did: str, use: KeyPurpose, algorithm: str) -> NewKey:
        public_key = _public(seed, algorithm)
        kek = self._require_kek()
        sealed = _FORMAT + kek.seal(seed.reveal(), _associated(key_id, did, use, algorithm, kek.kek_id))
        return NewKey(public_key, BACKEND, sealed, kek.kek_id)

    def _signer(self, key: StoredKey) -> PrivateSigner:
        # Every member that binds the ciphertext is part of the name, so a changed row is opened, and judged, anew.
        name = (key.key_id, key.did, key.use, key.algorithm, key.kek_id, key.public_key, key.sealed)
        signer = self._signers.get(name)
        if signer is None:
            signer = signer_for(_kept_kind(key.algorithm), self._open(key))
            with self._lock:
                while len(self._signers) >= _MOST_SIGNERS:
                    del self._signers[next(iter(self._signers))]
                self._signers[name] = signer
        return signer

    def _open(self, key: StoredKey) -> Secret32:
        kek = self._keks.find(key.kek_id)
        if kek is None:
            raise Sealed("The key-encryption key is absent or does not fit.")
        if key.algorithm not in KEPT_KINDS or key.sealed[:1] != _FORMAT:
            raise SigningFailed("The stored key has an unknown form.")
        try:
            opened = kek.open(key.sealed[1:], _associated(key.key_id, key.did, key.use, key.algorithm, key.kek_id))
        except CannotOpen as error:
            raise SigningFailed("The stored key does not open as the key it is kept as.") from error
        seed = Secret32(opened)
        try:
            public_key = _public(seed, key.algorithm)
        except InvalidKey as error:
            raise SigningFailed("The stored key is no private key of its kind.") from error
        if not hmac.compare_digest(public_key, key.public_key):
            raise SigningFailed("The stored key and its public key do not belong together.")
        return seed


def _kept_kind(algorithm: str) -> KeyKind:
    for kind in KEPT_KINDS:
        if kind == algorithm:
            return kind
    raise UnsupportedKeyType(f"The software key store makes no {algorithm} keys.")


def _public(seed: Secret32, algorithm: str) -> bytes:
    return public_of(_kept_kind(algorithm), seed)


def require_signable(key: StoredKey, backend: str, *, use: KeyPurpose, at: datetime) -> None:
    """Refuse a key that may not sign for this purpose at this moment.

    Raises:
        SigningFailed: It belongs to another key store, has another purpose, is not active, or its life is over.
    """
    if key.backend != backend:
        raise SigningFailed("The key belongs to another key store.")
    if key.use is not use:
        raise SigningFailed("The key has another purpose.")
    if key.algorithm not in SIGNING_KINDS:
        raise SigningFailed("The key does not sign.")
    if key.state is not MethodState.ACTIVE:
        raise SigningFailed("The key is not active.")
    if key.not_after is not None and at >= key.not_after:
        raise SigningFailed("The key's life is over.")


def seal_labeled(kek: KeyEncryptionKey, data: bytes, label: str) -> bytes:
    """Encrypt bytes bound to a label; the KEK's id stands in front, so that an earlier KEK is found again."""
    kek_id = kek.kek_id.encode("ascii")
    return _FORMAT + bytes([len(kek_id)]) + kek_id + kek.seal(data, length_prefixed("bytes", label, kek.kek_id))


def open_labeled(keks: KekRing, sealed: bytes, label: str) -> bytes:
    """Decrypt what `seal_labeled` made.

    Raises:
        Sealed: The KEK is absent, the label is another, or the bytes were changed.
    """
    try:
        start = 2 + sealed[1]
        kek_id = sealed[2:start].decode("ascii")
    except (IndexError, UnicodeDecodeError) as error:
        raise Sealed("Sealed bytes have an unknown form.") from error
    kek = keks.find(kek_id) if sealed[:1] == _FORMAT else None
    if kek is None:
        raise Sealed("The key-encryption key is absent or does not fit.")
    try:
        return kek.open(sealed[start:], length_prefixed("bytes", label, kek_id))
    except CannotOpen as error:
        raise Sealed("Sealed bytes do not open.") from error


def _associated(key_id: str, did: str, use: KeyPurpose, algorithm: str, kek_id: str) -> bytes:
    return length_prefixed("key", key_id, did, use.value, algorithm, kek_id)


def length_prefixed(*parts: str) -> bytes:
    """Join texts with their lengths, so that no two lists of texts give the same bytes."""
    encoded = [part.encode("utf-8") for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
