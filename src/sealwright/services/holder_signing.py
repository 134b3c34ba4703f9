"""Holders' signatures: over what they show to somebody, by keys that are kept here for them, and over nothing else.

A key signs here for authentication only. What is signed is a presentation that this module has built itself, or the
key binding of an SD-JWT; never a credential, and never bytes that somebody brought.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.domain.dids import Custody, DIDRecord, KeyPurpose, MethodRecord, MethodState
from sealwright.domain.errors import HolderDeactivated, HolderNotFound, SigningFailed
from sealwright.domain.people import Caller
from sealwright.services.ports import KeyStore, UnitOfWork
from sealwright.services.self_check import check_own_presentation
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ProofInvalid, UnsupportedProofType
from sealwright.vc.keys.multikey import KeyKind, decode_multikey
from sealwright.vc.proofs.jwt import JWT_ALGORITHMS
from sealwright.vc.proofs.key_binding import confirmation_key, verify_key_binding
from sealwright.vc.proofs.registry import SUITES, issuing_suite
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from sealwright.vc.proofs.sd_jwt_showing import bound
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from sealwright.vc.proofs.suites.suite import Suite

PURPOSE: Final = "authentication"
ALGORITHMS: Final[Mapping[KeyKind, str]] = {"Ed25519": "EdDSA", "P-256": "ES256"}
# The first that a key serves is taken where nobody says otherwise.
USUAL: Final = {
    "1.1": ("Ed25519Signature2020", "eddsa-rdfc-2022", "ecdsa-rdfc-2019"),
    "2.0": ("eddsa-rdfc-2022", "ecdsa-rdfc-2019"),
}


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs what is shown: a DID of the caller's own, and the suite and key that it is signed with."""

    holder: DIDRecord
    proof_type: str
    method: MethodRecord


@dataclass(frozen=True, slots=True)
class Contents:
    """What a presentation holds.

    Args:
        base: The base context of its data model.
        credentials: What it shows, in order.
    """

    presentation_id: str
    base: str
    credentials: tuple[JSONValue, ...]


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a presentation is made for, and until when it may be taken."""

    challenge: str
    domain: str
    created: datetime
    expires: datetime


def own_did(caller: Caller, record: DIDRecord | None) -> DIDRecord:
    """A DID that is kept here for the caller.

    Raises:
        HolderNotFound: It is not kept here, or not for this person: the two look alike.
        HolderDeactivated: It was ended.
    """
    person = caller.require_person()
    if record is None or person is None or record.owner_user_id != person.user_id:
        raise HolderNotFound("No such DID of yours is kept here.")
    if not record.is_active:
        raise HolderDeactivated(f"{record.did} is deactivated.")
    return record


def signatory(record: DIDRecord, proof_type: str | None, model: str) -> Signatory:
    """Whose key signs a presentation, and how.

    Args:
        proof_type: What was asked for; None takes what suits the data model and the keys.
        model: Data model of the presentation.

    Raises:
        HolderNotFound: No key of the DID that is kept here signs so.
        UnsupportedProofType: Presentations are not signed under this suite.
        ProofTypeUnavailable: Known, but its machinery is not part of this installation.
    """
    wanted = (proof_type,) if proof_type is not None else tuple(name for name in USUAL[model] if name in SUITES)
    for name in wanted:
        suite = issuing_suite(name)
        if not isinstance(suite, Suite):
            raise UnsupportedProofType(f"A presentation is signed whole, and not under {name}.")
        for method in signing_methods(record):
            kind = decode_multikey(method.public_key_multibase).kind
            if kind in suite.key_kinds and method.type in suite.method_types:
                return Signatory(record, name, method)
    raise HolderNotFound(f"No key of {record.did} that is kept here signs presentations under {', '.join(wanted)}.")


def bound_method(record: DIDRecord, text: str) -> MethodRecord:
    """The method of the holder whose key an SD-JWT is bound to.

    Raises:
        ProofInvalid: It is bound to no key, or to one that is not kept here.
        MalformedDocument, UnreadableJSON: It is no SD-JWT.
    """
    wanted = confirmation_key(open_sd_jwt(text).claims)
    for method in signing_methods(record) if wanted is not None else ():
        if decode_multikey(method.public_key_multibase) == wanted:
            return method
    raise ProofInvalid("The credential is bound to no key of the holder that is kept here.")


def signing_methods(record: DIDRecord) -> list[MethodRecord]:
    """The authentication methods of a DID whose keys are kept here and sign for it, in the order of its document."""
    return [
        method
        for method in record.methods
        if method.state is MethodState.ACTIVE
        and method.custody is Custody.SERVER
        and method.use is KeyPurpose.CREDENTIALS
        and PURPOSE in method.purposes
    ]


def token_method(record: DIDRecord) -> MethodRecord | None:
    """The method that an agent signs tokens and its card with; None where no such key of it is kept here."""
    return next(
        (
            method
            for method in signing_methods(record)
            if decode_multikey(method.public_key_multibase).kind in ALGORITHMS
        ),
        None,
    )


@dataclass(frozen=True, slots=True)
class Signing:
    """Whose presentation it is, with which verification method and under which suite it is signed."""

    did: str
    method_id: str
    proof_type: str


def sign_presentation(
    who: Signing, contents: Contents, occasion: Occasion, canon: Canonicalizer, sign: Callable[[bytes], bytes]
) -> dict[str, JSONValue]:
    """Build a presentation and have it signed; raises DocumentRefused where it would not be signed whole."""
    document: dict[str, JSONValue] = {
        "@context": [contents.base],
        "id": contents.presentation_id,
        "type": ["VerifiablePresentation"],
        "holder": who.did,
        "verifiableCredential": list(contents.credentials),
    }
    options = ProofOptions(
        suite=who.proof_type,
        verification_method=who.method_id,
        created=occasion.created,
        purpose=PURPOSE,
        challenge=occasion.challenge,
        domain=occasion.domain,
        expires=occasion.expires,
    )
    prepared = prepare(with_suite_context(document, who.proof_type), options, canon, allow_inline=True)
    return attach(prepared, sign(prepared.data_to_sign))


class HolderSigning:
    """Signs for holders."""

    def __init__(self, keys: KeyStore, canon: Canonicalizer) -> None:
        self._keys = keys
        self._canon = canon

    def presentation(
        self,
        uow: UnitOfWork,
        signer: Signatory,
        contents: Contents,
        occasion: Occasion,
    ) -> dict[str, JSONValue]:
        """Build, sign and check a presentation.

        Raises:
            DocumentRefused: It would not be signed whole.
            SigningFailed, Sealed: The key does not sign now, or wrongly.
        """
        who = Signing(signer.holder.did, signer.method.id, signer.proof_type)
        made = sign_presentation(
            who,
            contents,
            occasion,
            self._canon,
            lambda data: self._sign(uow, signer.method, data, occasion.created),
        )
        check_own_presentation(made, signer.holder, self._canon, occasion.created)
        return made

    def key_binding(self, uow: UnitOfWork, method: MethodRecord, text: str, occasion: Occasion) -> str:
        """Bind an SD-JWT to its verifier and occasion; raises SigningFailed, Sealed, ProofInvalid."""
        kind = decode_multikey(method.public_key_multibase).kind
        algorithm = ALGORITHMS.get(kind)
        if algorithm is None:
            raise ProofInvalid(f"Keys of the kind {kind} bind no SD-JWT here.")
        made = bound(
            text,
            lambda data: self._sign(uow, method, data, occasion.created),
            algorithm,
            nonce=occasion.challenge,
            audience=occasion.domain,
            now=occasion.created,
        )
        verify_key_binding(open_sd_jwt(made), accepted=JWT_ALGORITHMS, now=occasion.created)
        return made

    def _sign(self, uow: UnitOfWork, method: MethodRecord, data: bytes, at: datetime) -> bytes:
        key = uow.keys.get(method.key_id)
        if key is None:
            raise SigningFailed("The holder's key is gone.")
        return self._keys.sign(key, data, use=KeyPurpose.CREDENTIALS, at=at)
