"""All suites in one visible list: those that run here, and those that are known and say that they cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ProofTypeUnavailable, UnsupportedProofType
from sealwright.vc.proofs.suites.ed25519_signature_2020 import ED25519_SIGNATURE_2020
from sealwright.vc.proofs.suites.eddsa_jcs_2022 import EDDSA_JCS_2022
from sealwright.vc.proofs.suites.eddsa_rdfc_2022 import EDDSA_RDFC_2022
from sealwright.vc.proofs.suites.suite import DATA_INTEGRITY_PROOF, Suite


def suite_table(suites: Iterable[Suite]) -> Mapping[str, Suite]:
    """Suites by name; a name that is taken twice stops the program.

    Raises:
        RuntimeError: Two suites share a name.
    """
    table: dict[str, Suite] = {}
    for suite in suites:
        if suite.name in table:
            raise RuntimeError(f"two suites are called {suite.name}")
        table[suite.name] = suite
    return MappingProxyType(table)


SUITES: Final = suite_table((ED25519_SIGNATURE_2020, EDDSA_RDFC_2022, EDDSA_JCS_2022))
UNAVAILABLE: Final = frozenset({"BbsBlsSignature2020", "bbs-2023", "ecdsa-rdfc-2019", "ecdsa-sd-2023"})
KNOWN_SUITES: Final = (*SUITES, *sorted(UNAVAILABLE))


def suite_named(name: str) -> Suite:
    """The suite of this name.

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
