"""The examples of the Bitstring Status List specification: entries parse, lists expand, bits read."""

from __future__ import annotations

from typing import Any

from sealwright.vc.credentials.form import as_objects
from sealwright.vc.credentials.structure import check_credential
from sealwright.vc.status.bitstring import MIN_LIST_BITS, decode_bitstring_status_list, read_bit
from sealwright.vc.verification.status_reading import parse_entry
from tests.support import vectors


def examples() -> list[dict[str, Any]]:
    return vectors.read_json(vectors.folder("bitstring-status-list") / "spec-examples.json")


def test_all_examples_are_there() -> None:
    assert len(examples()) == 7
    assert sum("json" in example for example in examples()) == 4


def test_example_lists_expand_to_the_least_length_and_are_clear() -> None:
    ran = 0
    for example in examples():
        subject = example.get("json", {}).get("credentialSubject", {})
        if "encodedList" in subject:
            bits = decode_bitstring_status_list(subject["encodedList"])
            assert 8 * len(bits) == MIN_LIST_BITS
            assert not any(read_bit(bits, index) for index in (0, 23452, 94567, MIN_LIST_BITS - 1))
            ran += 1
    assert ran == 2


def test_example_credentials_have_the_right_form_and_entries() -> None:
    read = []
    for example in examples():
        if "json" not in example:
            continue
        check_credential(example["json"])
        for _, source in as_objects(example["json"].get("credentialStatus"), ""):
            entry = parse_entry(source)
            assert entry is not None
            read.append((entry.purpose, entry.index, entry.list_url.rpartition("/")[2]))
    assert read == [("revocation", 94567, "3"), ("suspension", 23452, "4"), ("revocation", 94567, "3")]
