"""What is kept of a refused row says why in whole words, and names nobody."""

from __future__ import annotations

import pytest

from sealwright.domain.errors import HolderNotFound
from sealwright.services.bulk_rows import RowFaults
from sealwright.vc.errors import InvalidDID, UnsupportedDIDMethod

FAULTS = RowFaults(lambda error: type(error).__name__)


@pytest.mark.parametrize("holder", ["did:foo:jane", "jane@example.org"])
def test_whom_a_sentence_names_is_not_kept(holder: str) -> None:
    told = FAULTS.of(3, UnsupportedDIDMethod(f"{holder} cannot be looked up."), holder)
    assert (told.row, told.detail) == (3, "The holder's DID cannot be looked up.")


@pytest.mark.parametrize("holder", ["a", "x", "DID", "", None])
def test_sentences_stay_whole_whatever_stands_in_the_place_of_a_did(holder: str | None) -> None:
    sentence = "The text is not a DID of the form did:method:id."
    assert FAULTS.of(1, InvalidDID(sentence), holder).detail == sentence
    assert FAULTS.of(1, HolderNotFound("The holder's DID does not resolve."), holder).code == "HolderNotFound"
