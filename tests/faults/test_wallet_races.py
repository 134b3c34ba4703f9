"""Race gate of wallets: one token for each code, one redeemer for each offer, one use of each nonce.

Two servers over one store. `WALLET_RACES` sets how many offers are raced for.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.domain.delivering import OfferWish
from sealwright.domain.offers import OfferChannel
from sealwright.domain.people import Caller
from sealwright.domain.wallets import WalletToken
from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused
from sealwright.services.copies import VALID_AT_MOST
from sealwright.services.offer_values import MadeOffer
from sealwright.services.office import Office
from sealwright.services.office_secrets import secret_digest
from sealwright.services.ports import UnitOfWork
from sealwright.services.wallet_handing import OfferGuard
from sealwright.services.wallet_issuing import HandedOver
from sealwright.services.wallet_nonces import PROOF_NONCE, WalletNonces
from tests.support.desk import act
from tests.support.office import MovableClock, furnish, issue, open_office, the_operator
from tests.support.races import race
from tests.support.review import audit_rows
from tests.support.wallet import PRE_AUTHORIZED, WalletKey

THREADS: Final = 8
TRIALS: Final = int(os.environ.get("WALLET_RACES", "40"))
# Each offer ends in a form of its own, of which one credential has so many at most; what counts them is not raced.
OFFERS_EACH: Final = VALID_AT_MOST // 2
# Signing is most of the work; these races are run less often when they are only looked at.
FEWER: Final = TRIALS if TRIALS > 40 else 5
CONFIGURATION: Final = "university-degree.jwt_vc_json"
KEYS: Final = [WalletKey() for _ in range(THREADS)]


@dataclass(frozen=True)
class Pair:
    """Two servers over one store."""

    one: Office
    other: Office

    def of(self, number: int) -> Office:
        return (self.one, self.other)[number % 2]


@pytest.fixture
def pair(migrated_url: str, tmp_path: Path) -> Iterator[Pair]:
    """Two servers over one database, with a clock that stands."""
    clock = MovableClock()
    with ExitStack() as stack:
        # With their issuing lines open, as servers have them: orders that arrive together share their commits.
        one = stack.enter_context(open_office(migrated_url, tmp_path / "home", clock=clock, background=True))
        furnish(one)
        yield Pair(one, stack.enter_context(open_office(migrated_url, tmp_path / "home", clock=clock, background=True)))


def _race(acts: list[Callable[[], object]]) -> list[object]:
    """Start all acts from one barrier; gives results and the codes of refusals in order."""
    return [one.code if isinstance(one, WalletRefused) else one for one in race(acts, WalletRefused)]


def _offers(office: Office, count: int) -> tuple[list[str], list[MadeOffer]]:
    """Offers made in one transaction, because that is not what is raced, and the credentials that they hand over."""
    credential_ids = [issue(office).record.credential_id for _ in range(0, count, OFFERS_EACH)]

    def fill(uow: UnitOfWork, me: Caller) -> list[MadeOffer]:
        wish = OfferWish(OfferChannel.QR, tx_code=False)
        return [office.offers.offer(uow, me, credential_ids[n // OFFERS_EACH], wish) for n in range(count)]

    return credential_ids, act(office, the_operator(office), fill, registry=False)


def _exchange(office: Office, made: MadeOffer) -> str:
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": made.pre_authorized_code or ""}
    return str(office.wallet.tokens.exchange(form, None, request_id=None)["access_token"])


def _token(pair: Pair, made: MadeOffer) -> WalletToken:
    """The token of whoever was first; the others are told that the code was used."""
    told = _race([lambda n=n: _exchange(pair.of(n), made) for n in range(THREADS)])  # type: ignore[misc]
    (text,) = [one for one in told if not isinstance(one, OAuthCode)]
    assert told.count(OAuthCode.INVALID_GRANT) == THREADS - 1
    with pair.one.units(write=False) as uow:
        token = uow.wallets.token_by_digest(secret_digest(str(text)))
    assert token is not None
    return token


def _proof(office: Office, key: WalletKey, nonce: str | None = None) -> str:
    return key.proof(office.clock.now().timestamp(), nonce or office.wallet.nonces.make(PROOF_NONCE))


def _ask(office: Office, token: WalletToken, proof: str) -> Any:
    body: Any = {"credential_configuration_id": CONFIGURATION, "proofs": {"jwt": [proof]}}
    return office.wallet.issuing.credential(token, body, request_id=None)


def _redeemers(told: list[object]) -> set[str]:
    """The credentials that were handed over; everybody else is denied."""
    assert all(isinstance(one, HandedOver) or one is OAuthCode.CREDENTIAL_REQUEST_DENIED for one in told), told
    return {one.records[0].credential_id for one in told if isinstance(one, HandedOver)}


def _all_ask(pair: Pair, token: WalletToken, proofs: list[str]) -> list[object]:
    return _race([lambda n=n, p=p: _ask(pair.of(n), token, p) for n, p in enumerate(proofs)])  # type: ignore[misc]


def _trail(office: Office) -> Counter[str]:
    return Counter(f"{row['action']} {row['object']['id']}" for row in audit_rows(office))


def test_each_code_gives_one_token_and_each_offer_has_one_redeemer(pair: Pair) -> None:
    credential_ids, offers = _offers(pair.one, TRIALS)
    given: set[str] = set()
    for made in offers:
        token = _token(pair, made)
        won = _redeemers(_all_ask(pair, token, [_proof(pair.one, key) for key in KEYS]))
        assert len(won) == 1
        given |= won
    with pair.one.units(write=False) as uow:
        sources = [uow.credentials.get(one) for one in credential_ids]
        stored = {copy.credential_id for one in sources if one for copy in uow.credentials.copies_of(one.uid)}
    # What the others' calls had begun was never stored.
    assert stored == given
    assert len(given) == TRIALS
    trail = _trail(pair.one)
    assert all(trail[f"offer.delivered {made.offer.offer_id}"] == 1 for made in offers)


def test_one_key_at_once_gets_one_credential(pair: Pair) -> None:
    for made in _offers(pair.one, FEWER)[1]:
        token = _token(pair, made)
        told = _all_ask(pair, token, [_proof(pair.one, KEYS[0]) for _ in range(THREADS)])
        assert all(isinstance(one, HandedOver) for one in told), told
        assert len(_redeemers(told)) == 1


def test_one_proof_at_once_is_used_once(pair: Pair) -> None:
    for made in _offers(pair.one, FEWER)[1]:
        token = _token(pair, made)
        told = _all_ask(pair, token, [_proof(pair.one, KEYS[0])] * THREADS)
        assert told.count(OAuthCode.INVALID_NONCE) == THREADS - 1
        assert sum(isinstance(one, HandedOver) for one in told) == 1


def test_twin_whose_guard_looks_away_is_found(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug stores whatever was signed."""
    monkeypatch.setattr(OfferGuard, "look_again", lambda *_: None)
    monkeypatch.setattr(OfferGuard, "bind", lambda _self, _uow, _order, record, _now: record)
    (made,) = _offers(pair.one, 1)[1]
    told = _all_ask(pair, _token(pair, made), [_proof(pair.one, key) for key in KEYS])
    assert len(_redeemers(told)) > 1


def test_twin_that_forgets_what_was_spent_is_found(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug takes every nonce of ours."""
    monkeypatch.setattr(WalletNonces, "spend", lambda self, nonces: all(self.end_of(PROOF_NONCE, n) for n in nonces))
    (made,) = _offers(pair.one, 1)[1]
    told = _all_ask(pair, _token(pair, made), [_proof(pair.one, KEYS[0])] * THREADS)
    assert sum(isinstance(one, HandedOver) for one in told) > 1
