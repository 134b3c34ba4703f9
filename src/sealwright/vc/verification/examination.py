"""The first checks on any signed document, structure and proof, on which all others rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypedDict

from sealwright.vc.credentials.form import as_objects
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import (
    DIDNotFound,
    DIDNotResolved,
    DocumentRefused,
    InvalidDID,
    InvalidKey,
    KeyCompromised,
    ProofMissing,
    ProofRefused,
    UnsupportedDIDMethod,
    UnsupportedProofType,
    VcError,
)
from sealwright.vc.proofs.jwt import CredentialToken
from sealwright.vc.proofs.verifying import ProvenKey, holder_of, issuer_of
from sealwright.vc.verification.checks import structure_code
from sealwright.vc.verification.proving import Prover
from sealwright.vc.verification.report import Findings, ReportCode

Document = Mapping[str, JSONValue]

_FORM_HOLDS: Final = "The form is right, contexts are held here, and no member is left unsigned."
_PROOFS_HOLD: Final = "Every proof holds."


@dataclass(frozen=True, slots=True)
class Examination:
    """Structure and proof of one document.

    Args:
        found: Where the checks are recorded.
        prover: Verifies proofs by the caller's rules.
        check_form: Raises DocumentRefused for a document of the wrong form.
        purpose: The purpose that each proof must state.
        token: The token that the document came in; None if it carries its proofs itself.
    """

    found: Findings
    prover: Prover
    check_form: Callable[[object], object]
    purpose: str
    token: CredentialToken | None = None

    def prove(self, document: object) -> Sequence[ProvenKey] | None:
        """Record `structure` and `proof`; the proofs if both hold, else None."""
        try:
            self.check_form(document)
        except DocumentRefused as error:
            self.structure_failed(error)
            if self.token is None and isinstance(document, Mapping) and "proof" not in document:
                self.found.failed("proof", ReportCode.PROOF_MISSING, "The document has no proof.")
            return None
        # The plain kind first, which nearly all are: asking an abstract one costs a microsecond.
        if not isinstance(document, (dict, Mapping)):
            self.found.failed("structure", "INVALID_BODY", "The document is no JSON object.")
            return None
        proofs = self._check_proofs(document)
        if not self.found.is_set("structure"):
            self._check_terms(document, already_done=proofs is not None and self.token is None)
        return proofs if self.found.has_passed("structure") and self.found.has_passed("proof") else None

    def hold(self) -> None:
        """Record `structure` and `proof` as they were found before."""
        self.found.passed("structure", _FORM_HOLDS)
        self.found.passed("proof", _PROOFS_HOLD)

    def _signatures(self, document: Document) -> Sequence[ProvenKey]:
        if self.token is not None:
            return (self.prover.token_signature(self.token, self.purpose),)
        return self.prover.signatures(document, self.purpose)

    def _check_proofs(self, document: Document) -> Sequence[ProvenKey] | None:
        try:
            proofs = self._signatures(document)
        except DocumentRefused as error:
            self.structure_failed(error)
        except ProofMissing as error:
            self.found.failed("proof", ReportCode.PROOF_MISSING, error.detail)
        except KeyCompromised as error:
            self.found.failed("proof", ReportCode.KEY_COMPROMISED, error.detail)
        except (ProofRefused, UnsupportedProofType, InvalidKey, InvalidDID) as error:
            self.found.failed("proof", ReportCode.PROOF_INVALID, error.detail)
        except DIDNotFound as error:
            self.found.failed("proof", ReportCode.UNRESOLVABLE, error.detail)
        except (DIDNotResolved, UnsupportedDIDMethod) as error:
            self.found.unchecked("proof", ReportCode.UNRESOLVABLE, error.detail)
        except VcError as error:
            # What is left are texts that have no canonical form, such as lone surrogates.
            self.structure_failed(error)
        else:
            self.found.passed("proof", _PROOFS_HOLD)
            return proofs
        return None

    def _check_terms(self, document: Document, *, already_done: bool) -> None:
        """Whether contexts are held and members defined; hashing for the proof has told it, if it came so far."""
        try:
            if not already_done:
                self.prover.check_terms(document, in_token=self.token is not None)
        except VcError as error:
            self.structure_failed(error)
        else:
            self.found.passed("structure", _FORM_HOLDS)

    def check_terms_alone(self, document: object) -> None:
        """Record `structure` for a document without proof whose form was checked."""
        if isinstance(document, Mapping):
            self._check_terms(document, already_done=False)

    def structure_failed(self, error: VcError) -> None:
        """Record that the document must not be relied on as it stands."""
        self.found.failed("structure", structure_code(error), error.detail)


class Description(TypedDict, total=False):
    """The head of a report."""

    credential_id: str | None
    issuer_did: str | None
    holder_did: str | None
    types: tuple[str, ...]


def description(document: object) -> Description:
    """What a document says it is, for the head of a report."""
    if not isinstance(document, (dict, Mapping)):
        return {}
    subjects = as_objects(document.get("credentialSubject"), "")
    types, name = document.get("type"), document.get("id")
    holder = subjects[0][1].get("id") if len(subjects) == 1 else None
    return {
        "credential_id": name if isinstance(name, str) else None,
        "issuer_did": issuer_of(document),
        "holder_did": holder if isinstance(holder, str) else holder_of(document),
        "types": tuple([entry for entry in types if isinstance(entry, str)]) if isinstance(types, list) else (),
    }
