"""A person's own DIDs: proved by a signature over a challenge of ours, or made and kept here for them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from sealwright.domain.audit import AuditEntry
from sealwright.domain.dids import Custody, DIDKind, KeyPurpose, MethodState
from sealwright.domain.errors import AddressInUse, InvalidProof, MalformedBody, NotFound, StateConflict
from sealwright.domain.people import Caller, Person, system_actor
from sealwright.domain.sign_in import ChallengePurpose
from sealwright.services.challenges import CHALLENGE_LIFE, keep_challenge
from sealwright.services.did_control import ControlProof, check_control_proof
from sealwright.services.dids import DIDDesk, NewDID
from sealwright.services.ports import Clock, KeyStore, UnitOfWork
from sealwright.services.profile import present_person, store_person
from sealwright.services.sessions import Sessions
from sealwright.services.wallets import OwnChallenge
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.jose import SIGNING_ALGORITHMS
from sealwright.vc.keys.jwk import private_jwk
from sealwright.vc.keys.multikey import decode_multikey

DIDS_MOST: Final = 20
PASSPHRASE_LEAST: Final = 12
PASSPHRASE_MOST: Final = 256
_NO_CHALLENGE: Final = "This challenge was not asked for, was answered already, or is too old; ask for another one."


class Encrypt(Protocol):
    """Encrypts a JSON object under a passphrase, as a compact JWE."""

    def __call__(self, members: dict[str, JSONValue], passphrase: str) -> str: ...


@dataclass(frozen=True, slots=True)
class ProvedDID:
    """A DID whose control was proved by somebody; it is theirs once the challenge is found to be theirs too."""

    did: str
    challenge: bytes


class OwnDIDs:
    """The DIDs of the caller's own account; methods with a unit of work need the registry lock.

    Args:
        encrypt: For the export of custodial keys.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        sessions: Sessions,
        dids: DIDDesk,
        keys: KeyStore,
        resolver: DIDResolver,
        encrypt: Encrypt,
        public_url: str,
    ) -> None:
        self._clock = clock
        self._sessions = sessions
        self._dids = dids
        self._keys = keys
        self._resolver = resolver
        self._encrypt = encrypt
        self._public_url = public_url

    # -- proof of control --------------------------------------------------------------------------

    def challenge(self, uow: UnitOfWork, caller: Caller, did: str) -> OwnChallenge:
        """Make the text that a key of the DID has to sign as a JWS: `aud` is this office, `sub` the DID, and a nonce.

        Raises:
            InvalidDID: Not a DID.
            AddressInUse: It is somebody else's.
        """
        person = present_person(uow, caller)
        parse_did(did)
        _require_free(uow, person, did)
        now = self._clock.now()
        text = canonicalize_json(
            {
                "aud": self._public_url,
                "exp": int((now + CHALLENGE_LIFE).timestamp()),
                "iat": int(now.timestamp()),
                "nonce": secrets.token_urlsafe(24),
                "sub": did,
            }
        )
        kept = keep_challenge(uow, self._clock, ChallengePurpose.DID, person.user_id, text)
        return OwnChallenge(text.decode("utf-8"), kept.expires_at)

    def check_proof(self, did: str, proof: str) -> ProvedDID:
        """Check a JWS over a challenge against the DID's present document; may look it up over the network.

        Raises:
            InvalidDID, UnsupportedDIDMethod, DIDNotResolved: The DID cannot be resolved here.
            InvalidProof: The proof does not hold, or is over something else.
        """
        resolved = self._resolver.resolve(str(parse_did(did)))
        if resolved.deactivated:
            raise InvalidProof("The DID is deactivated.")
        proved: ControlProof = check_control_proof(proof, resolved, audience=self._public_url)
        if proved.subject != did:
            raise InvalidProof("The proof is over the challenge of another DID.")
        return ProvedDID(did, proved.payload)

    def bind(self, uow: UnitOfWork, caller: Caller, proved: ProvedDID) -> Person:
        """Make a proved DID the caller's own; the first one also becomes the one that new credentials name.

        Raises:
            InvalidProof: The challenge was made for somebody else, was used, or is too old.
            AddressInUse: Somebody else proved it.
            StateConflict: There are 20 already.
        """
        person = present_person(uow, caller)
        digest = hashlib.sha256(proved.challenge).digest()
        taken = uow.sign_ins.take_challenge(digest, ChallengePurpose.DID, self._clock.now())
        if taken is None or taken.user_id != person.user_id or taken.payload != proved.challenge:
            raise InvalidProof(_NO_CHALLENGE)
        _require_free(uow, person, proved.did)
        if proved.did in person.dids:
            return person
        if len(person.dids) >= DIDS_MOST:
            raise StateConflict(f"There are {DIDS_MOST} DIDs already.")
        changed = replace(person, dids=(*person.dids, proved.did), holder_did=person.holder_did or proved.did)
        return store_person(uow, caller, person, changed, change="did_bound", at=self._clock.now())

    def unbind(self, uow: UnitOfWork, caller: Caller, did: str) -> Person:
        """Give a DID up; custodial ones stay with their account.

        Raises:
            NotFound: Not one of the caller's.
            StateConflict: Its keys are kept here.
        """
        person = present_person(uow, caller)
        if did not in person.dids:
            raise NotFound("This DID is not among yours.")
        if self.is_custodial(uow, person, did):
            raise StateConflict("The keys of this DID are kept here; it stays with the account.")
        kept = tuple(one for one in person.dids if one != did)
        holder = person.holder_did if person.holder_did != did else None
        changed = replace(person, dids=kept, holder_did=holder)
        return store_person(uow, caller, person, changed, change="did_removed", at=self._clock.now())

    # -- custody -----------------------------------------------------------------------------------

    @staticmethod
    def is_custodial(uow: UnitOfWork, person: Person, did: str) -> bool:
        """Tell whether the office keeps the keys of one of a person's own DIDs."""
        record = uow.dids.get(did)
        return (
            record is not None
            and record.owner_user_id == person.user_id
            and any(method.custody is Custody.SERVER for method in record.methods)
        )

    def custodial_did(self, uow: UnitOfWork, person: Person) -> str:
        """The DID that a person's new credentials name; where they have none, one is made and kept here.

        The caller's unit of work needs the registry lock from its start where `person.holder_did` is None.

        Raises:
            Sealed: Keys cannot be made now.
        """
        present = uow.people.get(person.user_id) or person
        if present.holder_did is not None:
            return present.holder_did
        keeper = Caller(system_actor("custody"), uow.office.epoch(), person=present)
        made = self._dids.create(uow, keeper, NewDID(method="adi", kind=DIDKind.HUMAN))
        changed = replace(present, dids=(*present.dids, made.did), holder_did=made.did)
        store_person(uow, keeper, present, changed, change="did_made", at=self._clock.now())
        return made.did

    def make(self, uow: UnitOfWork, caller: Caller, proof_types: Sequence[str]) -> Person:
        """Make a further did:adi for the caller, with keys kept here for these proof types.

        The first DID of an account also becomes the one that new credentials name.

        Raises:
            UnsupportedProofType, ProofTypeUnavailable: Keys for one of them are not made here.
            StateConflict: There are 20 already.
            Sealed: Keys cannot be made now.
        """
        person = present_person(uow, caller)
        if len(person.dids) >= DIDS_MOST:
            raise StateConflict(f"There are {DIDS_MOST} DIDs already.")
        wish = NewDID(method="adi", kind=DIDKind.HUMAN, proof_types=tuple(proof_types))
        made = self._dids.create(uow, caller, wish)
        changed = replace(person, dids=(*person.dids, made.did), holder_did=person.holder_did or made.did)
        return store_person(uow, caller, person, changed, change="did_made", at=self._clock.now())

    def export(self, uow: UnitOfWork, caller: Caller, did: str, passphrase: str) -> str:
        """The private keys of a custodial DID, encrypted under a passphrase: a compact JWE over a JWK set.

        Raises:
            FreshSignInRequired: No full sign-in of the last ten minutes; a bearer token never has one.
            NotFound: Not a custodial DID of the caller.
            MalformedBody: A passphrase under 12 characters.
            StateConflict: The keys are in hardware, which gives none out.
            Sealed: The keys do not open now.

        Spec: RFC 7516; RFC 7517, "JWK Set Format"; RFC 7518, "Key Encryption with PBES2".
        """
        self._sessions.require_fresh(caller)
        person = present_person(uow, caller)
        if did not in person.dids or not self.is_custodial(uow, person, did):
            raise NotFound("There is no such DID of yours with keys kept here.")
        if not PASSPHRASE_LEAST <= len(passphrase) <= PASSPHRASE_MOST:
            detail = f"must have {PASSPHRASE_LEAST} to {PASSPHRASE_MOST} characters"
            raise MalformedBody(
                "The passphrase cannot be taken.", faults=[Fault("/passphrase", "INVALID_VALUE", detail)]
            )
        keys = self._private_jwks(uow, did)
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action="key.exported",
                object_type="did",
                object_id=did,
                at=self._clock.now(),
                data={"verificationMethods": [str(key["kid"]) for key in keys]},
            )
        )
        listed: list[JSONValue] = [dict(key) for key in keys]
        return self._encrypt({"keys": listed}, passphrase)

    def _private_jwks(self, uow: UnitOfWork, did: str) -> list[dict[str, JSONValue]]:
        record = uow.dids.get(did)
        found: list[dict[str, JSONValue]] = []
        for method in record.methods if record is not None else ():
            # A key that is listed in two forms is one key.
            stored = uow.keys.get(method.id)
            is_wanted = method.use is KeyPurpose.CREDENTIALS and method.state is MethodState.ACTIVE
            if stored is None or not is_wanted:
                continue
            seed: Secret32 = self._keys.export_seed(stored)
            kind = decode_multikey(method.public_key_multibase).kind
            key: dict[str, JSONValue] = {**private_jwk(seed, kind), "kid": method.id}
            # BBS signatures have no name among those of JOSE.
            if kind in SIGNING_ALGORITHMS:
                key["alg"] = SIGNING_ALGORITHMS[kind]
            found.append(key)
        if not found:
            raise NotFound("There is no such DID of yours with keys kept here.")
        return found


def _require_free(uow: UnitOfWork, person: Person, did: str) -> None:
    other = uow.people.by_did(did)
    if other is not None and other.user_id != person.user_id:
        raise AddressInUse("Another person proved control of this DID.")
