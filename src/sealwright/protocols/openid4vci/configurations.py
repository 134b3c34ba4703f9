"""Credential configurations: the forms in which each kind of credential is offered, and their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sealwright.vc.credentials.model import CREDENTIALS_V1, CREDENTIALS_V2
from sealwright.vc.encoding.strict_json import JSONValue

LDP_VC: Final = "ldp_vc"
JWT_VC_JSON: Final = "jwt_vc_json"
SD_JWT: Final = "dc+sd-jwt"
FORMATS: Final = (LDP_VC, JWT_VC_JSON, SD_JWT)
"""The forms that are offered to wallets, the first one being the credential's own."""

# The usual one first: issuers that have a P-256 key and no Ed25519 key sign tokens with it.
_SIGNING_ALGORITHMS: Final = ("EdDSA", "ES256")
PROOF_ALGORITHMS: Final = ("ES256", "EdDSA", "Ed25519")
"""What wallets may sign their proofs with, by JOSE name."""

DI_VP_SUITES: Final = ("eddsa-rdfc-2022", "eddsa-jcs-2022", "Ed25519Signature2020")
BATCH_SIZE: Final = 10
_DID_METHODS: Final = ("did:key", "did:jwk", "did:adi")
_MODEL_1_1_SUITES: Final = frozenset({"Ed25519Signature2020", "BbsBlsSignature2020"})
_IDENTIFIER_END: Final = ".1"
_MAX_CLAIMS: Final = 100


@dataclass(frozen=True, slots=True)
class ClaimText:
    """One claim as wallets show it: its path from the subject, and a name where its schema has one."""

    path: tuple[str, ...]
    name: str | None = None
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class CredentialKind:
    """What is offered under one name: a credential type of the catalog, or a registered schema.

    Args:
        name: The type's value, or the schema's name.
        proof_types: The suites that its documents with embedded proofs may be signed with, the usual one first.
        types: Beside VerifiableCredential.
        context_url: Of its schema.
        labels: What people read, by locale; "" is the office's own language.
        is_granted: A credential type, which people hold; not a mere schema.
        may_be_requested: Whether people may ask for it who were offered nothing.
    """

    name: str
    proof_types: tuple[str, ...]
    types: tuple[str, ...]
    context_url: str
    labels: Mapping[str, str]
    description: str | None = None
    claims: tuple[ClaimText, ...] = ()
    picture_url: str | None = None
    is_granted: bool = False
    may_be_requested: bool = False
    locales: tuple[str, ...] = field(default=())


def configuration_id(name: str, form: str) -> str:
    """How a form of a kind is named."""
    return f"{name}.{form}"


def split_configuration(text: str) -> tuple[str, str] | None:
    """Name and form of a configuration; None for what is none of ours."""
    name, _, form = text.rpartition(".")
    return (name, form) if name and form in FORMATS else None


def identifier_of(configuration: str) -> str:
    """The credential identifier that a token response gives out for a configuration."""
    return f"{configuration}{_IDENTIFIER_END}"


def configuration_of(identifier: str) -> str:
    """The configuration behind an identifier of ours; any text comes back as some text."""
    return identifier.removesuffix(_IDENTIFIER_END)


def vct_of(issuer: str, name: str) -> str:
    """The type of an SD-JWT VC, which is also the address of its metadata."""
    return f"{issuer}/vct/{name}"


def configurations(kind: CredentialKind, issuer: str) -> dict[str, JSONValue]:
    """All configurations of a kind, as issuer metadata lists them.

    Spec: OpenID4VCI 1.0, "Credential Issuer Metadata Parameters", "Credential Format Profiles".
    """
    return {configuration_id(kind.name, form): _configuration(kind, form, issuer) for form in FORMATS}


def _configuration(kind: CredentialKind, form: str, issuer: str) -> dict[str, JSONValue]:
    types: list[JSONValue] = ["VerifiableCredential", *kind.types]
    binding: list[JSONValue] = list(_DID_METHODS)
    made: dict[str, JSONValue] = {"format": form}
    if form == LDP_VC:
        # The context of the usual suite: one list is all that the specification has room for.
        base = CREDENTIALS_V1 if kind.proof_types[0] in _MODEL_1_1_SUITES else CREDENTIALS_V2
        made["credential_definition"] = {"@context": [base, kind.context_url], "type": types}
        made["credential_signing_alg_values_supported"] = list(kind.proof_types)
    elif form == JWT_VC_JSON:
        made["credential_definition"] = {"type": types}
        made["credential_signing_alg_values_supported"] = list(_SIGNING_ALGORITHMS)
    else:
        made["vct"] = vct_of(issuer, kind.name)
        made["credential_signing_alg_values_supported"] = list(_SIGNING_ALGORITHMS)
        binding = ["jwk", *binding]
    if kind.may_be_requested:
        made["scope"] = configuration_id(kind.name, form)
    return {
        **made,
        "cryptographic_binding_methods_supported": binding,
        "proof_types_supported": {
            "jwt": {"proof_signing_alg_values_supported": list(PROOF_ALGORITHMS)},
            "di_vp": {"proof_signing_alg_values_supported": list(DI_VP_SUITES)},
        },
        "credential_metadata": _credential_metadata(kind, form),
    }


def _credential_metadata(kind: CredentialKind, form: str) -> dict[str, JSONValue]:
    metadata: dict[str, JSONValue] = {"display": _display(kind)}
    root = () if form == SD_JWT else ("credentialSubject",)
    claims: list[JSONValue] = [_claim(one, root) for one in kind.claims[:_MAX_CLAIMS]]
    return {**metadata, "claims": claims} if claims else metadata


def _display(kind: CredentialKind) -> list[JSONValue]:
    """One entry for each locale; the office's own language comes first, without one."""
    entries: list[JSONValue] = []
    for locale, label in sorted(kind.labels.items()):
        entry: dict[str, JSONValue] = {"name": label}
        if locale:
            entry["locale"] = locale
        if kind.description is not None:
            entry["description"] = kind.description
        if kind.picture_url is not None:
            entry["logo"] = {"uri": kind.picture_url}
        entries.append(entry)
    return entries


def _claim(claim: ClaimText, root: tuple[str, ...]) -> dict[str, JSONValue]:
    path: list[JSONValue] = [*root, *claim.path]
    shown: dict[str, JSONValue] = {"path": path}
    if claim.mandatory:
        shown["mandatory"] = True
    if claim.name is not None:
        shown["display"] = [{"name": claim.name}]
    return shown


def type_metadata(kind: CredentialKind, issuer: str) -> dict[str, JSONValue]:
    """The metadata of an SD-JWT VC type.

    Spec: SD-JWT-based Verifiable Credentials, "SD-JWT VC Type Metadata".
    """
    office = kind.labels.get("", kind.name)
    display: list[JSONValue] = [
        {"locale": locale or _default_locale(kind), "name": label, **_described(kind)}
        for locale, label in sorted(kind.labels.items())
    ]
    claims: list[JSONValue] = []
    for claim in kind.claims[:_MAX_CLAIMS]:
        entry: dict[str, JSONValue] = {"path": list(claim.path), "sd": "always" if len(claim.path) == 1 else "never"}
        if claim.name is not None:
            entry["display"] = [{"locale": _default_locale(kind), "label": claim.name}]
        claims.append(entry)
    made: dict[str, JSONValue] = {"vct": vct_of(issuer, kind.name), "name": office, **_described(kind)}
    return {**made, "display": display, **({"claims": claims} if claims else {})}


def _described(kind: CredentialKind) -> dict[str, JSONValue]:
    return {"description": kind.description} if kind.description is not None else {}


def _default_locale(kind: CredentialKind) -> str:
    return kind.locales[0] if kind.locales else "en"
