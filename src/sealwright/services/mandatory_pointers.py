"""What every derived proof must show: what the issuer names, and what a verifier needs to judge the credential.

A holder who could keep back the status entry or the end of validity could show a revoked credential as a good one, so
these are the issuer's to decide, not the holder's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DerivationInvalid, ProofInvalid
from sealwright.vc.proofs.deriving import check_pointers, mandatory_of
from sealwright.vc.proofs.registry import disclosure_suite, suite_name_of

AT: Final = "/mandatoryPointers"
_ALWAYS: Final = (
    "issuer",
    "type",
    "credentialStatus",
    "credentialSchema",
    "validFrom",
    "validUntil",
    "issuanceDate",
    "expirationDate",
)
_OF_SUBJECTS: Final = ("id", "type")


def takes_pointers(proof_type: str) -> bool:
    """Tell whether the issuer may say what is always shown under this suite."""
    suite = disclosure_suite(proof_type)
    return suite is not None and suite.takes_pointers


def mandatory_pointers(
    document: Mapping[str, JSONValue], proof_type: str, asked: Sequence[str], *, at: str = AT
) -> tuple[str, ...]:
    """All pointers for the base proof of a document: those that always stand, then the caller's.

    Args:
        document: Without proof.
        proof_type: Name of the suite.
        asked: What the caller wants to be shown always.
        at: Where the caller's pointers stand in the call, for refusals.

    Raises:
        DerivationInvalid: The suite takes none; there are too many; or one is no pointer, or leads nowhere.
    """
    if not takes_pointers(proof_type):
        if asked:
            raise DerivationInvalid(f"Under {proof_type} nobody can say beforehand what is always shown.", pointer=at)
        return ()
    check_pointers(document, asked, at=at)
    return tuple(dict.fromkeys((*_standing(document), *asked)))


def _standing(document: Mapping[str, JSONValue]) -> Iterator[str]:
    for name in _ALWAYS:
        if name in document:
            yield child("", name)
    subject = document.get("credentialSubject")
    several = isinstance(subject, list)
    for number, one in enumerate(subject if isinstance(subject, list) else [subject]):
        place = child("/credentialSubject", number) if several else "/credentialSubject"
        if isinstance(one, dict):
            yield from (child(place, name) for name in _OF_SUBJECTS if name in one)


def asked_pointers(document: Mapping[str, JSONValue]) -> tuple[str, ...]:
    """What the issuer of a credential wanted always shown beside what always stands; for whoever issues it again.

    Nothing of a credential under another suite, nor of one whose proof cannot be read: it is not verified here.
    """
    proof = document.get("proof")
    if not isinstance(proof, dict) or not takes_pointers(suite_name_of(proof)):
        return ()
    try:
        known = mandatory_of(proof)
    except ProofInvalid:
        return ()
    standing = frozenset(_standing(document))
    return tuple(pointer for pointer in known if pointer not in standing)
