"""Ids: one form for all, and an order for what happens often."""

from __future__ import annotations

import re

import pytest

from sealwright.domain.ids import new_id, new_ordered_id

FORM = re.compile(r"cal_[a-z2-7]{26}")


def test_ordered_ids_sort_as_they_were_made_and_look_like_others() -> None:
    made = [new_ordered_id("cal") for _ in range(2_000)]
    assert made == sorted(made)
    assert len(set(made)) == 2_000
    assert all(FORM.fullmatch(one) for one in [*made, new_id("cal")])
    with pytest.raises(ValueError, match="unknown id prefix"):
        new_ordered_id("nope")
