"""JSON pointers as refusals use them."""

from __future__ import annotations

import pytest

from sealwright.vc.encoding.pointers import child, pointer_to


@pytest.mark.parametrize(
    ("step", "pointer"),
    [("a", "/x/a"), (0, "/x/0"), ("a/b", "/x/a~1b"), ("m~n", "/x/m~0n"), ("~1", "/x/~01"), ("", "/x/"), ("é", "/x/é")],
)
def test_child_escapes_member_names(step: str | int, pointer: str) -> None:
    assert child("/x", step) == pointer


def test_a_place_is_spelled_from_the_outside_in() -> None:
    assert pointer_to(None) == ""
    assert pointer_to((((None, "a/b"), 0), "m~n")) == "/a~1b/0/m~0n"
