"""Query parameters: one spelling, once, known names only; secrets never."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sealwright.domain.errors import InvalidFilter, InvalidPagination, MalformedBody, NotSignedIn
from sealwright.web.query import NO_QUERY, Parameter, QueryShape, paged, refuse_secrets

SHAPE = paged(
    Parameter("active", {"type": "boolean"}, ""),
    Parameter("status", {"type": "string", "enum": ["valid", "revoked"]}, ""),
    Parameter("since", {"type": "string", "format": "date-time"}, ""),
)


def test_values_have_their_declared_types() -> None:
    query = b"limit=7&cursor=abc&active=false&status=valid&since=2026-01-02T03:04:05%2B00:00"
    assert SHAPE.read(query) == {
        "limit": 7,
        "cursor": "abc",
        "active": False,
        "status": "valid",
        "since": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    }
    assert SHAPE.read(b"") == {}


@pytest.mark.parametrize(
    "text",
    ["0", "101", "-1", "+5", "05", "1e1", "5.0", "five", "", "%20" + "5", "٣", "99999999999999999999", "5&limit=6"],
)
def test_limit_outside_its_one_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidPagination) as caught:
        SHAPE.read(f"limit={text}".encode())
    assert caught.value.faults[0].pointer == "/limit"


@pytest.mark.parametrize("query", ["cursor=", "cursor=" + "x" * 513, "cursor=a%00b", "cursor=a&cursor=a"])
def test_cursor_that_is_not_ours_in_form_is_refused(query: str) -> None:
    with pytest.raises(InvalidPagination):
        SHAPE.read(query.encode())


@pytest.mark.parametrize(
    "query", ["status=VALID", "status=valid&status=revoked", "active=1", "since=yesterday", "status=%ff", "active="]
)
def test_filter_outside_what_is_allowed_is_refused(query: str) -> None:
    with pytest.raises(InvalidFilter):
        SHAPE.read(query.encode())


def test_unknown_parameter_is_refused_but_by_standards() -> None:
    with pytest.raises(MalformedBody) as caught:
        NO_QUERY.read(b"page=3")
    assert caught.value.faults[0].code == "UNKNOWN_FIELD"
    assert QueryShape((), lenient=True).read(b"anything=goes") == {}


@pytest.mark.parametrize("query", [b"access_token=x", b"API_KEY=x", b"q=swk_abc", b"a=1&b=swp_abc", b"token=1"])
def test_secret_in_the_address_is_refused(query: bytes) -> None:
    with pytest.raises(NotSignedIn):
        refuse_secrets(query)


def test_harmless_query_is_no_secret() -> None:
    refuse_secrets(b"limit=5&cursor=swap")
