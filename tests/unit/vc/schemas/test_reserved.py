"""What no claims may hold, whatever their schema."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sealwright.vc.errors import (
    ClaimsTooLarge,
    InvalidCharacter,
    NumberOutOfRange,
    ReservedKey,
    UnsignableValue,
    VcError,
)
from sealwright.vc.schemas.reserved import check_claims, check_signable, normalize_numbers


@pytest.mark.parametrize(
    ("claims", "error", "code", "pointer"),
    [
        ({"id": "did:adi:x"}, ReservedKey, "RESERVED_KEY", "/claims/id"),
        ({"a": 1, "type": "x"}, ReservedKey, "RESERVED_KEY", "/claims/type"),
        ({"issuer": "x"}, ReservedKey, "RESERVED_KEY", "/claims/issuer"),
        ({"proof": {}}, ReservedKey, "RESERVED_KEY", "/claims/proof"),
        ({"credentialStatus": {}}, ReservedKey, "RESERVED_KEY", "/claims/credentialStatus"),
        ({"@context": {}}, ReservedKey, "RESERVED_KEY", "/claims/@context"),
        ({"a": [{"b": {"@id": "x"}}]}, ReservedKey, "RESERVED_KEY", "/claims/a/0/b/@id"),
        ({"a": {"@anything": 1}}, ReservedKey, "RESERVED_KEY", "/claims/a/@anything"),
        ({f"p{n}": 1 for n in range(1_001)}, ClaimsTooLarge, "CLAIMS_TOO_LARGE", "/claims"),
        (
            {f"p{n}": {f"q{m}": 1 for m in range(900)} for n in range(6)},
            ClaimsTooLarge,
            "CLAIMS_TOO_LARGE",
            "/claims/p5",
        ),
        ({"é" * 129: 1}, ClaimsTooLarge, "CLAIMS_TOO_LARGE", "/claims/" + "é" * 129),
        ({"a": "é" * 32_769}, ClaimsTooLarge, "CLAIMS_TOO_LARGE", "/claims/a"),
        ({"a": [1] * 1_001}, ClaimsTooLarge, "CLAIMS_TOO_LARGE", "/claims/a"),
        ({"a": ["x", "b\x00"]}, InvalidCharacter, "INVALID_CHARACTER", "/claims/a/1"),
        ({"a\x00": 1}, InvalidCharacter, "INVALID_CHARACTER", "/claims/a\x00"),
        ({"a": {"b": 2**53}}, NumberOutOfRange, "NUMBER_OUT_OF_RANGE", "/claims/a/b"),
        ({"a": math.inf}, NumberOutOfRange, "NUMBER_OUT_OF_RANGE", "/claims/a"),
        ({"a": math.nan}, NumberOutOfRange, "NUMBER_OUT_OF_RANGE", "/claims/a"),
        ({"a": None}, UnsignableValue, "UNSIGNABLE_VALUE", "/claims/a"),
        ({"a": {"b": []}}, UnsignableValue, "UNSIGNABLE_VALUE", "/claims/a/b"),
        ({"a": [1, {}]}, UnsignableValue, "UNSIGNABLE_VALUE", "/claims/a/1"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_claims_are_refused_with_code_and_pointer(
    claims: dict[str, Any], error: type[VcError], code: str, pointer: str
) -> None:
    with pytest.raises(error) as refusal:
        check_claims(claims)
    (fault,) = refusal.value.faults
    assert (fault.pointer, fault.code) == (pointer, code)
    assert refusal.value.pointer == pointer


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"degree": {"id": "x", "type": "BachelorDegree", "issuer": "x", "proof": "y"}},
        {"a": "x" * 65_536, "é" * 128: [1] * 1_000, "b": 2**53 - 1, "c": -0.0, "d": 1e308, "e": True},
        {"__proto__": 1, "constructor": "x", "a/b~c": "y", "": 1, "a@b": 2},
        {"a": {f"p{n}": n for n in range(1_000)}},
    ],
    ids=lambda value: repr(value)[:40],
)
def test_ordinary_claims_pass(claims: dict[str, Any]) -> None:
    check_claims(claims)


def test_unsignable_values_can_be_asked_about_later() -> None:
    claims = {"a": None, "b": [{"c": {}}]}
    check_claims(claims, signable=False)
    with pytest.raises(UnsignableValue) as refusal:
        check_signable(claims)
    assert refusal.value.pointer == "/claims/a"
    with pytest.raises(UnsignableValue) as refusal:
        check_signable({"b": [{"c": {}}]})
    assert refusal.value.pointer == "/claims/b/0/c"


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (3.80, "3.8"),
        (2.0**53, "9007199254740992.0"),
        ([1.0, {"a": 2.0}], "[1, {'a': 2}]"),
        (True, "True"),
        ("1.0", "'1.0'"),
        (1e300, "1e+300"),
    ],
    ids=repr,
)
def test_numbers_have_one_form(value: Any, normal: str) -> None:
    assert repr(normalize_numbers(value)) == normal


def test_normalizing_leaves_its_argument_alone() -> None:
    claims = {"a": [1.0]}
    assert normalize_numbers(claims) == {"a": [1]}
    assert repr(claims) == "{'a': [1.0]}"
