"""Idempotency keys: bound once, rebound by one, finished with an answer, forgotten in time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sealwright.services.ports import StoredAnswer, UnitOfWorkFactory
from tests.storage.builders import NOW, scope

ENDS = NOW + timedelta(days=7)


def test_begin_gives_the_scopes_that_were_free(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        assert uow.idempotency.begin_many([(scope("a"), "r1")], NOW, ENDS) == {scope("a")}
        uow.commit()
    with units() as uow:
        items = [(scope(key), None) for key in ("b", "a", "c")]
        assert uow.idempotency.begin_many(items, NOW, ENDS) == {scope("b"), scope("c")}
        assert uow.idempotency.begin_many([], NOW, ENDS) == frozenset()


@pytest.mark.parametrize("count", [1, 64, 300])
def test_begin_binds_a_whole_batch(units: UnitOfWorkFactory, count: int) -> None:
    scopes = [scope(f"k{n}") for n in range(count)]
    with units() as uow:
        free = uow.idempotency.begin_many([(one, f"ref {n}") for n, one in enumerate(scopes)], NOW, ENDS)
        assert free == set(scopes)
        uow.idempotency.finish_many(scopes)
        uow.idempotency.finish_many([])
        known = uow.idempotency.find(scopes[-1])
        assert known is not None
        assert (known.reference, known.finished, known.answer) == (f"ref {count - 1}", True, None)


def test_the_first_of_two_bodies_under_one_key_binds_it(units: UnitOfWorkFactory) -> None:
    first, second = scope("a"), scope("a", body_digest=b"e" * 32)
    with units() as uow:
        assert uow.idempotency.begin_many([(first, "1"), (second, "2")], NOW, ENDS) == {first}
        known = uow.idempotency.find(second)
        assert known is not None
        assert known.scope == first


def test_scopes_differ_by_principal_route_and_key(units: UnitOfWorkFactory) -> None:
    scopes = {scope(), scope("k-2"), scope(principal="user:usr_1"), scope(route="POST /api/v1/dids")}
    with units() as uow:
        assert uow.idempotency.begin_many([(one, None) for one in scopes], NOW, ENDS) == scopes
        assert uow.idempotency.find(scope("unknown")) is None


def test_an_answer_comes_back_whole(units: UnitOfWorkFactory) -> None:
    answer = StoredAnswer(201, b"\x00body\xff", (("Location", "/x"), ("ETag", '"1"')), is_sealed=True)
    with units() as uow:
        uow.idempotency.begin_many([(scope(), None)], NOW, ENDS)
        uow.idempotency.finish(scope(), answer)
        uow.commit()
    with units(write=False) as uow:
        known = uow.idempotency.find(scope())
        assert known is not None
        assert (known.finished, known.answer, known.created_at, known.reference) == (True, answer, NOW, None)


def test_rebind_passes_a_key_to_one_successor(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.idempotency.begin_many([(scope(), "old")], NOW, ENDS)
        assert uow.idempotency.rebind(scope(), "old", "new", NOW + timedelta(minutes=1)) is True
        assert uow.idempotency.rebind(scope(), "old", "newer", NOW) is False
        known = uow.idempotency.find(scope())
        assert known is not None
        assert (known.reference, known.created_at) == ("new", NOW + timedelta(minutes=1))


def test_rebind_refuses_a_finished_key(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.idempotency.begin_many([(scope(), "old")], NOW, ENDS)
        uow.idempotency.finish(scope(), None)
        assert uow.idempotency.rebind(scope(), "old", "new", NOW) is False


def test_expire_forgets_keys_whose_time_ended(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.idempotency.begin_many([(scope("old"), None)], NOW, NOW)
        uow.idempotency.begin_many([(scope("new"), None)], NOW, ENDS)
        assert uow.idempotency.expire(NOW) == 1
        assert uow.idempotency.find(scope("old")) is None
        assert uow.idempotency.find(scope("new")) is not None


def test_release_lets_go_of_what_brought_nothing_about(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.idempotency.begin_many([(scope("void"), None), (scope("done"), None)], NOW, ENDS)
        uow.idempotency.finish(scope("done"), StoredAnswer(200, b"kept"))
        uow.idempotency.release(scope("void"))
        uow.idempotency.release(scope("done"))
        uow.commit()
    with units() as uow:
        assert uow.idempotency.find(scope("done")) is not None, "what is finished is kept"
        assert uow.idempotency.begin_many([(scope("void"), None)], NOW, ENDS) == {scope("void")}
