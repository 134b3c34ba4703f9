"""Race gate of redemption: one winner for each token, five tries for each code, nothing after a revocation.

Two servers over one store. `REDEEM_RACES` sets how many times each race is run.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.domain.delivering import OfferWish
from sealwright.domain.delivery_errors import InvalidTxCode, NotDeliverable, TokenExpired, TokenUsed, TxCodeLocked
from sealwright.domain.errors import DomainError
from sealwright.domain.offers import Offer, OfferBinding, OfferChannel, OfferState
from sealwright.domain.people import Caller
from sealwright.services.offer_moves import OfferMoves, hold_offer
from sealwright.services.offer_values import HeldOffer, MadeOffer
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from sealwright.services.redeeming import Redeemed
from sealwright.storage.offers import StoredOffers
from tests.support.desk import act
from tests.support.offers import Holder, stored_offer
from tests.support.office import MovableClock, furnish, issue, open_office, the_operator
from tests.support.races import race
from tests.support.review import audit_rows

THREADS: Final = 8
AT_ONCE: Final = 50
TRIALS: Final = int(os.environ.get("REDEEM_RACES", "40"))
# A revocation needs a credential of its own, so that race is run less often when it is only looked at.
REVOKED: Final = TRIALS if TRIALS > 40 else 20


@dataclass(frozen=True)
class Pair:
    """Two servers over one store."""

    one: Office
    other: Office

    def of(self, number: int) -> Office:
        return (self.one, self.other)[number % 2]


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """The URL of a migrated database of this test's own, on each supported database."""
    return migrated_url


@pytest.fixture
def pair(database_url: str, tmp_path: Path) -> Iterator[Pair]:
    """Two servers over one database, with a clock that stands."""
    clock = MovableClock()
    with ExitStack() as stack:
        one = stack.enter_context(open_office(database_url, tmp_path / "home", clock=clock))
        furnish(one)
        yield Pair(one, stack.enter_context(open_office(database_url, tmp_path / "home", clock=clock)))


def _offers(office: Office, holder: Holder, count: int, **wish: Any) -> list[MadeOffer]:
    """Offers of one credential, in one transaction, because that is not what is raced."""
    credential_id = issue(office, holder_did=holder.did).record.credential_id

    def fill(uow: UnitOfWork, me: Caller) -> list[MadeOffer]:
        wanted = OfferWish(OfferChannel.TOKEN, **wish)
        return [office.offers.offer(uow, me, credential_id, wanted) for _ in range(count)]

    return act(office, the_operator(office), fill, registry=False)


def _redeem(office: Office, holder: Holder, made: MadeOffer, tx_code: str | None = None) -> Redeemed:
    token = made.token or ""
    return office.redeeming.redeem(None, token, holder.proof(token, office.clock.now()), tx_code)


def _all_redeem(pair: Pair, holders: list[Holder], made: MadeOffer) -> list[object]:
    return race([lambda n=n, h=h: _redeem(pair.of(n), h, made) for n, h in enumerate(holders)])  # type: ignore[misc]


def _winners(told: list[object]) -> int:
    """How many were handed the credential as the first; everybody else is told that it was."""
    assert all(isinstance(one, (Redeemed, TokenUsed)) for one in told), told
    return sum(isinstance(one, Redeemed) and not one.again for one in told)


def _trail(office: Office) -> Counter[str]:
    return Counter(f"{row['action']} {row['object']['id']}" for row in audit_rows(office))


def test_each_token_has_one_winner(pair: Pair) -> None:
    """With a key, the winner's other calls get it again; bearers have nothing to be known by."""
    holder = Holder()
    bound = _offers(pair.one, holder, TRIALS)
    borne = _offers(pair.other, holder, TRIALS, binding=OfferBinding.BEARER)
    for one, two in zip(bound, borne, strict=True):
        told = _all_redeem(pair, [holder] * THREADS, one)
        assert _winners(told) == 1
        assert all(isinstance(each, Redeemed) for each in told)
        told = _all_redeem(pair, [holder] * THREADS, two)
        assert _winners(told) == 1
        assert sum(isinstance(each, TokenUsed) for each in told) == THREADS - 1
    trail = _trail(pair.one)
    assert all(trail[f"offer.delivered {made.offer.offer_id}"] == 1 for made in (*bound, *borne))


def test_fifty_at_once_have_one_winner(pair: Pair) -> None:
    holder = Holder()
    (made,) = _offers(pair.one, holder, 1, binding=OfferBinding.BEARER)
    assert _winners(_all_redeem(pair, [holder] * AT_ONCE, made)) == 1


def _remembered(seen: dict[str, Offer]) -> Callable[..., HeldOffer]:
    def hold(_: OfferMoves, uow: UnitOfWork, offer_id: str) -> HeldOffer:
        held = hold_offer(uow, offer_id)
        return replace(held, offer=seen.setdefault(offer_id, held.offer))

    return hold


def _overwrite(self: StoredOffers, offer: Offer) -> None:
    present = self.get(offer.offer_id)
    assert present is not None
    _UPDATE(self, replace(offer, version=present.version + 1))


_UPDATE: Final = StoredOffers.update


def test_twin_that_judges_what_it_read_before_is_found(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug checks first and acts later, without looking again."""
    monkeypatch.setattr(OfferMoves, "hold", _remembered({}))
    monkeypatch.setattr(StoredOffers, "update", _overwrite)
    holder = Holder()
    (made,) = _offers(pair.one, holder, 1, binding=OfferBinding.BEARER)
    assert _winners(_all_redeem(pair, [holder] * THREADS, made)) > 1


def test_five_wrong_codes_lock_whoever_tries(pair: Pair) -> None:
    holder = Holder()
    offers = _offers(pair.one, holder, max(TRIALS // 4, 1), tx_code=True)
    for made in offers:
        told = race([lambda n=n, m=made: _redeem(pair.of(n), holder, m, "wrong") for n in range(THREADS)])  # type: ignore[misc]
        assert Counter(type(one) for one in told) == {InvalidTxCode: 5, TxCodeLocked: THREADS - 5}
        assert stored_offer(pair.one, made.offer.offer_id).attempts_left == 0
        with pytest.raises(TxCodeLocked):
            _redeem(pair.other, holder, made, made.tx_code)
    trail = _trail(pair.one)
    assert all(trail[f"offer.locked {made.offer.offer_id}"] == 1 for made in offers)


def test_revocation_wins_every_race(pair: Pair) -> None:
    holder = Holder()
    outcomes: Counter[str] = Counter()
    for _ in range(REVOKED):
        (made,) = _offers(pair.one, holder, 1)
        credential_id = made.offer.credential_id or ""
        got, revoked = race(
            [
                lambda m=made: _redeem(pair.one, holder, m),  # type: ignore[misc]
                lambda c=credential_id: act(  # type: ignore[misc]
                    pair.other,
                    the_operator(pair.other),
                    lambda uow, me: pair.other.revocation.revoke(uow, me, c, "a race"),
                    registry=False,
                ),
            ]
        )
        assert not isinstance(revoked, DomainError), revoked
        now = stored_offer(pair.one, made.offer.offer_id).state
        outcomes[now.value] += 1
        if isinstance(got, Redeemed):
            assert now is OfferState.DELIVERED
        else:
            assert isinstance(got, (TokenExpired, NotDeliverable)), got
            assert now is OfferState.CANCELED
        # Whatever came first: nothing is handed over once the revocation was acknowledged.
        with pytest.raises((TokenExpired, NotDeliverable)):
            _redeem(pair.one, holder, made)
    assert set(outcomes) <= {"delivered", "canceled"}


def test_one_origin_makes_one_offer(pair: Pair) -> None:
    holder = Holder()
    credential_id = issue(pair.one, holder_did=holder.did).record.credential_id

    def make(office: Office) -> MadeOffer | None:
        wish = OfferWish(OfferChannel.TOKEN)
        caller = the_operator(office)
        return act(
            office, caller, lambda uow, me: office.offers.after_issue(uow, me, credential_id, wish), registry=False
        )

    told = race([lambda n=n: make(pair.of(n)) for n in range(THREADS)])  # type: ignore[misc]
    assert len({one.token for one in told if isinstance(one, MadeOffer)}) == 1
    assert len(told) == sum(isinstance(one, MadeOffer) for one in told)
    with pair.one.units(write=False) as uow:
        assert len(uow.offers.of_credential(credential_id)) == 1
