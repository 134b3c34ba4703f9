"""All suites in one visible list: those that run here, and those that are known and say that they cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ProofTypeUnavailable, UnsupportedProofType
from sealwright.vc.proofs.suites.bbs_2023 import BBS_2023
from sealwright.vc.proofs.suites.bbs_bls_signature_2020 import BBS_BLS_SIGNATURE_2020
from sealwright.vc.proofs.suites.disclosure import DisclosureSuite
from sealwright.vc.proofs.suites.ecdsa_jcs_2019 import ECDSA_JCS_2019
from sealwright.vc.proofs.suites.ecdsa_rdfc_2019 import ECDSA_RDFC_2019
from sealwright.vc.proofs.suites.ecdsa_sd_2023 import ECDSA_SD_2023
from sealwright.vc.proofs.suites.ed25519_signature_2020 import ED25519_SIGNATURE_2020
from sealwright.vc.proofs.suites.eddsa_jcs_2022 import EDDSA_JCS_2022
from sealwright.vc.proofs.suites.eddsa_rdfc_2022 import EDDSA_RDFC_2022
from sealwright.vc.proofs.suites.suite import DATA_INTEGRITY_PROOF, Suite

AnySuite: TypeAlias = Suite | DisclosureSuite


def suite_table(suites: Iterable[AnySuite]) -> Mapping[str, AnySuite]:
    """Suites by the names that proofs give them; a name that is taken twice stops the program.

    Raises:
        RuntimeError: Two suites share a name.
    """
    table: dict[str, AnySuite] = {}
    for suite in suites:
        for name in names_of(suite):
            if name in table:
                raise RuntimeError(f"two suites are called {name}")
            table[name] = suite
    return MappingProxyType(table)


def names_of(suite: AnySuite) -> tuple[str, ...]:
    """The names by which proofs ask for a suite: its own, and that of its derived proofs where it has another."""
    if isinstance(suite, DisclosureSuite) and suite.derived_type != suite.proof_type:
        return (suite.name, suite.derived_type)
    return (suite.name,)


_PRESENT: Final[tuple[AnySuite, ...]] = (
    ED25519_SIGNATURE_2020,
    EDDSA_RDFC_2022,
    EDDSA_JCS_2022,
    ECDSA_RDFC_2019,
    ECDSA_JCS_2019,
    ECDSA_SD_2023,
    BBS_2023,
    BBS_BLS_SIGNATURE_2020,
)
_EVERY: Final = (
    "Ed25519Signature2020",
    "eddsa-rdfc-2022",
    "eddsa-jcs-2022",
    "BbsBlsSignature2020",
    "bbs-2023",
    "ecdsa-rdfc-2019",
    "ecdsa-jcs-2019",
    "ecdsa-sd-2023",
)

SUITES: Final = suite_table(_PRESENT)
"""Every name that a proof may carry and that can be checked here."""

ISSUED_SUITES: Final = tuple(suite.name for suite in _PRESENT)
"""Names that may be asked for when something is to be signed."""

UNAVAILABLE: Final = frozenset(_EVERY) - frozenset(ISSUED_SUITES)
KNOWN_SUITES: Final = (*ISSUED_SUITES, *sorted(UNAVAILABLE))


def suite_named(name: str) -> AnySuite:
    """The suite by which something of this name is signed or checked.

    Raises:
        ProofTypeUnavailable: Known, but its machinery is not part of this installation.
        UnsupportedProofType: Unknown; the message lists the known ones.
    """
    suite = SUITES.get(name)
    if suite is not None:
        return suite
    if name in UNAVAILABLE:
        raise ProofTypeUnavailable(f"Proof type {name} is known, but this installation cannot make or check it.")
    raise UnsupportedProofType(f"The proof type is not known here; known are {', '.join(KNOWN_SUITES)}.")


def issuing_suite(name: str) -> AnySuite:
    """As `suite_named`, for what is to be signed: the name of a derived proof is no such name.

    Raises:
        ProofTypeUnavailable, UnsupportedProofType: As `suite_named`.
    """
    suite = suite_named(name)
    if suite.name != name:
        raise UnsupportedProofType(f"{name} is derived by holders, not issued; known are {', '.join(KNOWN_SUITES)}.")
    return suite


def disclosure_suite(name: str) -> DisclosureSuite | None:
    """The suite of this name if credentials under it can be shown in part; None for every other name."""
    suite = SUITES.get(name)
    return suite if isinstance(suite, DisclosureSuite) else None


def suite_name_of(proof: Mapping[str, JSONValue]) -> str:
    """The name by which a proof asks for its suite; empty text where it states none.

    A type or cryptosuite that is not text gives empty text too: there is no suite of that name.
    """
    name = proof.get("type")
    if name == DATA_INTEGRITY_PROOF:
        name = proof.get("cryptosuite")
    elif "cryptosuite" in proof:
        # A 2020 proof names its suite by type alone; a second name beside it would leave a choice to the reader.
        return ""
    return name if isinstance(name, str) else ""
