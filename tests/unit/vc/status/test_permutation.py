"""The places of a status list: each handed out once, in an order that shows nothing."""

from __future__ import annotations

import itertools

import pytest

from sealwright.vc.errors import StatusIndexOutOfRange, StatusListInvalid
from sealwright.vc.status.bitstring import MIN_LIST_BITS
from sealwright.vc.status.permutation import permuted_index

KEY = bytes(range(32))


def test_a_whole_list_is_handed_out_once_each_and_in_no_order() -> None:
    indices = [permuted_index(KEY, ordinal, MIN_LIST_BITS) for ordinal in range(MIN_LIST_BITS)]
    assert sorted(indices) == list(range(MIN_LIST_BITS))
    # Both sequences are permutations of 0 … n−1, so this is Spearman's rank correlation.
    mean = (MIN_LIST_BITS - 1) / 2
    covariance = sum((place - mean) * (index - mean) for place, index in enumerate(indices))
    correlation = covariance / sum((place - mean) ** 2 for place in range(MIN_LIST_BITS))
    assert abs(correlation) < 0.02
    neighbors = sum(abs(first - second) == 1 for first, second in itertools.pairwise(indices))
    assert neighbors < 20


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 17, 1000])
def test_small_lists_are_permuted_whole_too(size: int) -> None:
    assert sorted(permuted_index(KEY, ordinal, size) for ordinal in range(size)) == list(range(size))


def test_another_key_gives_another_order_and_the_same_key_the_same() -> None:
    def first_places(key: bytes) -> list[int]:
        return [permuted_index(key, ordinal, MIN_LIST_BITS) for ordinal in range(64)]

    assert first_places(KEY) == first_places(KEY)
    assert len(set(first_places(KEY)) & set(first_places(bytes(32)))) < 5


@pytest.mark.parametrize("ordinal", [-1, 10, 11])
def test_a_full_list_has_no_place_left(ordinal: int) -> None:
    with pytest.raises(StatusIndexOutOfRange):
        permuted_index(KEY, ordinal, 10)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(StatusListInvalid):
        permuted_index(KEY[:-1], 0, 10)
