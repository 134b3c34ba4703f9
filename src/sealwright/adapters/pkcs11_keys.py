"""A key store in hardware: Ed25519 and P-256 keys that are made in a PKCS#11 token and never leave it.

Private keys are token objects, sensitive and not extractable. What the database keeps of one is its object id;
the object's label is a digest of the row it belongs to, so an id that was moved to another row finds nothing.
Small secrets, and keys made before the token came, stay with the software key store beside it. So do BLS12-381 keys,
which no token makes, and the X25519 keys of encrypted messages, which few do; the latter sign nothing.

Spec: PKCS #11 3.0, "EDDSA", "Edwards EC keys", "Elliptic curve key pair generation", "ECDSA".
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

from sealwright.adapters.kek import KekRefused, read_private_file
from sealwright.adapters.software_keys import SoftwareKeyStore, length_prefixed, require_signable
from sealwright.adapters.token_kinds import BESIDE, TokenKind, token_kind
from sealwright.domain.dids import KeyPurpose, MethodState, StoredKey
from sealwright.domain.errors import Sealed, SigningFailed
from sealwright.services.ports import NewKey
from sealwright.vc.errors import InvalidKey, UnsupportedKeyType
from sealwright.vc.keys.ed25519 import SIGNATURE_BYTES, Secret32
from sealwright.vc.proofs.signers import public_of

if TYPE_CHECKING:
    import pkcs11

BACKEND: Final = "pkcs11"
_FORMAT: Final = b"\x01"
_ID_BYTES: Final = 16
_MOST_HANDLES: Final = 1024
_RETRY_SECONDS: Final = 2.0
_PIN_BYTES: Final = 256
# A library is opened once in a process and, as its binding opens it, may be entered by one thread at a time.
_ENTRANCE: Final = threading.RLock()
_log: Final = logging.getLogger(__name__)
T = TypeVar("T")


class Pkcs11Refused(KekRefused):
    """A hardware key store that must not be used, or cannot be on this machine."""


class _TokenAbsent(Exception):
    """The token does not answer now, or does not take its PIN."""


class Pkcs11KeyStore:
    """Keeps Ed25519 and P-256 keys in a token; a token that is away leaves the store sealed until it is back.

    Args:
        module: The token maker's library.
        token: The token's label.
        pin_file: Its PIN, in a file of mode 0600.
        software: Seals small secrets, and signs with the keys that it made.

    Raises:
        Pkcs11Refused: The extra or the library is not there, or the PIN file may not be used.
    """

    def __init__(self, *, module: Path, token: str, pin_file: Path, software: SoftwareKeyStore) -> None:
        self._software = software
        self._line = _TokenLine(module, token, _read_pin(pin_file))
        self._kek_id = f"pkcs11:{token}"

    @property
    def is_sealed(self) -> bool:
        """Tell whether the token, or the key-encryption key of the software key store, is absent."""
        return self._software.is_sealed or not self._line.is_up

    def generate(self, *, key_id: str, did: str, use: KeyPurpose, algorithm: str) -> NewKey:
        """Make a key in the token, or beside it if tokens hold none of its kind.

        Raises:
            Sealed, SigningFailed, UnsupportedKeyType: As the token, or the store beside it, says.
        """
        if algorithm in BESIDE:
            return self._software.generate(key_id=key_id, did=did, use=use, algorithm=algorithm)
        return self.generate_named(lambda _: (key_id, did), use=use, algorithm=algorithm)[0]

    def generate_named(
        self, naming: Callable[[bytes], tuple[str, str]], *, use: KeyPurpose, algorithm: str
    ) -> tuple[NewKey, str, str]:
        """Make a key in the token whose key id and DID follow from its public key; raises as `generate`."""
        if algorithm in BESIDE:
            return self._software.generate_named(naming, use=use, algorithm=algorithm)
        kind = token_kind(algorithm)
        object_id = secrets.token_bytes(_ID_BYTES)

        def make(session: pkcs11.Session) -> tuple[NewKey, str, str]:
            public, private = _generate_pair(session, kind, object_id)
            try:
                public_key = kind.public_key(bytes(public[_attribute().EC_POINT]))
                key_id, did = naming(public_key)
                # Named last, because the names may follow from the key; until then no row can find the object.
                private[_attribute().LABEL] = _label(key_id, did, use, algorithm, public_key)
            except BaseException:
                private.destroy()
                raise
            finally:
                public.destroy()
            return NewKey(public_key, BACKEND, _FORMAT + object_id, self._kek_id), key_id, did

        return self._line.run(make, "The token could not make a key.")

    def import_seed(self, seed: bytes, *, key_id: str, did: str, use: KeyPurpose, algorithm: str) -> NewKey:
        """Put a private key of 32 bytes into the token, never to leave it again.

        Raises:
            InvalidKey: Not 32 bytes, or no private key of its kind.
            UnsupportedKeyType: Another algorithm, or a token that takes no private keys from outside.
            Sealed: The token is away.
        """
        if algorithm in BESIDE:
            return self._software.import_seed(seed, key_id=key_id, did=did, use=use, algorithm=algorithm)
        kind = token_kind(algorithm)
        secret = Secret32(seed)
        public_key = public_of(kind.kind, secret)
        object_id = secrets.token_bytes(_ID_BYTES)
        label = _label(key_id, did, use, algorithm, public_key)
        try:
            self._line.run(lambda session: _import(session, kind, secret, object_id, label), "refused")
        except SigningFailed as error:
            raise UnsupportedKeyType("The token takes no private keys from outside.") from error
        return NewKey(public_key, BACKEND, _FORMAT + object_id, self._kek_id)

    def sign(self, key: StoredKey, data: bytes, *, use: KeyPurpose, at: datetime) -> bytes:
        """Sign with an active key of this purpose within its life, in the store that made it.

        Raises:
            SigningFailed: Wrong purpose, state or date, or the token has no such key for this row.
            Sealed: The token or the key-encryption key is absent.
        """
        return self.signer(key, use=use, at=at)(data)

    def signer(self, key: StoredKey, *, use: KeyPurpose, at: datetime) -> Callable[[bytes], bytes]:
        """Give what signs with a key that was judged once; both it and this raise as `sign`."""
        if key.backend != BACKEND:
            return self._software.signer(key, use=use, at=at)
        require_signable(key, BACKEND, use=use, at=at)

        def sign(data: bytes) -> bytes:
            signature = self._line.run(lambda session: self._line.sign(session, key, data), "The token did not sign.")
            if len(signature) != SIGNATURE_BYTES:
                raise SigningFailed("The token gave something else than a signature.")
            return signature

        return sign

    def agree(self, key: StoredKey, public_key: bytes) -> bytes:
        """What a software key has in common with another; raises Sealed, SigningFailed, the latter for token keys."""
        return self._software.agree(key, public_key)

    def rewrap(self, key: StoredKey) -> StoredKey:
        """Seal a software key anew; a key in the token is given back unchanged."""
        return self._software.rewrap(key)

    def export_seed(self, key: StoredKey) -> Secret32:
        """A software key in clear, for its holder's own export; raises StateConflict for a key in the token."""
        return self._software.export_seed(key)

    def seal_bytes(self, data: bytes, *, label: str) -> bytes:
        """Encrypt a small secret under the software key store's key-encryption key; raises Sealed."""
        return self._software.seal_bytes(data, label=label)

    def open_bytes(self, sealed: bytes, *, label: str) -> bytes:
        """Decrypt what `seal_bytes` made; raises Sealed."""
        return self._software.open_bytes(sealed, label=label)

    def check(self, keys: Iterable[StoredKey]) -> bool:
        """Tell whether every software key opens and the token holds every active key that is said to be in it."""
        stored = tuple(keys)
        held = [key for key in stored if key.backend == BACKEND and key.state is MethodState.ACTIVE]
        if not self._software.check(stored):
            return False
        try:
            return self._line.run(
                lambda session: all(self._line.holds(session, key) for key in held), "The token did not answer."
            )
        except (Sealed, SigningFailed):
            return False

    def close(self) -> None:
        """Leave the token."""
        self._line.close()


class _Signing(Protocol):
    """A private key's object that signs; the binding mixes this in when it reads the object's attributes."""

    def sign(self, data: bytes, *, mechanism: pkcs11.Mechanism) -> bytes: ...


class _TokenLine:
    """The one session with the token: opened when needed, opened again once when it was lost."""

    def __init__(self, module: Path, token: str, pin: str) -> None:
        self._token = token
        self._pin = pin
        self._session: pkcs11.Session | None = None
        self._handles: dict[tuple[bytes, str], _Signing] = {}
        self._process = os.getpid()
        self._tried_at = -_RETRY_SECONDS
        self._pin_was_refused = False
        try:
            import pkcs11
        except ImportError as error:
            raise Pkcs11Refused("the pkcs11 extra is not installed") from error
        try:
            with _ENTRANCE:
                self._library = pkcs11.lib(str(module))
        except Exception as error:  # the binding raises RuntimeError, and bare classes of its own
            raise Pkcs11Refused("the PKCS#11 library cannot be loaded") from error

    @property
    def is_up(self) -> bool:
        """Tell whether the token answered last; one that did not is tried again every two seconds."""
        with _ENTRANCE:
            if self._session is not None and self._process == os.getpid():
                return True
            if time.monotonic() - self._tried_at < _RETRY_SECONDS:
                return False
            try:
                self._open()
            except _TokenAbsent:
                return False
            return True

    def run(self, act: Callable[[pkcs11.Session], T], failure: str) -> T:
        """Do something in a session; when the session was lost, once more in a new one.

        Raises:
            Sealed: No session can be had.
            SigningFailed: The token refused, with `failure` as its sentence.
        """
        import pkcs11

        with _ENTRANCE:
            try:
                try:
                    return act(self._open())
                except _lost_errors():
                    _log.warning("token session lost", extra={"kind": "Pkcs11KeyStore"})
                    self._forget()
                    return act(self._open())
            except _TokenAbsent as error:
                raise Sealed("The token that holds the keys does not answer.") from error
            except (pkcs11.PKCS11Error, InvalidKey) as error:
                self._forget()
                raise SigningFailed(failure) from error

    def sign(self, session: pkcs11.Session, key: StoredKey, data: bytes) -> bytes:
        """Sign with the object of a row."""
        import pkcs11

        found = self._find(session, key)
        if found is None:
            raise SigningFailed("The token holds no such key for this row.")
        kind = token_kind(key.algorithm)
        given = hashlib.sha256(data).digest() if kind.is_hashed else data
        return bytes(found.sign(given, mechanism=pkcs11.Mechanism[kind.signing]))

    def holds(self, session: pkcs11.Session, key: StoredKey) -> bool:
        """Tell whether the token has the object of a row."""
        return self._find(session, key) is not None

    def close(self) -> None:
        """Log out and close the session."""
        with _ENTRANCE:
            self._forget()

    def _find(self, session: pkcs11.Session, key: StoredKey) -> _Signing | None:
        import pkcs11

        label = _label(key.key_id, key.did, key.use, key.algorithm, key.public_key)
        name = (key.sealed, label)
        found = self._handles.get(name)
        if found is None and key.sealed[:1] == _FORMAT and len(key.sealed) == 1 + _ID_BYTES:
            template = {
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
                pkcs11.Attribute.ID: key.sealed[1:],
                pkcs11.Attribute.LABEL: label,
            }
            objects = list(session.get_objects(template))
            if len(objects) != 1:
                return None
            found = cast(_Signing, objects[0])
            while len(self._handles) >= _MOST_HANDLES:
                del self._handles[next(iter(self._handles))]
            self._handles[name] = found
        return found

    def _open(self) -> pkcs11.Session:
        import pkcs11

        if self._process != os.getpid():
            # A library that was opened before the process forked is of no use in the child.
            self._session, self._process = None, os.getpid()
            self._handles.clear()
            self._library.reinitialize()
        if self._session is None:
            self._tried_at = time.monotonic()
            if self._pin_was_refused:
                # Trying again would lock the token for everybody.
                raise _TokenAbsent
            try:
                self._session = self._log_in()
            except pkcs11.PKCS11Error:
                # Tokens that came or came back after the library was opened are seen only by a fresh start.
                try:
                    self._library.reinitialize()
                    self._session = self._log_in()
                except pkcs11.PKCS11Error as error:
                    raise _TokenAbsent from error
        return self._session

    def _log_in(self) -> pkcs11.Session:
        import pkcs11

        token = self._library.get_token(token_label=self._token)
        try:
            return token.open(rw=True, user_pin=self._pin)
        except pkcs11.UserAlreadyLoggedIn:
            # Another store of this process is logged in, which holds for all its sessions.
            return token.open(rw=True)
        except (
            pkcs11.PinIncorrect,
            pkcs11.PinInvalid,
            pkcs11.PinLenRange,
            pkcs11.PinLocked,
            pkcs11.PinExpired,
        ) as error:
            self._pin_was_refused = True
            raise _TokenAbsent from error

    def _forget(self) -> None:
        import pkcs11

        session, self._session = self._session, None
        self._handles.clear()
        if session is not None:
            try:
                session.close()
            except pkcs11.PKCS11Error:
                # It is gone already, which is what was wanted.
                return


def _read_pin(path: Path) -> str:
    try:
        pin = read_private_file(path, _PIN_BYTES).decode("utf-8").strip("\r\n")
    except (KekRefused, UnicodeDecodeError) as error:
        raise Pkcs11Refused("the PIN file cannot be read, or is readable by others") from error
    if not pin:
        raise Pkcs11Refused("the PIN file is empty")
    return pin


def _label(key_id: str, did: str, use: KeyPurpose, algorithm: str, public_key: bytes) -> str:
    row = length_prefixed("pkcs11", key_id, did, use.value, algorithm, public_key.hex())
    # 32 characters: what the narrowest tokens take, and still 128 bits.
    return hashlib.sha256(row).hexdigest()[:32]


def _attribute() -> type[pkcs11.Attribute]:
    import pkcs11

    return pkcs11.Attribute


def _lost_errors() -> tuple[type[Exception], ...]:
    """What a token says when the session, or the login, is not there any more."""
    import pkcs11

    return (
        pkcs11.SessionHandleInvalid,
        pkcs11.SessionClosed,
        pkcs11.ObjectHandleInvalid,
        pkcs11.KeyHandleInvalid,
        pkcs11.UserNotLoggedIn,
        pkcs11.DeviceRemoved,
        pkcs11.DeviceError,
        pkcs11.TokenNotPresent,
        pkcs11.GeneralError,
    )


def _guarded() -> dict[pkcs11.Attribute, bool]:
    attribute = _attribute()
    return {
        attribute.TOKEN: True,
        attribute.PRIVATE: True,
        attribute.SENSITIVE: True,
        attribute.EXTRACTABLE: False,
        attribute.SIGN: True,
        attribute.DERIVE: False,
    }


def _generate_pair(
    session: pkcs11.Session, kind: TokenKind, object_id: bytes
) -> tuple[pkcs11.PublicKey, pkcs11.PrivateKey]:
    import pkcs11

    refusal: Exception | None = None
    for curve in kind.curves:
        parameters = session.create_domain_parameters(
            pkcs11.KeyType[kind.key_type], {pkcs11.Attribute.EC_PARAMS: curve}, local=True
        )
        try:
            pair = parameters.generate_keypair(
                mechanism=pkcs11.Mechanism[kind.generation],
                id=object_id,
                label="sealwright new key",
                store=True,
                private_template=_guarded(),
            )
        except (pkcs11.DomainParamsInvalid, pkcs11.AttributeValueInvalid, pkcs11.TemplateInconsistent) as error:
            refusal = error
            continue
        return pair
    raise refusal or pkcs11.DomainParamsInvalid


def _import(session: pkcs11.Session, kind: TokenKind, secret: Secret32, object_id: bytes, label: str) -> None:
    import pkcs11

    session.create_object(
        {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
            pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType[kind.key_type],
            pkcs11.Attribute.EC_PARAMS: kind.curves[0],
            pkcs11.Attribute.VALUE: secret.reveal(),
            pkcs11.Attribute.ID: object_id,
            pkcs11.Attribute.LABEL: label,
            **_guarded(),
        }
    )
