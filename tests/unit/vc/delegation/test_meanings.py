"""What names of constraints mean, known ones and strangers', and which values are looser."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.delegation.meanings import KNOWN, Meaning, loosened, meaning_of, number_of, unreadable


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("maxSpendPerDay", Meaning.AT_MOST),
        ("max_spend", Meaning.AT_MOST),
        ("max2", Meaning.AT_MOST),
        ("minAge", Meaning.AT_LEAST),
        ("authorizedMerchants", Meaning.SUBSET),
        ("allowedTools", Meaning.SUBSET),
        ("deniedCountries", Meaning.SUPERSET),
        ("blockedMerchants", Meaning.SUPERSET),
        ("requireApproval", Meaning.ONLY_TO_TRUE),
        ("authorizedHours", Meaning.WINDOWS),
        ("currency", Meaning.EQUAL),
        ("maximum", Meaning.EQUAL),
        ("minutes", Meaning.EQUAL),
        ("max", Meaning.EQUAL),
        ("required", Meaning.EQUAL),
        ("MaxSpend", Meaning.EQUAL),
        ("", Meaning.EQUAL),
    ],
)
def test_the_first_word_of_a_name_says_what_it_means(name: str, meaning: Meaning) -> None:
    assert meaning_of(name) is meaning


def test_every_known_constraint_but_the_currency_has_a_meaning_of_its_own() -> None:
    assert {name for name in KNOWN if meaning_of(name) is Meaning.EQUAL} == {"currency"}
    assert len(KNOWN) == 14


@pytest.mark.parametrize(
    ("name", "parent", "child", "is_looser"),
    [
        ("maxSpendPerDay", 100, 100, False),
        ("maxSpendPerDay", 100, 100.0, False),
        ("maxSpendPerDay", 100, 99.999999, False),
        ("maxSpendPerDay", 100, 100.000001, True),
        ("maxSpendPerDay", 0.3, 0.1 + 0.2, True),
        ("maxSpendPerDay", 0, False, True),
        ("maxSpendPerDay", True, 1, True),
        ("maxSpendPerDay", 100, "100", True),
        ("maxSpendPerDay", 100, None, True),
        ("maxSpendPerDay", 100, [1], True),
        ("maxSpendPerDay", 100, {"@value": 1}, True),
        ("maxSpendPerDay", 100, float("nan"), True),
        ("maxSpendPerDay", 100, float("-inf"), True),
        ("maxSpendPerDay", "100", 1, True),
        ("minAge", 18, 18, False),
        ("minAge", 18, 21.5, False),
        ("minAge", 18, 17.999, True),
        ("authorizedMerchants", ["a", "b"], ["b"], False),
        ("authorizedMerchants", ["a", "b"], ["b", "a", "b"], False),
        ("authorizedMerchants", ["a", "b"], "a", False),
        ("authorizedMerchants", "a", ["a"], False),
        ("authorizedMerchants", ["a", "b"], ["a", "c"], True),
        ("authorizedMerchants", ["a"], ["A"], True),
        ("authorizedMerchants", ["a"], [], True),
        ("authorizedMerchants", ["a"], [["a"]], True),
        ("authorizedMerchants", ["1"], [1], True),
        ("blockedMerchants", ["a"], ["a", "b"], False),
        ("blockedMerchants", ["a", "b"], ["a"], True),
        ("blockedMerchants", ["a"], None, True),
        ("requireApproval", False, True, False),
        ("requireApproval", True, True, False),
        ("requireApproval", False, False, False),
        ("requireApproval", True, False, True),
        ("requireApproval", True, "true", True),
        ("requireApproval", True, 1, True),
        ("currency", "USD", "USD", False),
        ("currency", "USD", "EUR", True),
        ("flavor", {"a": [1, True]}, {"a": [1.0, True]}, False),
        ("flavor", {"a": 1}, {"a": True}, True),
        ("flavor", {"a": 1}, {"a": 1, "b": 2}, True),
        ("flavor", [1, 2], [2, 1], True),
        ("flavor", 0, False, True),
        ("flavor", None, None, True),
        ("authorizedHours", ["Mon-Fri 08:00-18:00 UTC"], ["Mon 09:00-10:00 UTC", "Fri 08:00-18:00 UTC"], False),
        ("authorizedHours", ["Mon-Fri 08:00-18:00 UTC"], "Mon 08:00-09:00 UTC", False),
        ("authorizedHours", ["Mon-Fri 08:00-18:00 UTC"], ["Mon 09:00-10:00 UTC", "Sat 08:00-18:00 UTC"], True),
        ("authorizedHours", ["Mon 08:00-12:00 UTC", "Mon 12:00-18:00 UTC"], ["Mon 11:00-13:00 UTC"], True),
        ("authorizedHours", ["Mon-Fri 08:00-18:00 UTC"], ["whenever"], True),
        ("authorizedHours", ["Mon-Fri 08:00-18:00 UTC"], ["Mon 08:00-09:00 UTC"] * 101, True),
    ],
)
def test_what_is_looser(name: str, parent: Any, child: Any, is_looser: bool) -> None:
    told = loosened(name, parent, child)
    assert (told is not None) is is_looser
    assert told is None or told.startswith(name)


def test_money_is_the_number_that_people_wrote() -> None:
    assert str(number_of(0.1)) == "0.1"
    assert number_of(True) is None
    assert number_of(float("inf")) is None
    assert unreadable("maxSpendPerDay", 5) is None
    assert unreadable("maxSpendPerDay", "5") == "is not a number"
