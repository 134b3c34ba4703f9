"""What a holder shows of an SD-JWT is what they chose, with what stands around it, and is bound to one occasion."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.errors import DerivationInvalid, MalformedDocument, ProofInvalid
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32, public_from_private
from sealwright.vc.proofs.compact import sealed, signing_input
from sealwright.vc.proofs.key_binding import verify_key_binding
from sealwright.vc.proofs.sd_jwt import PADDED_LEAST, Claims, Hidden, combined, conceal, padded
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from sealwright.vc.proofs.sd_jwt_showing import POINTERS_MOST, bound, part_of, parts_of, shown_part

NOW: Final = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SEED: Final = Secret32(bytes(range(32)))
CNF: Final = {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": base64url_encode(public_from_private(SEED))}}
CLAIMS: Final[dict[str, Claims]] = {
    "iss": "https://issuer.example",
    "cnf": CNF,
    "name": Hidden("Ada"),
    "a/b~c": Hidden(1),
    "address": Hidden({"city": Hidden("Zürich"), "country": "CH", "geo": {"lat": Hidden(47), "lon": Hidden(8)}}),
    "grades": [Hidden(5), 6, Hidden({"best": Hidden(True), "open": 1})],
    "skills": Hidden([Hidden("x"), Hidden("y"), Hidden("z")]),
}
ALWAYS: Final[dict[str, Any]] = {"iss": "https://issuer.example", "cnf": CNF, "grades": [6]}


def text_of(*, decoys: bool = True) -> str:
    made = conceal(CLAIMS, decoys=padded) if decoys else conceal(CLAIMS)
    token = sealed(signing_input({"alg": "EdDSA", "typ": "dc+sd-jwt"}, made.payload), b"\x00" * 64)
    return combined(token, made.disclosures)


SHOWN: Final[tuple[tuple[tuple[str, ...], dict[str, Any]], ...]] = (
    ((), {}),
    (("/iss",), {}),
    (("/name",), {"name": "Ada"}),
    (("/a~1b~0c",), {"a/b~c": 1}),
    (("/address/city",), {"address": {"city": "Zürich", "country": "CH", "geo": {}}}),
    (("/address/country",), {"address": {"country": "CH", "geo": {}}}),
    (("/address/geo/lat",), {"address": {"country": "CH", "geo": {"lat": 47}}}),
    (("/address/geo",), {"address": {"country": "CH", "geo": {"lat": 47, "lon": 8}}}),
    (("/address",), {"address": {"city": "Zürich", "country": "CH", "geo": {"lat": 47, "lon": 8}}}),
    (("/grades/0",), {"grades": [5, 6]}),
    (("/grades/1",), {}),
    (("/grades/2/open",), {"grades": [6, {"open": 1}]}),
    (("/grades/2/best",), {"grades": [6, {"open": 1, "best": True}]}),
    (("/grades",), {"grades": [5, 6, {"open": 1, "best": True}]}),
    (("/skills/1",), {"skills": ["y"]}),
    (("/skills/2", "/skills/0", "/name"), {"skills": ["x", "z"], "name": "Ada"}),
)


@pytest.mark.parametrize("decoys", [True, False])
@pytest.mark.parametrize(("pointers", "left"), SHOWN)
def test_exactly_what_is_chosen_is_shown(pointers: tuple[str, ...], left: dict[str, Any], decoys: bool) -> None:
    text = text_of(decoys=decoys)
    shown = shown_part(text, pointers)
    assert open_sd_jwt(shown).claims == {**ALWAYS, **left}
    # Showing the same again changes nothing, and nothing came that was not there.
    assert set(shown.split("~")) <= set(text.split("~"))


def test_everything_is_chosen_by_the_empty_pointer() -> None:
    text = text_of()
    assert shown_part(text, [""]) == text


def test_indexes_count_the_items_that_the_holder_has() -> None:
    kept = shown_part(text_of(), ["/skills/1", "/skills/2"])
    assert open_sd_jwt(shown_part(kept, ["/skills/0"])).claims["skills"] == ["y"]
    with pytest.raises(DerivationInvalid):
        shown_part(kept, ["/skills/2"])


@pytest.mark.parametrize(
    "pointer",
    ["name", "/Name", "/name/x", "/address/zip", "/grades/3", "/grades/-", "/grades/01", "/grades/-1", "/_sd",
     "/_sd_alg", "/a~1b~2c", "/address/", "//", "/grades/99999999999"],
)  # fmt: skip
def test_a_pointer_that_leads_nowhere_is_refused(pointer: str) -> None:
    with pytest.raises(DerivationInvalid) as refused:
        shown_part(text_of(), ["/name", pointer])
    assert refused.value.pointer == "/pointers/1"


def test_pointers_are_bounded() -> None:
    with pytest.raises(DerivationInvalid):
        shown_part(text_of(), ["/name"] * (POINTERS_MOST + 1))
    with pytest.raises(MalformedDocument):
        shown_part("x", [])


def test_each_part_says_where_it_stands_and_what_it_needs() -> None:
    opened = open_sd_jwt(text_of())
    parts = {one.pointer: one for one in parts_of(opened)}
    assert len(parts) == len(opened.disclosures)
    assert parts["/address/geo/lat"].value == 47
    assert parts["/grades/2/best"].needed[0] == parts["/grades/2"].needed[0]
    assert parts["/address/city"].needed == (*parts["/address"].needed, parts["/address/city"].needed[-1])


def test_what_is_shown_is_bound_to_one_occasion() -> None:
    shown = shown_part(text_of(), ["/name"])
    whole = bound(shown, Ed25519Signer(SEED).sign, "EdDSA", nonce="n-1", audience="https://v.example", now=NOW)
    found = verify_key_binding(open_sd_jwt(whole), accepted={"EdDSA"}, now=NOW)
    assert (found.nonce, found.audience, found.made_at) == ("n-1", "https://v.example", NOW)
    # Binding anew replaces the binding that was there.
    again = bound(whole, Ed25519Signer(SEED).sign, "EdDSA", nonce="n-2", audience="https://v.example", now=NOW)
    assert again.count("~") == whole.count("~")
    assert verify_key_binding(open_sd_jwt(again), accepted={"EdDSA"}, now=NOW).nonce == "n-2"
    # A disclosure taken off behind the holder's back breaks it.
    fewer = "~".join([*whole.split("~")[:1], whole.split("~")[-1]])
    with pytest.raises(ProofInvalid):
        verify_key_binding(open_sd_jwt(fewer), accepted={"EdDSA"}, now=NOW)
    thief = bound(shown, Ed25519Signer(Secret32(bytes(32))).sign, "EdDSA", nonce="n-1", audience="x", now=NOW)
    with pytest.raises(ProofInvalid):
        verify_key_binding(open_sd_jwt(thief), accepted={"EdDSA"}, now=NOW)


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 16, 17, 40])
def test_the_number_of_digests_does_not_tell_the_number_of_claims(count: int) -> None:
    claims: dict[str, Claims] = {f"c{index}": Hidden(index) for index in range(count)}
    made = conceal(claims, decoys=padded)
    digests = made.payload["_sd"]
    assert isinstance(digests, list)
    size = next(size for size in (8, 16, 32, 64) if size >= count)
    assert len(digests) == len(set(map(str, digests))) == size
    assert digests == sorted(map(str, digests))
    assert len(made.disclosures) == count
    assert {len(str(one)) for one in digests} == {43}


def test_decoys_stand_anywhere_among_items_and_open_as_nothing() -> None:
    places = set()
    for _ in range(64):
        made = conceal({"list": [Hidden(1), 2, Hidden(3)]}, decoys=padded)
        items = made.payload["list"]
        assert isinstance(items, list)
        assert len(items) == PADDED_LEAST + 1
        places.add(items.index(2))
        token = sealed(signing_input({"alg": "EdDSA"}, made.payload), b"\x00" * 64)
        assert open_sd_jwt(combined(token, made.disclosures)).claims == {"list": [1, 2, 3]}
    # The one that is shown moves as decoys are strewn before and behind it.
    assert len(places) > 1


def test_who_opened_the_text_needs_not_have_it_read_again() -> None:
    whole = text_of()
    opened = open_sd_jwt(whole)
    shown = part_of(opened, ["/name"])
    assert shown == shown_part(whole, ["/name"])
    occasion: dict[str, Any] = {"nonce": "n", "audience": "https://v.example", "now": NOW}
    sign = Ed25519Signer(SEED).sign
    assert bound(shown, sign, "EdDSA", **occasion, hash_name=opened.hash_name) == bound(
        shown, sign, "EdDSA", **occasion
    )
    for text, name in ((shown, "md5"), ("x", "sha-256")):
        with pytest.raises(MalformedDocument):
            bound(text, sign, "EdDSA", **occasion, hash_name=name)
