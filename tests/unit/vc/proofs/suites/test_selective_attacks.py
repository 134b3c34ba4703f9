"""What strangers may do to base and derived proofs of ecdsa-sd-2023 and bbs-2023: each is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import cbor2
import pytest

from sealwright.vc.errors import InvalidKey, ProofInvalid, VcError
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.signers import signer_for
from sealwright.vc.proofs.suites.disclosure import Shown
from tests.support.disclosing import (
    GPA,
    KINDS,
    MANDATORY,
    NAMES,
    UNIVERSITY,
    World,
    parts_of,
    with_part,
    with_parts,
    with_value,
    world,
)

every_suite = pytest.mark.parametrize("name", NAMES)
# Which part of a derived proof is which, by suite.
LABELS = {"ecdsa-sd-2023": 3, "bbs-2023": 1}
ALWAYS = {"ecdsa-sd-2023": 4, "bbs-2023": 2}
SIGNATURES, SELECTED, NONCE, HMAC_KEY = 2, 3, 4, 3


def refuses(check: Callable[[dict[str, Any]], Shown], credential: dict[str, Any], what: str = "") -> None:
    try:
        check(credential)
    except ProofInvalid:
        return
    pytest.fail(f"taken: {what}")


def refused(tried: World, credential: dict[str, Any], what: str = "") -> None:
    refuses(tried.verified, credential, what)


def framings(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Other bytes that a lenient reader would take for the same parts."""
    parts = cbor2.loads(data)
    yield "a byte behind", data + b"\x00"
    yield "cut off", data[:-1]
    yield "nothing", b""
    yield "twice", data + data
    yield "a longer length of the array", b"\x98" + bytes([len(parts)]) + data[1:]
    yield "an indefinite array", b"\x9f" + data[1:] + b"\xff"
    yield "a tag around", b"\xd9\xd9\xf7" + data
    yield "a tag on the first part", data[:1] + b"\xd8\x40" + data[1:]
    yield "one part more", cbor2.dumps([*parts, 0])
    yield "one part less", cbor2.dumps(parts[:-1])
    yield "a map", cbor2.dumps(dict(enumerate(parts)))
    yield "parts in another order", cbor2.dumps(parts[::-1])
    yield "nested deeply", b"\x81" * 5_000 + b"\x00"
    yield "a vast count", b"\x9b" + b"\xff" * 8


@every_suite
def test_a_proof_value_has_one_spelling(name: str) -> None:
    tried = world(name)
    signed = tried.signed()
    derived = tried.derived(signed, UNIVERSITY)
    assert tried.verified(derived).is_derived
    counted = 0
    for credential, check in ((derived, tried.verified), (signed, tried.looked_at)):
        header, parts = parts_of(credential)
        for what, body in framings(cbor2.dumps(parts)):
            refuses(check, with_value(credential, header, body), what)
            counted += 1
    assert counted == 28


@every_suite
def test_text_that_is_no_proof_value_is_refused(name: str) -> None:
    tried = world(name)
    derived = tried.derived(tried.signed(), UNIVERSITY)
    value = derived["proof"]["proofValue"]
    values: list[Any] = [
        "",
        "u",
        "u2V0",
        f"z{value[1:]}",
        value[1:],
        f"{value}=",
        f"{value} ",
        f"{value}A",
        "u" * 600_000,
    ]
    values += [None, 7, [value], value.replace("u2V0", "u2V1", 1), value.upper()]
    for other in values:
        refused(tried, {**derived, "proof": {**derived["proof"], "proofValue": other}})
    refused(tried, {**derived, "proof": tried.options})


@every_suite
def test_another_header_is_another_kind_of_proof(name: str) -> None:
    tried = world(name)
    signed = tried.signed()
    derived = tried.derived(signed, UNIVERSITY)
    own, _ = parts_of(derived)
    for last in range(8):
        header = b"\xd9\x5d" + bytes([last])
        if header != own:
            refused(tried, with_parts(derived, parts_of(derived)[1], header))
    # A base proof under the derived header, and the reverse.
    refused(tried, with_parts(signed, parts_of(signed)[1], own))
    with pytest.raises(ProofInvalid):
        tried.looked_at(with_parts(derived, parts_of(derived)[1], parts_of(signed)[0]))


def part_attacks(name: str, parts: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Derived proofs with one part altered."""

    def other(place: int, value: Any) -> list[Any]:
        return [value if index == place else part for index, part in enumerate(parts)]

    labels, always = parts[LABELS[name]], parts[ALWAYS[name]]
    first, last = labels[0], labels[len(labels) - 1]
    yield "two labels swapped", other(LABELS[name], {**labels, 0: last, len(labels) - 1: first})
    yield "two labels alike", other(LABELS[name], {**labels, 0: last})
    yield "a label more", other(LABELS[name], {**labels, len(labels): first if name == "bbs-2023" else bytes(32)})
    yield "a label less", other(LABELS[name], {key: value for key, value in labels.items() if key})
    yield "no labels", other(LABELS[name], {})
    yield "labels as an array", other(LABELS[name], list(labels.values()))
    yield "labels by text", other(LABELS[name], {str(key): value for key, value in labels.items()})
    for strange in (True, None, -1, 2**70, 1.0, "b0", b"", b"\0" * 31, [0], 1_024):
        yield f"a label {strange!r}", other(LABELS[name], {**labels, 0: strange})
        yield f"an index {strange!r}", other(ALWAYS[name], [*always[:-1], strange])
    yield "an index twice", other(ALWAYS[name], [always[0], *always])
    yield "indexes in another order", other(ALWAYS[name], always[::-1])
    yield "an index less", other(ALWAYS[name], always[1:])
    yield "no indexes", other(ALWAYS[name], [])
    yield "an index beyond", other(ALWAYS[name], [*always[:-1], 500])
    yield "indexes as bytes", other(ALWAYS[name], bytes(always))
    yield "too many indexes", other(ALWAYS[name], list(range(1_025)))
    not_always = next(index for index in range(20) if index not in always)
    yield "an index more", other(ALWAYS[name], sorted([*always, not_always]))
    for place, part in enumerate(parts):
        if isinstance(part, bytes) and part:
            yield f"part {place} longer", other(place, part + b"\0")
            yield f"part {place} shorter", other(place, part[:-1])
            yield f"part {place} with another bit", other(place, part[:-1] + bytes([part[-1] ^ 1]))
            yield f"part {place} as text", other(place, part.hex())
            yield f"part {place} empty", other(place, b"")
            yield f"part {place} all zero", other(place, bytes(len(part)))


@every_suite
def test_no_part_of_a_derived_proof_may_be_another(name: str) -> None:
    tried = world(name)
    derived = tried.derived(tried.signed(), UNIVERSITY, **({"nonce": b"\x01\x02"} if name == "bbs-2023" else {}))
    _, parts = parts_of(derived)
    counted = 0
    for what, altered in part_attacks(name, parts):
        assert cbor2.dumps(altered) != cbor2.dumps(parts), what
        refused(tried, with_parts(derived, altered), what)
        counted += 1
    assert counted == 35 + 12


def test_signatures_of_statements_stand_in_their_order_and_each_once() -> None:
    tried = world("ecdsa-sd-2023")
    derived = tried.derived(tried.signed(), UNIVERSITY, GPA)
    _, parts = parts_of(derived)
    signatures = parts[SIGNATURES]
    assert len(signatures) >= 3
    for other in (
        *(list(order) for order in itertools.permutations(signatures) if list(order) != signatures),
        signatures[1:],
        [*signatures, signatures[0]],
        [signatures[0]] * len(signatures),
        [],
        [b"\0" * 64 for _ in signatures],
        [signature.hex() for signature in signatures],
    ):
        refused(tried, with_part(derived, SIGNATURES, other))


def test_indexes_of_messages_are_bound() -> None:
    tried = world("bbs-2023")
    derived = tried.derived(tried.signed(), UNIVERSITY, GPA)
    _, parts = parts_of(derived)
    chosen = parts[SELECTED]
    for other in (
        [*chosen[:-1], chosen[-1] + 1],
        chosen[::-1],
        chosen[1:],
        [*chosen, chosen[-1] + 1],
        [chosen[0], *chosen],
        list(range(len(chosen))) if list(range(len(chosen))) != chosen else list(range(1, len(chosen) + 1)),
        [-1, *chosen[1:]],
        [True, *chosen[1:]],
        [],
    ):
        refused(tried, with_part(derived, SELECTED, other))
    refused(tried, with_part(derived, NONCE, b"another nonce"))
    refused(tried, with_part(derived, NONCE, bytes(1_025)))


@every_suite
def test_no_part_of_a_base_proof_may_be_another(name: str) -> None:
    tried = world(name)
    signed = tried.signed()
    _, parts = parts_of(signed)
    counted = 0
    for place, part in enumerate(parts):
        others: list[Any] = [None, 0, "", {}]
        if isinstance(part, bytes):
            others += [part[:-1], part + b"\0", part.hex(), b""]
            # The secret of the labels is not signed: under bbs-2023 another one may well give the same few labels.
            if name != "bbs-2023" or place != HMAC_KEY:
                others += [part[:-1] + bytes([part[-1] ^ 1]), bytes(len(part))]
        elif isinstance(part[0], str):
            others += [part[:-1], [*part, "/none"], [*part, GPA], part * 80, [0], ["/" * 3_000]]
        else:
            others += [part[1:], part[::-1], [*part, part[0]], [bytes(64)] * len(part)]
        for other in others:
            refuses(tried.looked_at, with_part(signed, place, other), f"part {place}: {other!r}")
            counted += 1
    assert counted >= 40


@every_suite
def test_what_is_mandatory_can_be_neither_hidden_nor_forgotten(name: str) -> None:
    tried = world(name)
    signed = tried.signed()
    for member in ("issuer", "validFrom", "validUntil"):
        derived = tried.derived(signed, UNIVERSITY)
        refused(tried, {key: value for key, value in derived.items() if key != member})
    # A holder who strikes a pointer out of the base proof gets no derived proof from it.
    header, parts = parts_of(signed)
    assert parts[-1] == list(MANDATORY)
    with pytest.raises(ProofInvalid):
        tried.derived(with_value(signed, header, cbor2.dumps([*parts[:-1], list(MANDATORY[:2])])), UNIVERSITY)


@every_suite
def test_what_was_kept_back_cannot_be_added_and_what_is_shown_not_changed(name: str) -> None:
    tried = world(name)
    derived = tried.derived(tried.signed(), UNIVERSITY)
    subject = derived["credentialSubject"]
    for degree in (
        {**subject["degree"], "gpa": 3.8},
        {**subject["degree"], "university": "ETH"},
        {"type": "BachelorDegree"},
        {**subject["degree"], "type": "MasterDegree"},
    ):
        refused(tried, {**derived, "credentialSubject": {**subject, "degree": degree}})
    refused(tried, {**derived, "credentialSubject": {**subject, "id": "did:adi:thief"}})
    refused(tried, {**derived, "credentialSubject": [subject, {"id": "did:adi:thief"}]})
    refused(tried, {**derived, "id": "urn:uuid:0"})
    for member, value in (("created", "2026-11-21T02:28:00Z"), ("expires", "2099-01-01T00:00:00Z")):
        covered = tried.covered({key: held for key, held in derived.items() if key != "proof"}, **{member: value})
        with pytest.raises(ProofInvalid):
            tried.suite.verify(covered, tried.key, derived["proof"])


@every_suite
def test_statements_of_two_credentials_do_not_mix(name: str) -> None:
    """Another holder's statement, shown under the label it was signed with, and with its own signature."""
    tried = world(name)
    mine = tried.derived(tried.signed(), UNIVERSITY)
    claims = {"type": "MasterDegree", "university": "ETH", "graduationYear": 2025, "gpa": 4.0}
    subject = {**tried.document["credentialSubject"], "degree": claims}
    document = {**tried.document, "credentialSubject": subject}
    theirs = World(name, document=document)
    other = theirs.derived(theirs.signed(), UNIVERSITY)
    _, own = parts_of(mine)
    _, foreign = parts_of(other)
    for places in itertools.product((0, 1), repeat=len(own)):
        if len(set(places)) == 2:
            mixed = [(own, foreign)[place][index] for index, place in enumerate(places)]
            if mixed not in (own, foreign):
                refused(tried, with_parts(mine, mixed))
                refused(theirs, with_parts(other, mixed))
    refused(tried, {**mine, "proof": other["proof"]})


@every_suite
def test_another_key_and_another_kind_of_key_are_refused(name: str) -> None:
    tried = world(name)
    signed = tried.signed()
    derived = tried.derived(signed, UNIVERSITY)
    stranger = World(name, secret=b"\x02" * 32)
    for credential in (signed, derived):
        with pytest.raises(ProofInvalid):
            stranger.looked_at(credential)
    refused(stranger, derived)
    with pytest.raises(VcError):
        stranger.derived(signed, UNIVERSITY)
    kind = KINDS["bbs-2023" if name == "ecdsa-sd-2023" else "ecdsa-sd-2023"]
    wrong = PublicKey(kind, signer_for(kind, Secret32(b"\x01" * 32)).public_key)
    covered = tried.covered({key: held for key, held in derived.items() if key != "proof"})
    with pytest.raises(InvalidKey):
        tried.suite.verify(covered, wrong, derived["proof"])
    with pytest.raises(InvalidKey):
        tried.suite.prepare(tried.covered(tried.document), wrong, MANDATORY)


@every_suite
def test_each_bit_of_a_derived_proof_counts(name: str) -> None:
    """One bit in each of some hundred places: a length, a label, an index, a signature, a proof."""
    tried = world(name)
    derived = tried.derived(tried.signed(), UNIVERSITY)
    header, parts = parts_of(derived)
    data = cbor2.dumps(parts)
    step = max(1, len(data) // 150)
    counted = 0
    for place in range(0, len(data), step):
        altered = data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :]
        refused(tried, with_value(derived, header, altered))
        counted += 1
    assert counted >= 100
