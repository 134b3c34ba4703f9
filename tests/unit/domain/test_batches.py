"""Ids of a batch's credentials: they follow from its secret, stand in order, and tell their row to whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sealwright.domain.batches import CHUNK_ROWS, CredentialUids, chunk_bounds, credential_uid, row_of

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = bytes(range(32))
ROWS = st.integers(0, 2**24 - 1)


@given(row=ROWS, other=ROWS)
def test_ids_follow_from_secret_moment_and_row(row: int, other: int) -> None:
    uids = CredentialUids(SECRET, AT)
    uid = uids.of(row)
    assert (uid.version, uid.variant) == (8, "specified in RFC 4122")
    assert uid == credential_uid(SECRET, AT, row)
    assert row_of(uid) == row
    assert (uid < uids.of(other)) == (row < other), "an index takes them in side by side"
    assert uid < credential_uid(SECRET, AT + timedelta(seconds=1), 0)


def test_nobody_makes_ids_without_the_secret() -> None:
    mine, others = (CredentialUids(secret, AT) for secret in (SECRET, bytes(32)))
    tails = {(uids.of(row).int & 2**50 - 1) for uids in (mine, others) for row in range(1_000)}
    assert len(tails) == 2_000


def test_an_id_stays_what_it_was() -> None:
    """Stored credentials are found by it: it must never come out otherwise."""
    assert str(credential_uid(b"x" * 32, AT, 70_000)) == "019ca945-0a00-8011-85c3-fd3a1c52b56b"


def test_chunks_are_full_but_the_last() -> None:
    assert list(chunk_bounds(CHUNK_ROWS + 1)) == [(0, CHUNK_ROWS), (CHUNK_ROWS, 1)]
    assert list(chunk_bounds(0)) == []
