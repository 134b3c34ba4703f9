"""What both suites of selective disclosure over statements ask before they derive."""

from __future__ import annotations

from collections.abc import Mapping

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DerivationInvalid
from sealwright.vc.proofs.selective.grouping import Disclosed, Statements, disclose
from sealwright.vc.proofs.suites.disclosure import Covered, Wish


def check_wish(covered: Covered, wish: Wish, name: str) -> None:
    """Refuse what a suite that takes pointers cannot do.

    Raises:
        DerivationInvalid: A frame, or a proof that covers earlier proofs, which would have to be shown as well.
    """
    if wish.frame is not None:
        raise DerivationInvalid(f"Under {name} JSON pointers say what is shown, not a frame.", pointer="/frame")
    if "previousProof" in covered.options:
        raise DerivationInvalid("A proof that covers other proofs cannot be shown in part.")


def mandatory_places(statements: Statements, mandatory: tuple[str, ...]) -> list[int]:
    """Indexes of the statements that mandatory pointers choose.

    Raises:
        DerivationInvalid: With the pointer ``/mandatoryPointers``: one leads nowhere, or there are too many.
    """
    try:
        return statements.chosen(mandatory)
    except DerivationInvalid as error:
        detail = f"Mandatory pointer {error.pointer!r}: {error.detail}" if error.pointer else error.detail
        raise DerivationInvalid(detail, pointer="/mandatoryPointers") from error


def shown_part(statements: Statements, mandatory: tuple[str, ...], wish: Wish) -> Disclosed:
    """The part that a wish shows, what is mandatory included.

    Raises:
        DerivationInvalid: Nothing is to be shown, or a pointer leads nowhere.
    """
    return disclose(statements, mandatory, wish.pointers)


def derived_credential(
    part: Mapping[str, JSONValue], proof: Mapping[str, JSONValue], value: str
) -> dict[str, JSONValue]:
    """The part with its derived proof, which says of itself what the base proof said."""
    return {**part, "proof": {**proof, "proofValue": value}}
