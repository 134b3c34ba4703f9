"""Proof types in forms: one plain line each, offered only where an issuer has a key that makes them (S8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from sealwright.locales import N_
from sealwright.vc.proofs.registry import ISSUED_SUITES

if TYPE_CHECKING:
    from sealwright.domain.dids import DIDRecord
    from sealwright.web.panel.page_call import PageCall

# In the order in which they are offered: what most people want first, older ones last.
PROOF_WORDS: Final[Mapping[str, str]] = {
    "Ed25519Signature2020": N_("Ed25519Signature2020: widest use"),
    "eddsa-rdfc-2022": N_("eddsa-rdfc-2022: Data Model 2.0"),
    "eddsa-jcs-2022": N_("eddsa-jcs-2022: Data Model 2.0, quickest to check"),
    "ecdsa-rdfc-2019": N_("ecdsa-rdfc-2019: Data Model 2.0, with P-256 keys"),
    "ecdsa-jcs-2019": N_("ecdsa-jcs-2019: the same, quickest to check"),
    "bbs-2023": N_("bbs-2023: the holder can reveal parts, Data Model 2.0"),
    "ecdsa-sd-2023": N_("ecdsa-sd-2023: the same with P-256 keys"),
    "BbsBlsSignature2020": N_("BbsBlsSignature2020: the holder can reveal parts (older; for wallets that ask for it)"),
}
FIRST: Final = "Ed25519Signature2020"
KNOWN: Final = tuple(one for one in PROOF_WORDS if one in ISSUED_SUITES)
NO_KEY: Final = N_("This issuer's DID has no key for it. An admin can add one on the page of the DID.")


def signable_by(issuers: Iterable[DIDRecord]) -> tuple[str, ...]:
    """The proof types that at least one of these DIDs has a key for."""
    records = tuple(issuers)
    return tuple(one for one in KNOWN if any(record.signing_method(one) is not None for record in records))


def proof_options(page: PageCall, offered: Collection[str], present: str | None = None) -> list[tuple[str, str]]:
    """The proof types to choose from, with their lines.

    Args:
        offered: Those that somebody has a key for.
        present: What is chosen now; it stays in the list, whoever has lost its key since.
    """
    return [(one, page._(line)) for one, line in PROOF_WORDS.items() if one in offered or one == present]


def absent_hint(page: PageCall, offered: Collection[str]) -> str:
    """Which proof types are not offered, and what would change that; empty where all are."""
    absent = [one for one in KNOWN if one not in offered]
    if not absent:
        return ""
    return page._(
        "Not offered, since no issuer here has a key for them: %(names)s. An admin adds keys on the pages of DIDs.",
        names=", ".join(absent),
    )
