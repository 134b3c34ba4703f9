"""The last look at our own work before it may leave: step 6 of the guarded road."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sealwright.domain.dids import DIDRecord
from sealwright.domain.errors import SigningFailed
from sealwright.services.resolving import resolved_from_record
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import DIDNotFound
from sealwright.vc.proofs.jwt import JWT_ALGORITHMS, open_token, verify_token
from sealwright.vc.proofs.registry import SUITES
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from sealwright.vc.proofs.token_keys import verify_with_method
from sealwright.vc.proofs.verifying import check_control, verify_proofs

_OTHER = "The signed credential is not the one that was checked."


class _OnlyIssuer:
    """Resolves the issuer that signs, as published, and nobody else."""

    def __init__(self, issuer: DIDRecord) -> None:
        self._issuer = issuer

    def resolve(self, did: str) -> ResolvedDID:
        if did != self._issuer.did:
            raise DIDNotFound(f"{did} is not the issuer.")
        return resolved_from_record(self._issuer)


def check_own_signature(
    signed: bytes,
    unsigned: Mapping[str, JSONValue],
    issuer: DIDRecord,
    canon: Canonicalizer,
    now: datetime,
    *,
    inline: bool,
) -> None:
    """Verify the bytes that are about to leave, with the published key, and that they say what was checked.

    Raises:
        SigningFailed: The bytes are not the checked document under a sound proof.
        ProofInvalid and its kin: As the verifier says.
    """
    document = parse_json(signed)
    if not isinstance(document, dict):
        raise SigningFailed("The signed document is no object.")
    claimed = {name: value for name, value in document.items() if name != "proof"}
    if claimed != {name: value for name, value in unsigned.items() if name != "proof"}:
        raise SigningFailed("The signed document is not the one that was checked.")
    proof = document.get("proof")
    ours = proof[-1] if isinstance(proof, list) else proof
    verify_proofs(
        {**claimed, "proof": ours},
        resolver=_OnlyIssuer(issuer),
        canon=canon,
        purpose="assertionMethod",
        accepted_suites=frozenset(SUITES),
        now=now,
        allow_inline=inline,
        is_own_work=True,
    )


def check_own_presentation(
    made: Mapping[str, JSONValue], holder: DIDRecord, canon: Canonicalizer, now: datetime
) -> None:
    """Verify a presentation that is about to leave, with its holder's published key.

    Raises:
        ProofInvalid and its kin: As the verifier says.
    """
    verify_proofs(
        made,
        resolver=_OnlyIssuer(holder),
        canon=canon,
        purpose="authentication",
        accepted_suites=frozenset(SUITES),
        now=now,
        allow_inline=True,
    )


def check_own_token(signed: bytes, unsigned: Mapping[str, JSONValue], issuer: DIDRecord) -> None:
    """Verify a compact JWT that is about to leave, and that it stands for the document that was checked.

    Raises:
        SigningFailed, ProofInvalid and its kin: As for `check_own_signature`.
    """
    token = open_token(signed.decode("ascii"))
    if token.document != unsigned:
        raise SigningFailed(_OTHER)
    proven = verify_token(token, resolver=_OnlyIssuer(issuer), accepted=JWT_ALGORITHMS, purpose="assertionMethod")
    check_control(proven, issuer.did)


def check_own_sd_jwt(signed: bytes, meant: Mapping[str, JSONValue], method: str, issuer: DIDRecord) -> None:
    """Verify an SD-JWT VC that is about to leave, and that all of it, disclosed, says what was checked.

    Raises:
        SigningFailed, ProofInvalid and its kin: As for `check_own_signature`.
    """
    opened = open_sd_jwt(signed.decode("ascii"))
    if opened.claims != meant or opened.token.header.get("kid") != method:
        raise SigningFailed(_OTHER)
    proven = verify_with_method(
        opened.token, method, resolver=_OnlyIssuer(issuer), accepted=JWT_ALGORITHMS, purpose="assertionMethod"
    )
    check_control(proven, issuer.did)
