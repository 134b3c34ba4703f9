"""What a verifier asks of a wallet: one credential, some of its claims, in any of the forms that we check.

Spec: OpenID for Verifiable Presentations 1.0, "Digital Credentials Query Language (DCQL)".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.vc.encoding.strict_json import JSONValue

SD_JWT: Final = "dc+sd-jwt"
LDP_VC: Final = "ldp_vc"
JWT_VC: Final = "jwt_vc_json"
QUERY_IDS: Final[Mapping[str, str]] = {"sd_jwt": SD_JWT, "ldp_vc": LDP_VC, "jwt_vc": JWT_VC}
"""The three spellings of the one question, by their ids; a wallet answers one of them."""

_ALGORITHMS: Final = ("EdDSA", "Ed25519", "ES256")
_SUITES: Final = ("eddsa-rdfc-2022", "eddsa-jcs-2022")


@dataclass(frozen=True, slots=True)
class Asked:
    """The one credential that is asked for.

    Args:
        vct: Addresses that name its type in SD-JWT VCs.
        types: Sets of types in full spelling (IRIs), one for each credential schema that would do.
        claims: Names of claims; empty asks for none that the holder could keep back.
    """

    vct: tuple[str, ...]
    types: tuple[tuple[str, ...], ...]
    claims: tuple[str, ...]


def dcql_query(asked: Asked) -> dict[str, JSONValue]:
    """The question, spelled once for each form; the set of sets says that any one of the three will do."""
    credentials: list[JSONValue] = [_query(name, form, asked) for name, form in QUERY_IDS.items()]
    options: list[JSONValue] = [[name] for name in QUERY_IDS]
    return {"credentials": credentials, "credential_sets": [{"options": options}]}


def _query(name: str, form: str, asked: Asked) -> dict[str, JSONValue]:
    is_sd_jwt = form == SD_JWT
    meta: dict[str, JSONValue] = (
        {"vct_values": list(asked.vct)} if is_sd_jwt else {"type_values": [list(one) for one in asked.types]}
    )
    query: dict[str, JSONValue] = {"id": name, "format": form, "meta": meta}
    if asked.claims:
        query["claims"] = [{"path": [*_path(form, claim)]} for claim in asked.claims]
    return query


def _path(form: str, claim: str) -> tuple[str, ...]:
    """Where a claim stands: at the top of an SD-JWT VC, below the subject elsewhere."""
    return (claim,) if form == SD_JWT else ("credentialSubject", claim)


def formats_supported() -> dict[str, JSONValue]:
    """Which proofs we check, for `client_metadata`.

    Spec: OpenID for Verifiable Presentations 1.0, "Credential Format Specific Parameters and Rules".
    """
    algorithms: list[JSONValue] = list(_ALGORITHMS)
    return {
        SD_JWT: {"sd-jwt_alg_values": algorithms, "kb-jwt_alg_values": algorithms},
        LDP_VC: {
            "proof_type_values": ["DataIntegrityProof", "Ed25519Signature2020"],
            "cryptosuite_values": list(_SUITES),
        },
        JWT_VC: {"alg_values": algorithms},
    }
