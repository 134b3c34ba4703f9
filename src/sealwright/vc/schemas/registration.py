"""The last check before a schema and its context are bound for good: every claim reaches the signed form.

Spec: JSON-LD 1.1; Verifiable Credentials Data Model 1.1 and 2.0, "Contexts".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sealwright.vc.canon.canonicalizer import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import DocumentRefused, Fault, SchemaInvalid
from sealwright.vc.schemas.samples import MARK, Sampler

_CREDENTIALS_1: Final = "https://www.w3.org/2018/credentials/v1"
_CREDENTIALS_2: Final = "https://www.w3.org/ns/credentials/v2"
_ED25519_2020: Final = "https://w3id.org/security/suites/ed25519-2020/v1"
_DATA_INTEGRITY: Final = "https://w3id.org/security/data-integrity/v2"
_BBS: Final = "https://w3id.org/security/bbs/v1"
_STATUS_2021: Final = "https://w3id.org/vc/status-list/2021/v1"

_SIBLINGS: Final = (
    (_CREDENTIALS_1, (_ED25519_2020, _STATUS_2021), "Ed25519Signature2020"),
    (_CREDENTIALS_1, (_DATA_INTEGRITY, _STATUS_2021), "DataIntegrityProof"),
    (_CREDENTIALS_1, (_BBS, _STATUS_2021), "BbsBlsSignature2020"),
    (_CREDENTIALS_2, (), "DataIntegrityProof"),
    (_CREDENTIALS_2, (_ED25519_2020,), "Ed25519Signature2020"),
)
"""The contexts beside which a schema's own will stand, and the proof type each set is for."""


def check_context_signs_everything(
    schema: Mapping[str, Any], context: bytes, contexts: ContextStore, *, url: str, types: Sequence[str]
) -> None:
    """Prove on samples that a context defines every claim of a schema, in both data models and beside every suite.

    Each sample becomes a whole credential, status entry and issuer name included, which is canonicalized by the
    reference. Every text and number of the claims must then be found in the canonical form, and every other value must
    change it when taken away.

    Args:
        schema: Accepted by `vet_schema`.
        context: What `build_context` made of it.
        contexts: The store that the context will be registered in; not altered.
        url: The address of the context.
        types: Credential type names of the schema.

    Raises:
        SchemaInvalid: A claim is not signed, or the context does not agree with the base contexts; `faults` points into
            the claims where that is known.
        TermConflict: The address is bound to another context.
    """
    trial = ContextStore(iter(contexts.snapshot().values()))
    trial.register(url, context)
    canonicalizer = Canonicalizer(trial)
    samples = list(Sampler(schema, marked=True).all())
    for number, (base, siblings, proof_type) in enumerate(_SIBLINGS):
        names = [base, url, *siblings]
        try:
            canonicalizer.canonicalize_by_reference(_proof_options(names, proof_type))
            # The claims are read alike beside every suite; beside the others the full shape tells enough.
            for claims in samples if number in {0, 3} else samples[:1]:
                _check_sample(canonicalizer, names, types, claims)
        except DocumentRefused as error:
            pointer = (error.pointer or "").removeprefix("/credentialSubject")
            detail = f"The context of the schema does not hold: {error.detail}"
            raise SchemaInvalid(detail, faults=[Fault(pointer, "SCHEMA_INVALID", detail)], pointer=pointer) from error


def sample_credential(names: Sequence[str], types: Sequence[str], claims: Mapping[str, Any]) -> dict[str, Any]:
    """A whole unsigned credential around sample claims, in the model of its first context.

    Args:
        names: Addresses of its contexts, the base context first.
        types: Credential type names; ``VerifiableCredential`` is put in front.
        claims: Members of the subject beside its id.
    """
    is_first_model = names[0] == _CREDENTIALS_1
    status = {
        "id": "https://cred.example/status/1#1",
        "type": "StatusList2021Entry" if is_first_model else "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "1",
        "statusListCredential": "https://cred.example/status/1",
    }
    dates = ("issuanceDate", "expirationDate") if is_first_model else ("validFrom", "validUntil")
    return {
        "@context": list(names),
        "id": "urn:uuid:2f1c1e0a-8d5e-4c9e-9d0a-6a1d7f0c2b3e",
        "type": ["VerifiableCredential", *(type_ for type_ in types if type_ != "VerifiableCredential")],
        "issuer": {"id": "did:adi:issuer", "name": "Issuer"},
        dates[0]: "2026-11-21T02:30:00Z",
        dates[1]: "2030-12-31T23:59:59Z",
        "credentialSubject": {"id": "did:adi:holder", **claims},
        "credentialStatus": status,
        "credentialSchema": {
            "id": "https://cred.example/schemas/sample",
            "type": "JsonSchemaValidator2018" if is_first_model else "JsonSchema",
        },
    }


def _proof_options(names: Sequence[str], proof_type: str) -> dict[str, Any]:
    options = {
        "@context": list(names),
        "type": proof_type,
        "created": "2026-11-21T02:30:00Z",
        "verificationMethod": "did:adi:issuer#key-1",
        "proofPurpose": "assertionMethod",
    }
    if proof_type == "DataIntegrityProof":
        options["cryptosuite"] = "eddsa-rdfc-2022"
    return options


def _check_sample(
    canonicalizer: Canonicalizer, names: Sequence[str], types: Sequence[str], claims: dict[str, Any]
) -> None:
    whole = canonicalizer.canonicalize_by_reference(sample_credential(names, types, claims)).decode()
    for pointer, value, without in _leaves(claims):
        if isinstance(value, str) and MARK in value:
            found = f'"{value}"' in whole or f"<{value}>" in whole
        elif isinstance(value, int) and not isinstance(value, bool):
            found = f'"{value}"' in whole
        else:
            shortened = canonicalizer.canonicalize_by_reference(sample_credential(names, types, without()))
            found = shortened.decode() != whole
        if not found:
            raise DocumentRefused("a claim does not reach the signed form.", pointer=f"/credentialSubject{pointer}")


def _leaves(claims: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Each scalar of the claims: its pointer, its value, and a function giving the claims without it."""

    def walk(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        if isinstance(node, dict | list):
            for step, value in node.items() if isinstance(node, dict) else enumerate(node):
                yield from walk(value, (*path, step))
        else:
            yield path

    for path in walk(claims, ()):
        value: Any = claims
        for step in path:
            value = value[step]
        yield "".join(f"/{step}" for step in path), value, lambda path=path: _without(claims, path)


def _without(node: Any, path: tuple[Any, ...]) -> Any:
    """A copy without one leaf, and without objects and arrays that it leaves empty."""
    step, rest = path[0], path[1:]
    below = _without(node[step], rest) if rest else None
    if isinstance(node, dict):
        return {name: below if name == step else value for name, value in node.items() if name != step or below}
    return [below if index == step else value for index, value in enumerate(node) if index != step or below]
