"""Webhooks: what happened leaves signed, to whom it concerns, until it arrives or its day is over."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest

from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.delivery_errors import ParcelNotFound, UrlNotAllowed, WebhookNotFound
from sealwright.domain.errors import MalformedBody, RoleRequired, StateConflict
from sealwright.domain.parcels import Parcel, ParcelState
from sealwright.domain.payouts import PayoutStatus
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.webhooks import Webhook, WebhookStatus
from sealwright.services.dids import NewDID
from sealwright.services.office import Office
from sealwright.services.review_values import NewRequest
from sealwright.services.webhooks import TEST_KIND, WebhookWish
from sealwright.vc.encoding.timestamps import format_timestamp
from tests.conftest import DATABASES
from tests.flows.test_payouts import Crew
from tests.support.desk import DPW, VERIFIER, act, furnish_desk, join
from tests.support.migrated import Templates
from tests.support.office import MovableClock, api_key_for, open_office, the_operator
from tests.support.receivers import HOOK, Letterbox, hook, is_signed, told_of_pauses
from tests.support.review import APPROVED, ask, audit_of, audit_rows, decide, improver, reviewer

ADMIN = AccountRole.ADMIN


_NUMBERS: Final = itertools.count()


def named(name: str) -> str:
    """A name that nobody else in the office has."""
    return f"{name}{next(_NUMBERS)}"


@pytest.fixture(scope="module", params=DATABASES)
def shared(
    request: pytest.FixtureRequest, _templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """An office for all tests of this file, on each supported database."""
    home = tmp_path_factory.mktemp("webhooks")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("_migrated_file"), home / "test.sqlite")
        url = f"sqlite:///{home / 'test.sqlite'}"
    else:
        server = request.getfixturevalue("_postgres_session").get()
        url = _templates.take(server)
    with open_office(url, home / "home", clock=MovableClock()) as opened:
        furnish_desk(opened)
        yield opened
    if request.param != "sqlite":
        _templates.give_back(server, url)


@pytest.fixture
def clock(shared: Office) -> MovableClock:
    assert isinstance(shared.clock, MovableClock)
    return shared.clock


@pytest.fixture
def office(shared: Office, clock: MovableClock) -> Iterator[Office]:
    """The office without anybody's endpoints, and long after whatever failed before."""
    clock.move(hours=1)
    yield shared
    operator = the_operator(shared)
    for one in shared.webhooks.list(operator, limit=100).items:
        shared.acts.run(operator, lambda uow, me, one=one: shared.webhooks.delete(uow, me, one.webhook_id))


@pytest.fixture
def letterbox(office: Office) -> Letterbox:
    return Letterbox().stand_in(office)


@pytest.fixture
def ada(office: Office) -> Caller:
    return join(office, named("ada"), ADMIN)


def change(office: Office, caller: Caller, webhook: Webhook, **members: object) -> Webhook:
    wish = WebhookWish(**members)  # type: ignore[arg-type]
    return act(
        office, caller, lambda uow, me: office.webhooks.change(uow, me, webhook.webhook_id, wish), registry=False
    )


def issuer_of(office: Office) -> str:
    with office.units(write=False) as uow:
        kind = uow.types.get(DPW)
    assert kind is not None
    return kind.issuer_did


def deliveries(office: Office, webhook: Webhook) -> tuple[Parcel, ...]:
    return office.webhooks.deliveries(the_operator(office), webhook.webhook_id, limit=100).items


def last_change(office: Office) -> dict[str, Any]:
    """The newest row about a change of an endpoint."""
    return [row for row in audit_rows(office) if row["action"] == "webhook.updated"][-1]


def stored(office: Office, webhook: Webhook) -> Webhook:
    return office.webhooks.get(the_operator(office), webhook.webhook_id)


def test_an_admin_hears_of_every_event_once_signed(
    office: Office, clock: MovableClock, letterbox: Letterbox, ada: Caller
) -> None:
    webhook, secret = hook(office, ada)
    ann = improver(office, named("ann"))
    request = ask(office, ann)
    assert office.dispatching.work_once() == len(letterbox.received)
    assert "request.created" in letterbox.kinds
    # Rows for the audit trail alone, such as those of the endpoint itself and of tokens, are no events.
    assert not any(kind.startswith(("webhook.", "token.", "system.")) for kind in letterbox.kinds)

    told = next(one for one in letterbox.received if one.event["type"] == "request.created")
    assert is_signed(told, secret, clock.now())
    assert not is_signed(told, "whsec_" + "A" * 43 + "=", clock.now())
    assert (told.url, told.headers["Content-Type"]) == (HOOK, "application/json")
    assert told.event["id"] == told.message_id
    assert told.event["data"]["object"] == {"type": "request", "id": request.request_id}
    assert told.event["data"]["credentialType"] == DPW
    assert ann.person is not None
    assert ann.person.display_name not in told.body.decode()

    # What the list shows is what was sent, under the same ids.
    listed = office.events.list(ada, kinds=None, since=None, limit=100, cursor=None).items
    newest = {one.event_id for one in listed[: len(letterbox.received)]}
    assert newest == {one.message_id for one in letterbox.received}
    assert {one.state for one in deliveries(office, webhook)} == {ParcelState.SENT}
    assert office.dispatching.work_once() == 0


def test_only_what_was_asked_for_and_committed_is_told(office: Office, letterbox: Letterbox, ada: Caller) -> None:
    hook(office, ada, "request.created")
    ann = improver(office, named("ann"))
    with office.units() as uow:
        office.intake.request(uow, ann, NewRequest(DPW))
    asked = ask(office, ann)
    office.dispatching.work_once()
    assert [one.event["data"]["object"]["id"] for one in letterbox.received] == [asked.request_id]


def test_a_key_hears_of_its_own_dids_alone(office: Office, letterbox: Letterbox, ada: Caller) -> None:
    rita, ann = reviewer(office, named("rita")), improver(office, named("ann"))
    issuer = issuer_of(office)
    key = api_key_for(office, issuer)
    mine, _ = hook(office, key)
    other = _other_key(office)
    theirs, _ = hook(office, other, url="https://other.example/in")
    request = ask(office, ann)
    decide(office, rita, request, APPROVED)
    office.dispatching.work_once()
    to_mine = [one.event for one in letterbox.received if one.url == HOOK]
    assert "credential.issued" in {event["type"] for event in to_mine}
    assert {event["data"].get("issuerDid") for event in to_mine} == {issuer}
    assert [one for one in letterbox.received if one.url != HOOK] == []

    # Neither sees the other's endpoint, nor what was sent to it.
    for caller, webhook in ((key, theirs), (other, mine)):
        with pytest.raises(WebhookNotFound):
            office.webhooks.get(caller, webhook.webhook_id)
        with pytest.raises(WebhookNotFound):
            office.webhooks.deliveries(caller, webhook.webhook_id)
        with pytest.raises(WebhookNotFound):
            change(office, caller, webhook, paused=True)
    sent = deliveries(office, mine)[0]
    with pytest.raises(ParcelNotFound):
        act(office, other, lambda uow, me: office.webhooks.resend(uow, me, sent.parcel_id), registry=False)
    assert [one.webhook_id for one in office.webhooks.list(key).items] == [mine.webhook_id]
    assert {one.webhook_id for one in office.webhooks.list(ada).items} == {mine.webhook_id, theirs.webhook_id}


def _other_key(office: Office) -> Caller:
    made = act(office, the_operator(office), lambda uow, me: office.dids.create(uow, me, NewDID(method="key")))
    return api_key_for(office, made.did)


def test_people_without_a_did_of_theirs_have_no_endpoints(office: Office, letterbox: Letterbox) -> None:
    for caller in (improver(office, named("ann")), reviewer(office, named("rita"))):
        with pytest.raises(RoleRequired):
            hook(office, caller)
        with pytest.raises(RoleRequired):
            office.webhooks.list(caller)
    assert letterbox.received == []


def test_addresses_are_judged_and_members_checked(office: Office, letterbox: Letterbox, ada: Caller) -> None:
    letterbox.closed = frozenset({"https://10.0.0.1/"})
    with pytest.raises(UrlNotAllowed):
        hook(office, ada, url="https://10.0.0.1/")
    for events in (("nothing.known",), ("*", "request.created"), ("webhook.created",), ("auth.failed",)):
        with pytest.raises(MalformedBody):
            hook(office, ada, *events)
    webhook, _ = hook(office, ada)
    with pytest.raises(MalformedBody):
        change(office, ada, webhook, events=())
    with pytest.raises(MalformedBody):
        change(office, ada, webhook, description="x" * 201)


def test_failures_are_tried_again_with_growing_pauses_then_it_is_a_dead_letter(
    office: Office, clock: MovableClock, letterbox: Letterbox, ada: Caller
) -> None:
    webhook, secret = hook(office, ada, "request.created")
    ask(office, improver(office, named("ann")))
    letterbox.answers = [500, "timeout", "refused", 302, 404, *["timeout"] * 200]
    assert office.dispatching.work_once() == 1
    pauses = []
    while (parcel := deliveries(office, webhook)[0]).state is ParcelState.WAITING:
        assert office.dispatching.work_once() == 0, "not before it is due"
        pauses.append(parcel.due_at - clock.now())
        clock.time = parcel.due_at
        assert office.dispatching.work_once() == 1
    assert parcel.state is ParcelState.DEAD
    assert parcel.finished_at == parcel.created_at + timedelta(hours=24)
    assert pauses[0] <= timedelta(seconds=7.5)
    assert max(pauses) <= timedelta(hours=3)
    assert all(later >= earlier for earlier, later in zip(pauses[:8], pauses[2:10], strict=True))
    assert 10 < len(letterbox.received) < 60
    # One id and one body for all tries; the time and the signature are those of the try.
    assert len({(one.message_id, one.body) for one in letterbox.received}) == 1
    assert is_signed(letterbox.received[-1], secret, clock.now())
    assert not is_signed(letterbox.received[0], secret, clock.now())
    assert (parcel.last_status, parcel.last_error) == (None, "timeout")

    # After a day of nothing but failures it rests, and says so.
    resting = stored(office, webhook)
    assert (resting.status, resting.paused_by_itself) == (WebhookStatus.PAUSED, True)
    row = last_change(office)
    assert (row["data"]["cause"], row["actor"]["type"]) == ("failed_for_a_day", "system")
    (told,) = told_of_pauses(office, ada)
    assert told.notice.mail_due_at == clock.now()
    assert told.told.lines[:2] == (
        "The webhook endpoint at hooks.example gets no messages any more.",
        "For a day, nothing that was sent to it has arrived.",
    )
    assert told.told.act == ("Open the endpoint", f"/admin/desk/webhooks/{webhook.webhook_id}")


def test_a_dead_letter_and_one_that_arrived_can_be_sent_again(
    office: Office, clock: MovableClock, letterbox: Letterbox, ada: Caller
) -> None:
    webhook, _ = hook(office, ada, "request.created")
    ask(office, improver(office, named("ann")))
    office.dispatching.work_once()
    sent = deliveries(office, webhook)[0]

    def resend() -> Parcel:
        return act(office, ada, lambda uow, me: office.webhooks.resend(uow, me, sent.parcel_id), registry=False)

    assert resend().state is ParcelState.WAITING
    with pytest.raises(StateConflict):
        resend()
    assert office.dispatching.work_once() == 1
    assert len({one.message_id for one in letterbox.received}) == 1
    assert len(letterbox.received) == 2
    with pytest.raises(ParcelNotFound):
        act(office, ada, lambda uow, me: office.webhooks.resend(uow, me, "dlv_unknown"), registry=False)
    change(office, ada, webhook, paused=True)
    with pytest.raises(StateConflict):
        resend()


def test_an_endpoint_that_answers_410_rests_at_once(office: Office, letterbox: Letterbox, ada: Caller) -> None:
    webhook, _ = hook(office, ada, "request.created")
    ask(office, improver(office, named("ann")))
    letterbox.answers = [410]
    office.dispatching.work_once()
    assert stored(office, webhook).status is WebhookStatus.PAUSED
    assert last_change(office)["data"]["cause"] == "gone"
    (told,) = told_of_pauses(office, ada)
    assert told.notice.data == {"host": "hooks.example", "cause": "gone", "webhook_id": webhook.webhook_id}


def test_owners_of_keys_are_told_and_admins_for_those_without_an_inbox(
    office: Office, letterbox: Letterbox, ada: Caller
) -> None:
    olga = join(office, named("olga"))
    for owner in (olga.user_id, None):
        webhook, _ = hook(office, api_key_for(office, issuer_of(office), owner=owner), "credential.issued")
    decide(office, reviewer(office, named("rita")), ask(office, improver(office, named("ann"))), APPROVED)
    letterbox.answers = [410, 410]
    office.dispatching.work_once()
    (told,) = told_of_pauses(office, olga)
    assert told.told.act is None, "admins alone have a page of endpoints"
    (told,) = told_of_pauses(office, ada)
    assert told.notice.data["webhook_id"] == webhook.webhook_id


def test_a_pause_loses_nothing(office: Office, clock: MovableClock, letterbox: Letterbox, ada: Caller) -> None:
    webhook, _ = hook(office, ada, "request.created")
    letterbox.answers = [503]
    ask(office, improver(office, named("ann")))
    office.dispatching.work_once()
    change(office, ada, webhook, paused=True)
    assert change(office, ada, webhook, paused=True) == stored(office, webhook)
    bob = ask(office, improver(office, named("bob")))
    clock.move(hours=1)
    office.dispatching.work_once()
    assert len(letterbox.received) == 1
    opened = change(office, ada, webhook, paused=False)
    assert (opened.failing_since, opened.paused_by_itself) == (None, False)
    clock.move(hours=3)
    office.dispatching.work_once()
    assert len(letterbox.received) == 3
    assert bob.request_id in {one.event["data"]["object"]["id"] for one in letterbox.received[1:]}

    # What lies further back than events are kept is not told any more.
    change(office, ada, webhook, paused=True)
    ask(office, improver(office, named("cleo")))
    clock.move(days=8)
    change(office, ada, webhook, paused=False)
    ask(office, improver(office, named("dan")))
    office.dispatching.work_once()
    assert len(letterbox.received) == 4


def test_two_secrets_sign_for_a_day(office: Office, clock: MovableClock, letterbox: Letterbox, ada: Caller) -> None:
    webhook, first = hook(office, ada, "request.created")

    def rotate() -> str:
        return act(office, ada, lambda uow, me: office.webhooks.rotate(uow, me, webhook.webhook_id), registry=False)[1]

    second = rotate()
    ask(office, improver(office, named("ann")))
    office.dispatching.work_once()
    told = letterbox.received[-1]
    assert is_signed(told, first, clock.now())
    assert is_signed(told, second, clock.now())
    assert len(told.headers["webhook-signature"].split(" ")) == 2

    third = rotate()
    clock.move(hours=23)
    ask(office, improver(office, named("bob")))
    office.dispatching.work_once()
    told = letterbox.received[-1]
    assert [is_signed(told, secret, clock.now()) for secret in (first, second, third)] == [False, True, True]
    clock.move(hours=1)
    ask(office, improver(office, named("cleo")))
    office.dispatching.work_once()
    told = letterbox.received[-1]
    assert [is_signed(told, secret, clock.now()) for secret in (first, second, third)] == [False, False, True]
    # At rest they are sealed, and nobody is shown them again.
    assert all(len(sealed) > 32 for sealed in stored(office, webhook).secrets)
    assert third not in repr(stored(office, webhook))


def test_a_deleted_endpoint_hears_nothing_and_keeps_no_secret(
    office: Office, letterbox: Letterbox, ada: Caller
) -> None:
    webhook, _ = hook(office, ada, "request.created")
    letterbox.answers = [500]
    ask(office, improver(office, named("ann")))
    office.dispatching.work_once()
    act(office, ada, lambda uow, me: office.webhooks.delete(uow, me, webhook.webhook_id), registry=False)
    with office.units(write=False) as uow:
        gone = uow.webhooks.get(webhook.webhook_id)
        assert gone is not None
        assert (gone.status, gone.secrets) == (WebhookStatus.DELETED, ())
        assert uow.parcels.count_waiting() == 0
    ask(office, improver(office, named("bob")))
    office.dispatching.work_once()
    assert len(letterbox.received) == 1
    with pytest.raises(WebhookNotFound):
        office.webhooks.get(ada, webhook.webhook_id)
    assert audit_of(office, webhook.webhook_id) == {"webhook.created": 1, "webhook.deleted": 1}


def test_an_owner_who_was_withdrawn_hears_nothing_more(
    office: Office, clock: MovableClock, letterbox: Letterbox, ada: Caller
) -> None:
    bea = join(office, named("bea"), ADMIN)
    webhook, _ = hook(office, ada, "request.created")
    letterbox.answers = [500]
    ask(office, improver(office, named("ann")))
    office.dispatching.work_once()
    act(office, the_operator(office), lambda uow, me: office.people.deactivate(uow, me, ada.user_id))
    clock.move(minutes=1)
    ask(office, improver(office, named("bob")))
    office.dispatching.work_once()
    assert len(letterbox.received) == 1
    resting = stored(office, webhook)
    assert (resting.status, resting.paused_by_itself) == (WebhookStatus.PAUSED, True)
    assert last_change(office)["data"]["cause"] == "owner_withdrawn"
    (told,) = told_of_pauses(office, bea)
    assert told.told.lines[1:] == ("Whoever it belongs to may hear nothing any more.",)


def test_endpoints_of_a_key_go_over_to_the_key_that_replaces_it(office: Office, letterbox: Letterbox) -> None:
    old = api_key_for(office, issuer_of(office))
    webhook, _ = hook(office, old)
    _, secret = act(office, the_operator(office), lambda uow, me: office.api_keys.rotate(uow, me, old.actor.id))
    new = office.access.authenticate(f"Bearer {secret.text}", office.registry.current())
    assert office.webhooks.get(new, webhook.webhook_id).owner_id == new.actor.id
    decide(office, reviewer(office, named("rita")), ask(office, improver(office, named("ann"))), APPROVED)
    office.dispatching.work_once()
    assert "credential.issued" in letterbox.kinds


def test_a_try_out_says_that_it_is_one(office: Office, clock: MovableClock, letterbox: Letterbox, ada: Caller) -> None:
    webhook, secret = hook(office, ada, "request.created")
    parcel = act(office, ada, lambda uow, me: office.webhooks.test(uow, me, webhook.webhook_id), registry=False)
    assert parcel.label == TEST_KIND
    office.dispatching.work_once()
    told = letterbox.received[0]
    assert is_signed(told, secret, clock.now())
    assert told.event == {
        "id": office.webhooks.event_id(parcel),
        "type": TEST_KIND,
        "timestamp": format_timestamp(clock.now()),
        "data": {"webhookId": webhook.webhook_id},
    }
    assert office.events.position_of(told.message_id) is None


def test_two_readers_never_prepare_an_event_twice(office: Office, letterbox: Letterbox, ada: Caller) -> None:
    webhook, _ = hook(office, ada, "request.created")
    ask(office, improver(office, named("ann")))
    reader = office.dispatching._sources[0].__self__  # type: ignore[attr-defined]
    behind = stored(office, webhook)
    assert reader._read(behind, 10**6) == 1
    assert reader._read(behind, 10**6) == 0, "the position has moved meanwhile"
    assert len(deliveries(office, webhook)) == 1


def test_status_of_credentials_is_told_with_its_type(office: Office, letterbox: Letterbox, ada: Caller) -> None:
    hook(office, ada, "credential.revoked", "grant.revoked")
    rita, ann = reviewer(office, named("rita")), improver(office, named("ann"))
    grant = decide(office, rita, ask(office, ann), APPROVED).view.grant
    assert grant is not None
    grant_id = grant.grant_id
    act(
        office,
        rita,
        lambda uow, me: office.granting.revoke(uow, me, reason="because", grant_id=grant_id),
        registry=False,
    )
    office.dispatching.work_once()
    told = {one.event["type"]: one.event["data"] for one in letterbox.received}
    assert told["credential.revoked"]["after"] == {"status": CredentialStatus.REVOKED.value}
    assert told["credential.revoked"]["grantId"] == grant_id
    assert told["grant.revoked"]["issuerDid"] == told["credential.revoked"]["issuerDid"]


def test_a_payout_counts_as_exported_once_whoever_pays_has_it(
    office: Office, clock: MovableClock, letterbox: Letterbox
) -> None:
    crew = Crew(office)
    everything, _ = hook(office, crew.admin)
    hook(office, api_key_for(office, issuer_of(office)), "payout.owed", url="https://key.example/in")
    first = crew.finished()
    office.dispatching.work_once()
    # Everything is not this; and a key's endpoint hears of payouts no more than it may see them.
    assert "payout.owed" in letterbox.kinds
    assert {one.url for one in letterbox.received} == {everything.url}
    assert {one.status for one in crew.owed(first)} == {PayoutStatus.OWED}

    hook(office, crew.admin, "payout.owed", url="https://payer.example/in")
    second = crew.finished()
    letterbox.answers = [500] * 50
    office.dispatching.work_once()
    assert {one.status for one in crew.owed(second)} == {PayoutStatus.OWED}
    letterbox.answers = []
    for _ in range(4):
        clock.move(hours=1)
        office.dispatching.work_once()
    assert {one.status for one in crew.owed(second)} == {PayoutStatus.EXPORTED}
    assert {one.status for one in crew.owed(first)} == {PayoutStatus.OWED}
    exported = [row for row in audit_rows(office) if row["action"] == "payout.exported"]
    assert {(row["actor"]["type"], row["actor"]["id"]) for row in exported} == {("system", "webhooks")}


def test_reviewers_see_what_concerns_their_scope(office: Office) -> None:
    rita, vera = reviewer(office, named("rita")), reviewer(office, named("vera"), VERIFIER)
    ann = improver(office, named("ann"))
    decide(office, rita, ask(office, ann), APPROVED)

    def kinds(caller: Caller) -> set[str]:
        page = office.events.list(caller, kinds=None, since=office.clock.now(), limit=100, cursor=None)
        assert all(event.kind != "user.created" for event in page.items)
        return {event.kind for event in page.items}

    assert kinds(rita) >= {"request.created", "request.approved", "grant.created", "credential.issued"}
    assert kinds(vera) == set()
    with pytest.raises(RoleRequired):
        kinds(ann)
