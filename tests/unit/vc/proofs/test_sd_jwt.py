"""Concealed claims: what is signed tells nothing, and what is disclosed must be asked for, once, by what is signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.errors import (
    MalformedDocument,
    NestingTooDeep,
    ProofInvalid,
    ProofMissing,
    ReservedKey,
    UnreadableJSON,
    VcError,
)
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32, public_from_private
from sealwright.vc.proofs.compact import sealed, signing_input
from sealwright.vc.proofs.key_binding import Occasion, binding_input, verify_key_binding
from sealwright.vc.proofs.sd_jwt import SALT_BYTES, Claims, Hidden, combined, conceal, digest_of, fresh_salt
from sealwright.vc.proofs.sd_jwt_reading import MAX_DISCLOSURES, open_sd_jwt, present
from tests.support.es256 import sign_es256

NOW: Final = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SEED: Final = Secret32(bytes(range(32)))
HOLDER_JWK: Final = {"kty": "OKP", "crv": "Ed25519", "x": base64url_encode(public_from_private(SEED))}
OCCASION: Final = Occasion("https://verifier.example", "n-0S6_WzA2Mj")
CLAIMS: Final[dict[str, Claims]] = {
    "iss": "https://issuer.example",
    "name": Hidden("Ada"),
    "address": Hidden({"city": Hidden("Zürich"), "country": "CH"}),
    "grades": [Hidden(5), 6, Hidden({"best": True})],
    "cnf": {"jwk": dict(HOLDER_JWK)},
}
OPEN: Final = {
    "iss": "https://issuer.example",
    "name": "Ada",
    "address": {"city": "Zürich", "country": "CH"},
    "grades": [5, 6, {"best": True}],
    "cnf": {"jwk": HOLDER_JWK},
}


def token_of(payload: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    return sealed(signing_input(header or {"alg": "EdDSA", "typ": "dc+sd-jwt"}, payload), b"\x00" * 64)


def text_of(claims: dict[str, Any] = CLAIMS) -> str:
    made = conceal(claims)
    return combined(token_of(made.payload), made.disclosures)


def disclosure(*parts: Any) -> str:
    return base64url_encode(dump_json(list(parts)))


def by_hand(payload: dict[str, Any], *disclosures: str) -> str:
    return combined(token_of(payload), disclosures)


def test_the_signed_part_tells_nothing_and_all_comes_back() -> None:
    made = conceal(CLAIMS)
    spelled = dump_json(made.payload).decode()
    assert not any(word in spelled for word in ("Ada", "name", "Zürich", "address", "best"))
    assert made.payload["_sd_alg"] == "sha-256"
    assert made.payload["_sd"] == sorted(made.payload["_sd"])  # type: ignore[type-var,arg-type]
    assert open_sd_jwt(text_of()).claims == OPEN
    assert open_sd_jwt(token_of(made.payload) + "~").claims == {
        "iss": OPEN["iss"],
        "grades": [6],
        "cnf": OPEN["cnf"],
    }


def test_salts_are_fresh_and_128_bits_long() -> None:
    salts = [fresh_salt() for _ in range(64)]
    assert len(set(salts)) == 64
    assert {len(base64url_decode(salt)) for salt in salts} == {SALT_BYTES} == {16}
    assert not set(conceal(CLAIMS).disclosures) & set(conceal(CLAIMS).disclosures)


def test_nothing_hidden_names_no_digest_method() -> None:
    assert conceal({"iss": "x"}).payload == {"iss": "x"}


@pytest.mark.parametrize("name", ["_sd", "_sd_alg", "..."])
def test_claims_may_not_have_the_names_of_digests(name: str) -> None:
    for claims in ({name: 1}, {"inner": {name: 1}}, {"hidden": Hidden({"deep": [{name: 1}]})}):
        with pytest.raises(ReservedKey):
            conceal(claims)


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({("name",)}, {"name": "Ada", "grades": [6]}),
        # What stands around a shown claim is shown with it.
        ({("address", "city")}, {"address": {"city": "Zürich", "country": "CH"}, "grades": [6]}),
        ({("address",)}, {"address": {"country": "CH"}, "grades": [6]}),
        ({("grades", 2)}, {"grades": [6, {"best": True}]}),
        (set(), {"grades": [6]}),
    ],
)
def test_a_holder_shows_what_they_choose(wanted: set[tuple[str | int, ...]], left: dict[str, Any]) -> None:
    shown = present(text_of(), lambda path: path in wanted)
    assert open_sd_jwt(shown).claims == {"iss": OPEN["iss"], "cnf": OPEN["cnf"], **left}
    assert shown.endswith("~")


_ONE = disclosure("salt", "name", "Ada")
_ITEM = disclosure("salt", "Ada")
REFUSED: Final[dict[str, str]] = {
    "no tilde": token_of({}),
    "a disclosure that nothing asks for": by_hand({"_sd": []}, _ONE),
    "the same disclosure twice": by_hand({"_sd": [digest_of(_ONE)]}, _ONE, _ONE),
    "a digest twice": by_hand({"_sd": [digest_of(_ONE), digest_of(_ONE)]}, _ONE),
    "an unopened digest twice": by_hand({"_sd": ["A" * 43], "in": {"_sd": ["A" * 43]}}),
    "a digest twice at two places": by_hand({"_sd": [digest_of(_ONE)], "in": {"_sd": [digest_of(_ONE)]}}, _ONE),
    "a name that is there already": by_hand({"name": "Eve", "_sd": [digest_of(_ONE)]}, _ONE),
    "an item where a member is asked for": by_hand({"_sd": [digest_of(_ITEM)]}, _ITEM),
    "a member where an item is asked for": by_hand({"list": [{"...": digest_of(_ONE)}]}, _ONE),
    "members beside an item's digest": by_hand({"list": [{"...": digest_of(_ITEM), "x": 1}]}, _ITEM),
    "an item's digest outside arrays": by_hand({"member": {"...": digest_of(_ITEM)}}, _ITEM),
    "digests that are no array": by_hand({"_sd": digest_of(_ONE)}, _ONE),
    "a digest that is a number": by_hand({"_sd": [1]}),
    "a disclosed name of digests": by_hand(
        {"_sd": [digest_of(disclosure("s", "_sd", []))]}, disclosure("s", "_sd", [])
    ),
    "a disclosed reserved item": by_hand({"_sd": [digest_of(disclosure("s", "...", 1))]}, disclosure("s", "...", 1)),
    "a name that is no text": by_hand({"_sd": [digest_of(disclosure("s", 1, 1))]}, disclosure("s", 1, 1)),
    "a salt that is no text": by_hand({"_sd": [digest_of(disclosure(1, "a", 1))]}, disclosure(1, "a", 1)),
    "four parts": by_hand({"_sd": [digest_of(disclosure("s", "a", 1, 1))]}, disclosure("s", "a", 1, 1)),
    "another digest method": by_hand({"_sd_alg": "md5", "_sd": []}),
    "a digest method that is no text": by_hand({"_sd_alg": 256}),
    "a digest method further in": by_hand({"in": {"_sd_alg": "sha-256"}}),
    "a disclosure with padding": by_hand({"_sd": [digest_of(_ONE + "=")]}, _ONE + "="),
    "too many disclosures": by_hand({}, *(disclosure("s", str(number)) for number in range(MAX_DISCLOSURES + 1))),
    "a key binding that is no token": text_of() + "x",
    "critical extensions": combined(token_of({}, {"alg": "EdDSA", "crit": ["b64"], "b64": False}), ()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_bound_by_the_signed_part_is_refused(name: str) -> None:
    with pytest.raises(MalformedDocument):
        open_sd_jwt(REFUSED[name])


def test_json_in_disclosures_is_strict() -> None:
    double = base64url_encode(b'["s","a",{"x":1,"x":2}]')
    for text in (double, ""):
        with pytest.raises(UnreadableJSON):
            open_sd_jwt(by_hand({"_sd": [digest_of(text)]}, text))


def test_disclosures_do_not_nest_without_end() -> None:
    value: Any = "deep"
    texts = []
    for level in range(40):
        one = disclosure(f"s{level}", "in", value)
        texts.append(one)
        value = {"_sd": [digest_of(one)]}
    with pytest.raises(NestingTooDeep):
        open_sd_jwt(by_hand(value, *texts))


def test_other_digest_methods_of_the_family_are_read() -> None:
    payload = {"_sd_alg": "sha-512", "_sd": [digest_of(_ONE, "sha-512")]}
    assert open_sd_jwt(by_hand(payload, _ONE)).claims == {"name": "Ada"}


def bound(text: str, at: datetime = NOW, *, key: Secret32 = SEED, change: Callable[[bytes], bytes] = bytes) -> str:
    data = change(binding_input(text, OCCASION, at))
    return text + sealed(data, Ed25519Signer(key).sign(data))


def test_a_key_binding_is_for_one_presentation_verifier_and_occasion() -> None:
    shown = present(text_of(), lambda path: path == ("name",))
    proven = verify_key_binding(open_sd_jwt(bound(shown)), accepted={"EdDSA"}, now=NOW)
    assert (proven.audience, proven.nonce, proven.made_at) == (OCCASION.audience, OCCASION.nonce, NOW)


def test_key_bindings_with_p256_keys_hold() -> None:
    private = ec.derive_private_key(7, ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url_encode(numbers.x.to_bytes(32)),
        "y": base64url_encode(numbers.y.to_bytes(32)),
    }
    text = text_of({**CLAIMS, "cnf": {"jwk": jwk}})
    data = binding_input(text, OCCASION, NOW, algorithm="ES256")
    opened = open_sd_jwt(text + sealed(data, sign_es256(private, data)))
    assert verify_key_binding(opened, accepted={"ES256"}, now=NOW).nonce == OCCASION.nonce
    with pytest.raises(ProofInvalid):
        verify_key_binding(opened, accepted={"EdDSA"}, now=NOW)


def _swapped(text: str) -> str:
    """The key binding of one presentation behind another."""
    whole = bound(text)
    fewer = present(text, lambda path: path == ("name",))
    return fewer + whole.rpartition("~")[2]


BAD_BINDINGS: Final[dict[str, Callable[[str], str]]] = {
    "another key": lambda text: bound(text, key=Secret32(bytes(reversed(range(32))))),
    "another presentation": _swapped,
    "too old": lambda text: bound(text, NOW - timedelta(minutes=11)),
    "from the future": lambda text: bound(text, NOW + timedelta(minutes=2)),
    "no key to check with": lambda _: bound(text_of({"iss": "x", "name": Hidden("Ada")})),
    "a private key in cnf": lambda _: bound(text_of({**CLAIMS, "cnf": {"jwk": {**HOLDER_JWK, "d": "AA"}}})),
    "another type of token": lambda text: (
        text + sealed(data := signing_input({"alg": "EdDSA", "typ": "JWT"}, {}), Ed25519Signer(SEED).sign(data))
    ),
    "no dates": lambda text: (
        text
        + sealed(
            data := signing_input({"alg": "EdDSA", "typ": "kb+jwt"}, {"aud": "a", "nonce": "b"}),
            Ed25519Signer(SEED).sign(data),
        )
    ),
}


@pytest.mark.parametrize("name", BAD_BINDINGS)
def test_a_key_binding_that_does_not_hold_is_refused(name: str) -> None:
    opened = open_sd_jwt(BAD_BINDINGS[name](text_of()))
    with pytest.raises(ProofInvalid):
        verify_key_binding(opened, accepted={"EdDSA"}, now=NOW)


def test_a_missing_key_binding_is_told_apart() -> None:
    with pytest.raises(ProofMissing):
        verify_key_binding(open_sd_jwt(text_of()), accepted={"EdDSA"}, now=NOW)


def test_any_cut_or_flipped_text_is_an_answer_and_no_crash() -> None:
    text = bound(text_of())
    for place in range(0, len(text), 7):
        for bent in (text[:place], text[:place] + "~" + text[place:], text[:place] + "!" + text[place + 1 :]):
            try:
                opened = open_sd_jwt(bent)
            except VcError:
                continue
            assert isinstance(opened.claims, dict)
