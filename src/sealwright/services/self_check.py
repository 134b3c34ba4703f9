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
from sealwright.vc.proofs.registry import SUITES
from sealwright.vc.proofs.verifying import verify_proofs


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
    )
