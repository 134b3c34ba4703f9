"""What a verifier asks of a wallet: one credential, some of its claims, in any of the forms that we check.

Spec: OpenID for Verifiable Presentations 1.0, "Digital Credentials Query Language (DCQL)".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.protocols.queries import JWT_VC, LDP_VC, SD_JWT
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.proofs.registry import SUITES, names_of
from sealwright.vc.proofs.suites.disclosure import DisclosureSuite
from sealwright.vc.proofs.suites.suite import DATA_INTEGRITY_PROOF

QUERY_IDS: Final[Mapping[str, str]] = {"sd_jwt": SD_JWT, "ldp_vc": LDP_VC, "jwt_vc": JWT_VC}
"""The three spellings of the one question, by their ids; a wallet answers one of them."""

_ALGORITHMS: Final = ("EdDSA", "Ed25519", "ES256")


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
    types, suites = _proofs()
    return {
        SD_JWT: {"sd-jwt_alg_values": algorithms, "kb-jwt_alg_values": algorithms},
        LDP_VC: {"proof_type_values": [*types], "cryptosuite_values": [*suites]},
        JWT_VC: {"alg_values": algorithms},
    }


def formats_of_drafts() -> dict[str, JSONValue]:
    """The same in the words of the drafts that ask by presentation definitions, for their `vp_formats`."""
    algorithms: list[JSONValue] = list(_ALGORITHMS)
    types, _ = _proofs()
    text: dict[str, JSONValue] = {"sd-jwt_alg_values": algorithms, "kb-jwt_alg_values": algorithms}
    return {
        **dict.fromkeys((SD_JWT, "vc+sd-jwt"), text),
        **{name: {"proof_type": [*types]} for name in ("ldp_vc", "ldp_vp")},
        **{name: {"alg": algorithms} for name in ("jwt_vc_json", "jwt_vp_json")},
    }


def _proofs() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Proof types and cryptosuites of what can be checked here: of what wallets show, so derived ones."""
    found = {id(one): one for one in SUITES.values()}.values()
    suites = tuple(one.cryptosuite for one in found if one.cryptosuite is not None)
    named = [
        one.derived_type if isinstance(one, DisclosureSuite) else names_of(one)[0]
        for one in found
        if one.cryptosuite is None
    ]
    return (DATA_INTEGRITY_PROOF, *named), suites
