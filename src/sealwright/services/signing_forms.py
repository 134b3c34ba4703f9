"""What is to be signed, by the form it leaves in: a document with a proof inside, a compact JWT, an SD-JWT VC.

Each form is built whole before the signer is called, and checked afterwards as a stranger would read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sealwright.domain.credentials import Reservation
from sealwright.domain.formats import CredentialFormat
from sealwright.services.mandatory_pointers import AT, mandatory_pointers
from sealwright.services.orders import IssuanceOrder, sd_jwt_claims, unsigned_document
from sealwright.services.self_check import check_own_sd_jwt, check_own_signature, check_own_token
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.keys import jose
from sealwright.vc.keys.multikey import decode_multikey
from sealwright.vc.proofs.compact import sealed, signing_input
from sealwright.vc.proofs.jwt import credential_payload
from sealwright.vc.proofs.sd_jwt import combined, conceal, padded
from sealwright.vc.proofs.sd_jwt_vc import MEDIA_TYPE, shown
from sealwright.vc.proofs.signing import PreparedProof, ProofOptions, attach, prepare

_HASH_BYTES: Final = 32


class Draft(Protocol):
    """A credential that lacks its signature only."""

    @property
    def data_to_sign(self) -> bytes:
        """What the signer is given."""

    def signed(self, signature: bytes) -> bytes:
        """The credential as it leaves."""

    def check(self, signed: bytes, now: datetime) -> None:
        """Verify the bytes that are about to leave; raises SigningFailed, ProofInvalid and its kin."""


def draft_of(order: IssuanceOrder, reservation: Reservation, public_url: str, canon: Canonicalizer) -> Draft:
    """Build what a reserved order is to be signed as.

    Raises:
        DocumentRefused: It would not be signed whole.
    """
    if order.form is CredentialFormat.SD_JWT:
        claims = sd_jwt_claims(order, reservation, public_url)
        concealed = conceal(claims, decoys=padded)
        data = signing_input(_header(order, MEDIA_TYPE), concealed.payload)
        return _SdJwtDraft(order, data, concealed.disclosures, shown(claims))
    document = unsigned_document(order, reservation, public_url)
    if order.form is CredentialFormat.JWT_VC_JSON:
        return _TokenDraft(order, signing_input(_header(order, "JWT"), credential_payload(document)), document)
    return _EmbeddedDraft(order, document, prepared_proof(order, document, reservation.reserved_at, canon), canon)


def prepared_proof(
    order: IssuanceOrder, document: Mapping[str, JSONValue], moment: datetime, canon: Canonicalizer
) -> PreparedProof:
    """The proof that an order's document is going to have, but for its value.

    Raises:
        DocumentRefused: It would not be signed whole.
        DerivationInvalid: What shall always be shown leads nowhere.
    """
    at = f"/options{AT}" if order.is_document else AT
    options = ProofOptions(
        suite=order.proof_type,
        verification_method=order.method.id,
        created=order.created or moment,
        mandatory_pointers=mandatory_pointers(document, order.proof_type, order.mandatory_pointers, at=at),
        public_key=decode_multikey(order.method.public_key_multibase),
    )
    return prepare(document, options, canon, allow_inline=order.is_document)


@dataclass(frozen=True, slots=True)
class ProofFrame:
    """What the proofs of many documents have in common that one key signs at one moment under the same contexts.

    Args:
        proof: A proof without its value.
        options_hash: 32 bytes; with the hash of a document behind it, this is what is signed.
    """

    proof: Mapping[str, JSONValue]
    options_hash: bytes


def proof_frame(
    document: Mapping[str, JSONValue], order: IssuanceOrder, created: datetime, canon: Canonicalizer
) -> ProofFrame:
    """Make the frame of a sample document's proof; raises DocumentRefused."""
    options = ProofOptions(suite=order.proof_type, verification_method=order.method.id, created=created)
    prepared = prepare(document, options, canon)
    return ProofFrame(prepared.proof, prepared.data_to_sign[:_HASH_BYTES])


def _header(order: IssuanceOrder, kind: str) -> dict[str, JSONValue]:
    algorithm = jose.SIGNING_ALGORITHMS[decode_multikey(order.method.public_key_multibase).kind]
    return {"alg": algorithm, "typ": kind, "kid": order.method.id}


@dataclass(frozen=True, slots=True)
class _EmbeddedDraft:
    order: IssuanceOrder
    document: Mapping[str, JSONValue]
    prepared: PreparedProof
    canon: Canonicalizer

    @property
    def data_to_sign(self) -> bytes:
        return self.prepared.data_to_sign

    def signed(self, signature: bytes) -> bytes:
        return dump_json(attach(self.prepared, signature))

    def check(self, signed: bytes, now: datetime) -> None:
        order = self.order
        check_own_signature(signed, self.document, order.issuer, self.canon, now, inline=order.is_document)


@dataclass(frozen=True, slots=True)
class _TokenDraft:
    order: IssuanceOrder
    data_to_sign: bytes
    document: Mapping[str, JSONValue]

    def signed(self, signature: bytes) -> bytes:
        return sealed(self.data_to_sign, signature).encode("ascii")

    def check(self, signed: bytes, now: datetime) -> None:  # noqa: ARG002 - a token's dates are judged by its readers
        check_own_token(signed, self.document, self.order.issuer)


@dataclass(frozen=True, slots=True)
class _SdJwtDraft:
    order: IssuanceOrder
    data_to_sign: bytes
    disclosures: tuple[str, ...]
    meant: Mapping[str, JSONValue]

    def signed(self, signature: bytes) -> bytes:
        return combined(sealed(self.data_to_sign, signature), self.disclosures).encode("ascii")

    def check(self, signed: bytes, now: datetime) -> None:  # noqa: ARG002 - as above
        check_own_sd_jwt(signed, self.meant, self.order.method.id, self.order.issuer)
