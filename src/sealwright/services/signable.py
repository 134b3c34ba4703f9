"""Proving, before anything is reserved, that what is ordered can be signed: all of it, in the form that is wanted."""

from __future__ import annotations

from sealwright.domain.credentials import Reservation
from sealwright.domain.formats import CredentialFormat
from sealwright.services.mandatory_pointers import AT
from sealwright.services.orders import IssuanceOrder, sd_jwt_claims, unsigned_document
from sealwright.services.signing_forms import prepared_proof
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.errors import DerivationInvalid
from sealwright.vc.proofs.registry import disclosure_suite
from sealwright.vc.proofs.sd_jwt import conceal


def prove_signable(order: IssuanceOrder, imagined: Reservation, public_url: str, canon: Canonicalizer) -> bytes:
    """Refuse what would not reach the signed form (P5); gives that form in N-Quads, of an SD-JWT nothing.

    Under suites that sign every member too: what no context defines means nothing to a reader.

    Args:
        imagined: A reservation with placeholders.

    Raises:
        DocumentRefused: It would not be signed whole.
        DerivationInvalid: What shall always be shown leads nowhere, or nobody can say it under this suite.
    """
    if order.form.is_text and order.mandatory_pointers:
        raise DerivationInvalid("What a token shows, its holder alone decides.", pointer=AT)
    if order.form is CredentialFormat.SD_JWT:
        conceal(sd_jwt_claims(order, imagined, public_url))
        return b""
    document = unsigned_document(order, imagined, public_url)
    canonical = canon.canonicalize(document, allow_inline=order.is_document, stranger=order.is_document)
    if order.mandatory_pointers or disclosure_suite(order.proof_type) is not None:
        # The suite itself says whether it can take the document apart: how many statements, which pointers.
        prepared_proof(order, document, imagined.reserved_at, canon)
    return canonical
