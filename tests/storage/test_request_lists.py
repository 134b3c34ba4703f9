"""Lists of the queue against a plain reading of the same filter, on both databases."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Any, Final

import pytest

from sealwright.domain.folding import fold
from sealwright.domain.people import Person
from sealwright.domain.requests import CredentialRequest, RequestFilter, RequestSort, RequestState
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage import number_sets, request_lists
from sealwright.storage.engines import Database
from sealwright.storage.inspection import count_drift
from tests.storage.builders import NOW, credential_type, entry_of_history, person, request

NAMES = (
    "Núria Muñoz",
    "陳大文",
    "Łukasz Ørsted",
    "Ana Banana",
    "bob o'neil",
    "Émile Zola",
    "100% Sure",
    "Ana_b",
    "Zed",
)
TYPES = ("degree", "license", "badge")
SPREAD = timedelta(days=60)


def _people() -> dict[str, Person]:
    found = {}
    for n, name in enumerate(NAMES):
        user_id = f"usr_{n}" if n % 2 else f"did:privy:{n}"
        found[user_id] = person(
            user_id, display_name=name, email=f"{n}@Mail.example", wallets=(), holder_did=None, dids=(f"did:adi:{n}x",)
        )
    return found


PEOPLE = _people()


def _all_requests() -> list[CredentialRequest]:
    """Requests with many equal moments, so that ties are common."""
    chance = random.Random(3)
    made: list[CredentialRequest] = []
    for n in range(160):
        user_id, value = chance.choice(sorted(PEOPLE)), chance.choice(TYPES)
        state = chance.choice(list(RequestState))
        if any((one.user_id, one.credential_type) == (user_id, value) and one.state == "pending" for one in made):
            state = RequestState.REJECTED if state is RequestState.PENDING else state
        is_pending = state is RequestState.PENDING
        asked = NOW + SPREAD * chance.randint(0, 6) / 6
        made.append(
            request(
                f"req_{chance.getrandbits(40):010x}",
                user_id,
                credential_type=value,
                state=state,
                requested_at=asked,
                resolved_at=None if is_pending else asked + timedelta(days=chance.randint(0, 3)),
                needs_info=is_pending and n % 3 == 0,
                assignee_user_id=chance.choice([None, "usr_reviewer", "usr_other"]),
            )
        )
    return made


REQUESTS = _all_requests()


@pytest.fixture
def desk(units: UnitOfWorkFactory) -> UnitOfWorkFactory:
    with units() as uow:
        for one in PEOPLE.values():
            uow.people.add(one)
        for value in TYPES:
            uow.types.add(credential_type(value))
        # In the order of their ids, by which lists settle ties; memory settles them by the order of coming.
        for asked in sorted(REQUESTS, key=lambda one: one.request_id):
            uow.requests.add(asked, entry_of_history(asked.request_id))
        uow.commit()
    return units


_SIZES: Final = ("few rows are gathered", "long lists are walked", "long lists are found in memory")


@pytest.fixture(params=_SIZES)
def _size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every list once as a small one, and in both ways as if it were long."""
    if request.param != "few rows are gathered":
        monkeypatch.setattr(request_lists, "_FEW_ROWS", 0)
        monkeypatch.setattr(request_lists, "_FEW_NAMED", 0)
        monkeypatch.setattr(request_lists, "_FEW_SKIPPED", 0)
        monkeypatch.setattr(number_sets, "MOST_LISTED", 0)
    if request.param == "long lists are walked":
        monkeypatch.setattr(request_lists.RequestLists, "_may_look_in_memory", lambda *_: False)


def _matches(wanted: RequestFilter, one: CredentialRequest) -> bool:
    needle = fold(wanted.search or "")
    who = PEOPLE[one.user_id]
    texts = (who.display_name, who.email)
    ids = (who.user_id, *who.dids)
    found = any(needle in fold(text) for text in texts) or any(
        fold(text).startswith(needle) for text in ids if needle not in ("u", "us", "usr", "d", "di", "did")
    )
    return (
        (not wanted.states or one.state in wanted.states)
        and (wanted.types is None or one.credential_type in wanted.types)
        and (wanted.assignee is None or one.assignee_user_id == wanted.assignee)
        and (not wanted.unassigned or one.assignee_user_id is None)
        and (wanted.needs_info is None or one.needs_info is wanted.needs_info)
        and (wanted.requested_before is None or one.requested_at < wanted.requested_before)
        and (wanted.requested_after is None or one.requested_at >= wanted.requested_after)
        and (wanted.user_id is None or one.user_id == wanted.user_id)
        and found
    )


def _in_order(wanted: RequestFilter) -> list[str]:
    def at(one: CredentialRequest) -> int:
        moment = one.requested_at if one.resolved_at is None else one.resolved_at
        return int(moment.timestamp())

    found = sorted((one for one in REQUESTS if _matches(wanted, one)), key=lambda one: one.request_id)
    pending = [one for one in found if one.state is RequestState.PENDING]
    if wanted.sort is RequestSort.DEFAULT:
        decided = [one for one in found if one.state is not RequestState.PENDING]
        ordered = sorted(pending, key=lambda one: (at(one), one.request_id))
        ordered += sorted(decided, key=lambda one: (at(one), one.request_id), reverse=True)
        return [one.request_id for one in (reversed(ordered) if wanted.descending else ordered)]
    if wanted.sort is RequestSort.STATUS:
        groups = []
        for state in sorted(RequestState, reverse=wanted.descending):
            group = [one for one in found if one.state is state]
            newest_first = state is not RequestState.PENDING
            groups += sorted(group, key=lambda one: (at(one), one.request_id), reverse=newest_first)
        return [one.request_id for one in groups]
    keys: dict[RequestSort, Any] = {
        RequestSort.REQUESTED_AT: lambda one: (one.requested_at, one.request_id),
        RequestSort.REQUESTER_NAME: lambda one: (fold(PEOPLE[one.user_id].display_name), one.request_id),
    }
    return [one.request_id for one in sorted(found, key=keys[wanted.sort], reverse=wanted.descending)]


_P, _R = RequestState.PENDING, RequestState.REJECTED
FILTERS: dict[str, dict[str, Any]] = {
    "everything": {},
    "pending ones": {"states": frozenset({_P})},
    "decided ones": {"states": frozenset(RequestState) - {_P}},
    "two states": {"states": frozenset({_P, _R})},
    "one type": {"types": frozenset({"badge"})},
    "two types": {"types": frozenset({"badge", "degree"}), "states": frozenset({_P, _R})},
    "no type": {"types": frozenset()},
    "a reviewer's": {"assignee": "usr_reviewer"},
    "unassigned ones": {"unassigned": True},
    "those that need information": {"needs_info": True},
    "those that need none": {"needs_info": False, "states": frozenset({_P})},
    "older ones": {"requested_before": NOW + SPREAD / 2},
    "a span": {"requested_after": NOW + SPREAD / 6, "requested_before": NOW + SPREAD * 0.7},
    "one person's": {"user_id": "usr_1"},
    "a name without its accents": {"search": "munoz"},
    "another script": {"search": "陳大"},
    "one letter": {"search": "a"},
    "two letters": {"search": "an"},
    "a stroke": {"search": "LUKASZ  ors"},
    "a percent sign": {"search": "0%"},
    "an underscore": {"search": "a_"},
    "a quote": {"search": "o'n"},
    "half of everybody": {"search": "mail.example"},
    "the beginning of a DID": {"search": "did:adi:3"},
    "the beginning of an id": {"search": "usr_"},
    "the middle of an id": {"search": "sr_1"},
    "a common beginning": {"search": "us"},
    "nobody": {"search": "xyzzy"},
    "a search among the unassigned": {"search": "an", "unassigned": True},
    "a search within a span": {"search": "mail", "requested_after": NOW + SPREAD / 3},
    "everything at once": {
        "search": "mail",
        "states": frozenset({_P, _R}),
        "types": frozenset({"badge", "degree"}),
        "assignee": "usr_other",
        "needs_info": False,
        "requested_before": NOW + SPREAD * 0.9,
    },
}


@pytest.mark.usefixtures("_size")
def test_lists_are_what_their_filters_say(desk: UnitOfWorkFactory, database: Database) -> None:
    assert count_drift(database) == 0
    wrong = []
    with desk(write=False) as uow:
        for name, members in FILTERS.items():
            for sort in RequestSort:
                for descending in (False, True):
                    wanted = RequestFilter(**members, sort=sort, descending=descending)
                    expected = _in_order(wanted)
                    for page, count in ((3, 11), (1, 500)):
                        found = uow.requests.list(wanted, page=page, count=count)
                        ids = [one.request_id for one in found.items]
                        if (ids, found.total) != (expected[(page - 1) * count : page * count], len(expected)):
                            wrong.append(f"{name} by {sort}{' descending' * descending}, page {page} of {count}")
    assert wrong == []


NEIGHBORHOODS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"search": "an"},
    {"states": frozenset({_P, _R}), "types": frozenset(TYPES[:2])},
)


@pytest.mark.usefixtures("_size")
def test_neighbors_are_those_of_the_list(desk: UnitOfWorkFactory) -> None:
    with desk(write=False) as uow:
        for members, sort in itertools.product(NEIGHBORHOODS, RequestSort):
            wanted = RequestFilter(**members, sort=sort, descending=sort is RequestSort.REQUESTER_NAME)
            expected = _in_order(wanted)
            for place in sorted({*range(0, len(expected), 7), 0, len(expected) - 1}):
                before = expected[place - 1] if place else None
                after = expected[place + 1] if place + 1 < len(expected) else None
                assert uow.requests.neighbors(wanted, expected[place]) == (before, after), (members, sort)
            assert uow.requests.neighbors(wanted, "req_unknown") == (None, None)


def test_a_request_that_left_the_list_still_has_neighbors(desk: UnitOfWorkFactory) -> None:
    pending = RequestFilter(states=frozenset({_P}))
    rejected = next(one for one in REQUESTS if one.state is _R and one.requested_at == NOW + SPREAD / 2)
    order = sorted(
        [one for one in REQUESTS if one.state is _P] + [rejected], key=lambda one: (one.requested_at, one.request_id)
    )
    place = order.index(rejected)
    with desk(write=False) as uow:
        expected = (order[place - 1].request_id, order[place + 1].request_id)
        assert uow.requests.neighbors(pending, rejected.request_id) == expected


def test_a_new_name_is_found_sorted_by_and_counted(desk: UnitOfWorkFactory, database: Database) -> None:
    with desk() as uow:
        ana = uow.people.get("usr_3")
        assert ana is not None
        uow.people.update(person("usr_3", display_name="龍 Zzyzx Ωmega", email="new@x.example", wallets=(), version=2))
        uow.commit()
    mine = {one.request_id for one in REQUESTS if one.user_id == "usr_3"}
    with desk(write=False) as uow:
        by_name = RequestFilter(sort=RequestSort.REQUESTER_NAME, descending=True)
        first = uow.requests.list(by_name, page=1, count=len(mine))
        assert {one.request_id for one in first.items} == mine
        assert uow.requests.list(RequestFilter(search="zzyzx"), page=1, count=1).total == len(mine)
        assert uow.requests.list(RequestFilter(search="banana"), page=1, count=1).total == 0
    assert count_drift(database) == 0
