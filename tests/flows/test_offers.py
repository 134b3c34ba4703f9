"""Offers by one-time token: made, redeemed once by their holder, refused to all others, and what ends them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sealwright.domain.access import digest_of
from sealwright.domain.credentials import CredentialFilter, CredentialRecord
from sealwright.domain.delivery_errors import (
    HolderMismatch,
    HolderProofRequired,
    InvalidTxCode,
    NotDeliverable,
    OfferNotFound,
    TokenExpired,
    TokenUsed,
    TxCodeLocked,
)
from sealwright.domain.errors import CredentialNotFound, DomainError, MissingMember, Sealed, StateConflict
from sealwright.domain.offers import OfferBinding, OfferState
from sealwright.domain.people import Caller
from sealwright.services.office import Office
from sealwright.services.office_secrets import OfficeSecrets
from tests.support.accounts import custodial
from tests.support.desk import act, come_in, join
from tests.support.offers import Holder, make_offer, redeem_with, stored_offer
from tests.support.office import ISSUER, MovableClock, api_key_for, furnish, issue, open_office, the_operator
from tests.support.review import audit_rows

BEARER = OfferBinding.BEARER


@pytest.fixture
def office(issuing_office: Office) -> Office:
    """An office with an issuer and a schema."""
    return issuing_office


@pytest.fixture
def key(office: Office) -> Caller:
    """A key of the issuer's."""
    return api_key_for(office, ISSUER)


def degree(office: Office, holder: Holder | str, **more: Any) -> CredentialRecord:
    did = holder if isinstance(holder, str) else holder.did
    return issue(office, holder_did=did, **more).record


def revoke(office: Office, credential_id: str) -> None:
    act(office, the_operator(office), lambda uow, me: office.revocation.revoke(uow, me, credential_id, "test"))


def events(office: Office, offer_id: str) -> list[str]:
    return [row["action"] for row in audit_rows(office) if row["object"]["id"] == offer_id]


def refused(office: Office, token: str, proof: str | None = None, caller: Caller | None = None, **more: Any) -> type:
    with pytest.raises(DomainError) as caught:
        office.redeeming.redeem(caller, token, proof, **more)
    return caught.type


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
def test_holder_with_a_key_redeems_once(office: Office, key: Caller, clock: MovableClock, kind: str) -> None:
    holder = Holder(1, kind)
    record = degree(office, holder)
    made = make_offer(office, key, record.credential_id)
    token = made.token or ""
    assert made.claim_url == f"{office.public_url}/claim#{token}"
    assert (made.tx_code, made.deep_link, made.pre_authorized_code) == (None, None, None)
    assert made.offer.expires_at == clock.now() + timedelta(seconds=600)

    first = redeem_with(office, holder, token)
    assert (first.record.document, first.again) == (record.document, False)
    assert (first.offer.state, first.offer.delivered_id) == (OfferState.DELIVERED, record.credential_id)
    assert refused(office, token) is TokenUsed
    # The answer was lost: the same key gets it again with a new proof; the old one proves nothing any more.
    proof = holder.proof(token, clock.now())
    assert office.redeeming.redeem(None, token, proof).again
    assert refused(office, token, proof) is TokenUsed
    assert refused(office, token, Holder(2).proof(token, clock.now())) is TokenUsed
    clock.move(seconds=600)
    assert refused(office, token, holder.proof(token, clock.now())) is TokenUsed
    assert events(office, made.offer.offer_id) == ["offer.created", "offer.delivered"]


def test_offers_keep_no_secret(office: Office, key: Caller) -> None:
    holder = Holder()
    made = make_offer(office, key, degree(office, holder).credential_id, "qr")
    secrets = [made.reference, made.pre_authorized_code, made.tx_code, made.deep_link, made.offer_uri]
    kept = repr(stored_offer(office, made.offer.offer_id)) + json.dumps(audit_rows(office))
    assert all(secret is not None and secret not in kept for secret in secrets)
    assert all(secret not in repr(made) for secret in secrets if secret is not None)
    assert made.offer.secret_digest == digest_of(made.reference or "")
    assert made.offer.code_digest == digest_of(made.pre_authorized_code or "")
    again = office.offers.secrets_of(stored_offer(office, made.offer.offer_id))
    assert (again.reference, again.tx_code) == (made.reference, made.tx_code)


@pytest.mark.parametrize(
    ("header", "claims", "error"),
    [
        ({"typ": "JWT"}, {}, HolderProofRequired),
        ({"typ": None}, {}, HolderProofRequired),
        ({"kid": None}, {}, HolderProofRequired),
        ({"kid": Holder(2).kid}, {}, HolderProofRequired),
        ({"jwk": {"kty": "OKP"}}, {}, HolderProofRequired),
        ({}, {"iss": Holder(2).did}, HolderMismatch),
        ({}, {"iss": None}, HolderMismatch),
        ({}, {"aud": "https://other.example"}, HolderProofRequired),
        ({}, {"aud": None}, HolderProofRequired),
        ({}, {"ath": "another"}, HolderProofRequired),
        ({}, {"ath": None}, HolderProofRequired),
        ({}, {"jti": None}, HolderProofRequired),
        ({}, {"jti": ""}, HolderProofRequired),
        ({}, {"iat": None}, HolderProofRequired),
        ({}, {"iat": "now"}, HolderProofRequired),
        ({}, {"iat": 10**30}, HolderProofRequired),
        ({}, {"iat": 2**40}, HolderProofRequired),
        ({}, {"iat": -(2**40)}, HolderProofRequired),
    ],
    ids=str,
)
def test_proof_that_does_not_hold(
    shared: Office, header: dict[str, Any], claims: dict[str, Any], error: type[Exception]
) -> None:
    holder = Holder()
    token = make_offer(shared, api_key_for(shared, ISSUER), degree(shared, holder).credential_id).token or ""
    assert refused(shared, token, holder.proof(token, shared.clock.now(), header=header, **claims)) is error
    assert redeem_with(shared, holder, token).record.holder_did == holder.did


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office that many small tests share; what they see does not depend on the database."""
    home = tmp_path_factory.mktemp("offers")
    with open_office(f"sqlite:///{home}/office.db", home) as one:
        furnish(one)
        yield one


def test_sealed_office_hands_nothing_over(shared: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = Holder()
    made = make_offer(shared, api_key_for(shared, ISSUER), degree(shared, holder).credential_id)
    token = made.token or ""

    def closed(*_: object) -> None:
        raise Sealed("The key-encryption key is absent.")

    with monkeypatch.context() as patch:
        patch.setattr(OfficeSecrets, "ready", closed)
        with pytest.raises(Sealed):
            redeem_with(shared, holder, token)
        with pytest.raises(Sealed):
            shared.offers.secrets_of(made.offer)
    assert stored_offer(shared, made.offer.offer_id) == made.offer
    assert redeem_with(shared, holder, token).offer.state is OfferState.DELIVERED


def test_proof_of_another_time_another_key_or_seen_before(office: Office, key: Caller, clock: MovableClock) -> None:
    holder, other = Holder(), Holder(2)
    one, two = (make_offer(office, key, degree(office, holder).credential_id).token or "" for _ in range(2))
    for seconds in (-301, 301):
        assert refused(office, one, holder.proof(one, clock.now() + timedelta(seconds=seconds))) is HolderProofRequired
    # Made with another key in the holder's name.
    header = {"kid": holder.kid}
    assert refused(office, one, other.proof(one, clock.now(), header=header, iss=holder.did)) is HolderProofRequired
    assert refused(office, one, other.proof(one, clock.now())) is HolderMismatch
    assert refused(office, one, "no.jws") is HolderProofRequired
    assert refused(office, one, holder.proof(two, clock.now())) is HolderProofRequired
    assert refused(office, one) is HolderProofRequired
    edge = clock.now() - timedelta(seconds=300)
    assert office.redeeming.redeem(None, one, holder.proof(one, edge, jti="same")).offer.state is OfferState.DELIVERED
    assert refused(office, two, holder.proof(two, clock.now(), jti="same")) is HolderProofRequired
    assert redeem_with(office, holder, two).offer.state is OfferState.DELIVERED


def test_unknown_tokens_and_those_of_other_kinds_look_alike(office: Office, key: Caller) -> None:
    holder = Holder()
    made = make_offer(office, key, degree(office, holder).credential_id, "qr", tx_code=False)
    made_token = make_offer(office, key, degree(office, holder).credential_id).token or ""
    for token in (
        made.reference or "",
        made.pre_authorized_code or "",
        f"swo_{made.reference}",
        made_token.removeprefix("swo_"),
        f"{made_token} ",
        "swo_" + "A" * 43,
        "swo_\ud800",
        "",
        made.offer.offer_id,
    ):
        with pytest.raises(OfferNotFound) as caught:
            office.redeeming.redeem(None, token)
        assert caught.value.detail == "There is no such offer."


def test_signed_in_person_redeems_for_a_did_kept_for_them(office: Office, key: Caller, clock: MovableClock) -> None:
    ann, bob = join(office, "ann"), join(office, "bob")
    did = custodial(office, ann.user_id)
    ann, bob, key = come_in(office, ann.user_id), come_in(office, bob.user_id), api_key_for(office, ISSUER)
    made = make_offer(office, key, degree(office, did).credential_id)
    token = made.token or ""
    assert made.offer.holder_user_id == ann.user_id
    assert refused(office, token, caller=bob) is HolderMismatch
    # A key of the issuer is nobody's person, and an admin is not the holder.
    assert refused(office, token, caller=key) is HolderProofRequired
    assert refused(office, token, caller=the_operator(office)) is HolderProofRequired
    got = office.redeeming.redeem(ann, token)
    assert got.offer.redeemer == f"user:{ann.user_id}"
    assert office.redeeming.redeem(ann, token).again
    assert refused(office, token, caller=bob) is TokenUsed
    row = next(row for row in audit_rows(office) if row["action"] == "offer.delivered")
    assert row["actor"]["id"] == ann.user_id
    assert row["data"] == {
        "offerId": made.offer.offer_id,
        "channel": "token",
        "credentialId": got.record.credential_id,
        "grantId": None,
        "requestId": None,
        "issuerDid": ISSUER,
        "credentialType": None,
    }
    clock.move(days=100)
    other = make_offer(office, the_operator(office), got.record.credential_id).token or ""
    # Their personal token is over by then: whoever was let in once is looked up again.
    with pytest.raises(DomainError, match="bearer token"):
        act(office, ann, lambda uow, me: office.offers.cancel(uow, me, made.offer.offer_id))
    assert refused(office, other) is HolderProofRequired


def test_bearer_offers_serve_whoever_comes_first(office: Office, key: Caller) -> None:
    holder = Holder()
    token = make_offer(office, key, degree(office, holder).credential_id, binding=BEARER).token or ""
    got = office.redeeming.redeem(None, token)
    assert (got.offer.redeemer, got.again) == ("bearer", False)
    assert refused(office, token) is TokenUsed
    assert refused(office, token, holder.proof(token, office.clock.now())) is TokenUsed


def test_transaction_code_is_counted_and_locks(office: Office, key: Caller) -> None:
    holder = Holder()
    right, wrong = (make_offer(office, key, degree(office, holder).credential_id, tx_code=True) for _ in range(2))
    for made in (right, wrong):
        token = made.token or ""
        assert made.offer.tx_code_required
        with pytest.raises(InvalidTxCode, match="missing"):
            redeem_with(office, holder, token)
        assert stored_offer(office, made.offer.offer_id).attempts_left == 5
        # Nobody but the holder can use the tries up.
        assert refused(office, token, tx_code="0") is HolderProofRequired
        for left in (4, 3, 2, 1):
            with pytest.raises(InvalidTxCode, match="wrong"):
                redeem_with(office, holder, token, tx_code="12345x")
            assert stored_offer(office, made.offer.offer_id).attempts_left == left
    assert redeem_with(office, holder, right.token or "", tx_code=right.tx_code).offer.state is OfferState.DELIVERED
    with pytest.raises(InvalidTxCode):
        redeem_with(office, holder, wrong.token or "", tx_code="")
    for code in ("", wrong.tx_code, None):
        with pytest.raises(TxCodeLocked):
            redeem_with(office, holder, wrong.token or "", tx_code=code)
    assert events(office, wrong.offer.offer_id) == ["offer.created", "offer.locked"]
    unasked = make_offer(office, key, degree(office, holder).credential_id).token or ""
    with pytest.raises(InvalidTxCode, match="No transaction code"):
        redeem_with(office, holder, unasked, tx_code="123456")
    office.offer_moves.check_tx_code(right.offer.offer_id, right.tx_code, key.actor)
    with pytest.raises(TxCodeLocked):
        office.offer_moves.check_tx_code(wrong.offer.offer_id, wrong.tx_code, key.actor)
    with pytest.raises(OfferNotFound):
        office.offer_moves.check_tx_code("off_none", "1", key.actor)


def test_ended_credentials_are_not_delivered(office: Office, key: Caller, clock: MovableClock) -> None:
    holder = Holder()
    record = degree(office, holder, suspendable=True)
    made = make_offer(office, key, record.credential_id, expires_in_seconds=7_200)
    delivered = make_offer(office, key, record.credential_id, expires_in_seconds=7_200)
    redeem_with(office, holder, delivered.token or "")
    act(office, the_operator(office), lambda uow, me: office.revocation.suspend(uow, me, record.credential_id, "x"))
    with pytest.raises(NotDeliverable):
        redeem_with(office, holder, made.token or "")
    with pytest.raises(NotDeliverable):
        redeem_with(office, holder, delivered.token or "")
    with pytest.raises(NotDeliverable):
        make_offer(office, key, record.credential_id)
    act(office, the_operator(office), lambda uow, me: office.revocation.reinstate(uow, me, record.credential_id, "x"))
    assert office.redeeming.look(made.token or "").state is OfferState.OPENED
    revoke(office, record.credential_id)
    assert stored_offer(office, made.offer.offer_id).state is OfferState.CANCELED
    assert refused(office, made.token or "", holder.proof(made.token or "", clock.now())) is TokenExpired
    with pytest.raises(NotDeliverable):
        redeem_with(office, holder, delivered.token or "")
    short = degree(office, holder, expiration=clock.now() + timedelta(minutes=5))
    late = make_offer(office, key, short.credential_id)
    clock.move(minutes=6)
    with pytest.raises(NotDeliverable):
        redeem_with(office, holder, late.token or "")


def test_every_open_offer_of_a_revoked_credential_ends(office: Office, key: Caller) -> None:
    record = degree(office, Holder())
    made = make_offer(office, key, record.credential_id)
    with office.units() as uow:
        # More than any list shows, all of them newer.
        for number in range(100):
            offer_id, at = f"off_{number}", made.offer.created_at + timedelta(seconds=1)
            uow.offers.add(replace(made.offer, offer_id=offer_id, created_at=at, secret_digest=number.to_bytes(32)))
        uow.commit()
    revoke(office, record.credential_id)
    for offer_id in (made.offer.offer_id, "off_0", "off_99"):
        assert stored_offer(office, offer_id).state is OfferState.CANCELED


def test_looking_notes_the_first_look_alone(office: Office, key: Caller, clock: MovableClock) -> None:
    holder = Holder()
    made = make_offer(office, key, degree(office, holder).credential_id)
    token = made.token or ""
    assert office.redeeming.look(token).opened_at == clock.now()
    clock.move(seconds=10)
    assert office.redeeming.look(token).opened_at == clock.now() - timedelta(seconds=10)
    redeem_with(office, holder, token)
    with pytest.raises(TokenUsed):
        office.redeeming.look(token)
    with pytest.raises(OfferNotFound):
        office.redeeming.look("swo_nothing")
    assert events(office, made.offer.offer_id) == ["offer.created", "offer.opened", "offer.delivered"]


def test_time_ends_offers_recorded_or_not(office: Office, key: Caller, clock: MovableClock) -> None:
    holder = Holder()
    made = [make_offer(office, key, degree(office, holder).credential_id, expires_in_seconds=60) for _ in range(2)]
    assert office.offers.expire_due() == 0
    clock.move(seconds=60)
    token = made[0].token or ""
    assert refused(office, token, holder.proof(token, clock.now())) is TokenExpired
    with pytest.raises(StateConflict):
        act(office, key, lambda uow, me: office.offers.cancel(uow, me, made[0].offer.offer_id))
    page = office.offers.list(key, state=OfferState.EXPIRED, limit=10, cursor=None)
    assert {one.offer_id for one in page.items} == {one.offer.offer_id for one in made}
    assert office.offers.expire_due() == 2
    assert office.offers.expire_due() == 0
    assert events(office, made[0].offer.offer_id) == ["offer.created", "offer.expired"]
    assert stored_offer(office, made[1].offer.offer_id).ended_at == clock.now()


def test_who_sees_and_ends_offers(office: Office) -> None:
    ann, bob = join(office, "ann"), join(office, "bob")
    did = custodial(office, ann.user_id)
    ann, bob = come_in(office, ann.user_id), come_in(office, bob.user_id)
    key, foreign = api_key_for(office, ISSUER), api_key_for(office, did)
    record = degree(office, did)
    for caller in (bob, foreign):
        with pytest.raises(CredentialNotFound) as hidden:
            make_offer(office, caller, record.credential_id)
        with pytest.raises(CredentialNotFound) as missing:
            make_offer(office, caller, "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11")
        assert hidden.value.detail == missing.value.detail
    by_key, by_ann = (make_offer(office, caller, record.credential_id).offer for caller in (key, ann))
    for caller in (key, ann, the_operator(office)):
        assert office.offers.get(caller, by_key.offer_id) == by_key
        found = office.offers.list(caller, credential_id=str(record.uid), limit=1, cursor=None)
        more = office.offers.list(caller, credential_id=str(record.uid), limit=1, cursor=found.next_cursor)
        assert {found.items[0].offer_id, more.items[0].offer_id} == {by_key.offer_id, by_ann.offer_id}
        assert more.next_cursor is None
    for caller in (bob, foreign):
        with pytest.raises(OfferNotFound):
            office.offers.get(caller, by_key.offer_id)
        with pytest.raises(OfferNotFound):
            act(office, caller, lambda uow, me: office.offers.cancel(uow, me, by_key.offer_id))
        assert office.offers.list(caller, limit=10, cursor=None).items == ()

    def end(caller: Caller, offer_id: str) -> OfferState:
        return act(office, caller, lambda uow, me: office.offers.cancel(uow, me, offer_id)).state

    # A holder declines what others offered, and cancels what they offered themselves.
    assert end(ann, by_key.offer_id) is OfferState.DECLINED
    assert end(ann, by_key.offer_id) is OfferState.DECLINED
    assert end(ann, by_ann.offer_id) is OfferState.CANCELED
    assert events(office, by_key.offer_id) == ["offer.created", "offer.declined"]
    third = make_offer(office, ann, record.credential_id).offer
    assert end(key, third.offer_id) is OfferState.CANCELED


def test_holders_list_what_they_may_read(office: Office) -> None:
    ann, holder = join(office, "ann"), Holder()
    record = degree(office, holder)
    with office.units() as uow:
        person = uow.people.get(ann.user_id)
        assert person is not None
        uow.people.update(replace(person, dids=(holder.did,), version=person.version + 1))
        uow.office.raise_epoch()
        uow.commit()
    ann, view = come_in(office, ann.user_id), office.registry.current()
    assert office.shelf.get(record.credential_id, ann, view) == record
    for caller, expected in ((ann, (record,)), (join(office, "bob"), ())):
        assert office.shelf.list(CredentialFilter(), caller, view, limit=9, cursor=None).items == expected


def test_letters_carry_a_link_that_no_row_holds(office: Office, key: Caller, clock: MovableClock) -> None:
    ann = join(office, "ann")
    did = custodial(office, ann.user_id)
    key = api_key_for(office, ISSUER)
    with pytest.raises(MissingMember):
        make_offer(office, key, degree(office, Holder()).credential_id, "email")
    made = make_offer(office, key, degree(office, did).credential_id, "email")
    named = make_offer(
        office, key, degree(office, Holder()).credential_id, "email", email="new@example.org", tx_code=True
    )
    assert made.offer.expires_at == clock.now() + timedelta(hours=72)
    assert (made.offer.email, named.offer.email) == ("ann@example.org", "new@example.org")
    kept = {mail.to: mail for mail in office.mailing.outbox(the_operator(office), count=100).items}
    for one in (made, named):
        assert one.token is not None
        letter = kept[one.offer.email or ""]
        assert one.token not in letter.text + letter.html + letter.subject
        assert one.tx_code is None or one.tx_code not in letter.text
    assert "six digits" in kept["new@example.org"].text
    sent: list[Any] = []
    office.mailing._mailer.send = sent.append  # type: ignore[method-assign,assignment]
    office.mailing.work()
    left = {mail.to: mail for mail in sent}
    for one in (made, named):
        letter = left[one.offer.email or ""]
        assert f"\n{one.claim_url}\n" in letter.text
        assert f'href="{one.claim_url}"' in letter.html
        assert one.offer.offer_id not in letter.text + letter.html
        assert stored_offer(office, one.offer.offer_id).state is OfferState.SENT
    assert events(office, made.offer.offer_id) == ["offer.created", "offer.sent"]
    assert office.redeeming.redeem(come_in(office, ann.user_id), made.token or "").offer.state is OfferState.DELIVERED
