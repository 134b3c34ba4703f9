"""Whoever opens somebody's details, or takes a list of them along, is on record."""

from __future__ import annotations

import pytest

from sealwright.domain.errors import AuditUnavailable, CredentialNotFound, OutOfScope, RoleRequired, UserNotFound
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.requests import RequestFilter
from sealwright.services.looks import ONE_LOOK, Looks
from sealwright.services.office import Office
from tests.support.desk import VERIFIER, act, join
from tests.support.office import MovableClock, api_key_for, the_operator
from tests.support.review import APPROVED, ask, audit_rows, decide, improver, reviewer


def _looks(office: Office) -> list[tuple[str, str, str, str]]:
    """Every look on record: what, by whom, at what."""
    return [
        (row["action"], row["actor"]["id"], row["object"]["type"], row["object"]["id"])
        for row in audit_rows(office)
        if row["action"].startswith("data.")
    ]


def test_details_that_are_opened_are_on_record_once_a_while(office: Office, clock: MovableClock) -> None:
    ada, rex, roy = improver(office, "ada"), reviewer(office, "rex"), reviewer(office, "roy")
    request = ask(office, ada)
    held = decide(office, rex, request, APPROVED).view.grant
    assert held is not None
    assert held.credential_id is not None
    assert _looks(office) == []

    def everything(caller: Caller) -> None:
        office.review.get(caller, request.request_id)
        office.holders.detail(caller, ada.user_id)
        office.credential_sheets.get(caller, held.credential_id or "")

    seen = [("request", request.request_id), ("user", ada.user_id), ("credential", held.credential_id)]
    everything(rex)
    everything(rex)
    everything(roy)
    assert _looks(office) == [("data.opened", who.user_id, *one) for who in (rex, roy) for one in seen]
    clock.move(seconds=ONE_LOOK.total_seconds() - 1)
    office.review.get(rex, request.request_id)
    assert len(_looks(office)) == 6
    clock.move(seconds=1)
    office.review.get(rex, request.request_id)
    assert len(_looks(office)) == 7


def test_accounts_that_admins_open_are_on_record(office: Office) -> None:
    ada, ann, boss = improver(office, "ada"), join(office, "ann", AccountRole.ADMIN), the_operator(office)
    sheet = office.account_sheets.get(ann, ada.user_id)
    assert [one.user_id for one in sheet.tokens] == [sheet.person.user_id] == [ada.user_id]
    office.account_sheets.get(ann, ann.user_id)
    office.account_sheets.get(boss, ada.user_id)
    with pytest.raises(UserNotFound):
        office.account_sheets.get(ann, "usr_nobody")
    with pytest.raises(RoleRequired):
        office.account_sheets.get(ada, ann.user_id)
    assert _looks(office) == [("data.opened", who, "user", ada.user_id) for who in (ann.user_id, boss.actor.id)]


def test_what_somebody_holds_is_on_record_when_others_list_it(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    decide(office, rex, ask(office, ada), APPROVED)
    assert len(office.granting.of_person(rex, ada.user_id)) == 1
    assert len(_looks(office)) == 1
    office.granting.of_person(rex, rex.user_id)
    office.granting.own(ada)
    # A person's page says the same, and more: one look at one person.
    office.holders.detail(rex, ada.user_id)
    assert _looks(office) == [("data.opened", rex.user_id, "user", ada.user_id)]


def test_credentials_are_on_record_when_neither_their_holder_nor_a_key_reads_them(office: Office) -> None:
    ada, rex, ann = improver(office, "ada"), reviewer(office, "rex"), join(office, "ann", AccountRole.ADMIN)
    held = decide(office, rex, ask(office, ada), APPROVED).view.grant
    assert held is not None
    credential_id, issuer = held.credential_id or "", held.issuer_did or ""
    key, view = api_key_for(office, issuer), office.registry.current()
    for caller in (key, ada):
        office.shelf.get(credential_id, caller, view)
        office.shelf.document(credential_id, caller, view)
    office.shelf.status(credential_id)
    with pytest.raises(CredentialNotFound):
        office.shelf.get(credential_id, improver(office, "zoe"), view)
    assert _looks(office) == []
    office.shelf.document(credential_id, ann, view)
    office.shelf.get(credential_id, ann, view)
    assert _looks(office) == [("data.opened", ann.user_id, "credential", credential_id)]


def test_another_process_sees_what_is_on_record(office: Office, clock: MovableClock) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)
    other = Looks(office.units, clock)

    def look(looks: Looks) -> None:
        with looks.opening(rex, "request", request.request_id) as uow:
            assert uow.requests.get(request.request_id) is not None

    look(office.looks)
    clock.move(seconds=ONE_LOOK.total_seconds() - 1)
    look(other)
    assert len(_looks(office)) == 1
    # What it found there lasts no longer for that.
    clock.move(seconds=1)
    look(other)
    assert len(_looks(office)) == 2


def test_files_are_on_record_when_others_than_their_owner_open_them(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    picture = act(office, ada, lambda uow, me: office.attachments.upload(uow, me, "c.pdf", b"%PDF-1.7\n%%EOF"))
    ask(office, ada, evidence=(picture.attachment_id,))
    office.attachments.get(ada, picture.attachment_id)
    assert _looks(office) == []
    office.attachments.get(rex, picture.attachment_id)
    assert _looks(office) == [("data.opened", rex.user_id, "attachment", picture.attachment_id)]


def test_lists_and_refusals_are_no_looks(office: Office) -> None:
    ada, rex, vera = improver(office, "ada"), reviewer(office, "rex"), reviewer(office, "vera", VERIFIER)
    request = ask(office, ada)
    office.review.list(rex, RequestFilter(), page=1, count=20)
    office.review.counts(rex)
    office.review.view(rex, request.request_id)
    office.holders.find(rex, "ada")
    with pytest.raises(OutOfScope):
        office.review.get(vera, request.request_id)
    with pytest.raises(UserNotFound):
        office.holders.detail(rex, "usr_nobody")
    assert _looks(office) == []


def test_nothing_is_shown_that_cannot_be_put_on_record(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from sealwright.storage.audit import StoredAuditLog

    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)

    def broken(_log: StoredAuditLog) -> None:
        raise AuditUnavailable("The trail cannot be written.")

    with monkeypatch.context() as patch:
        patch.setattr(StoredAuditLog, "seal", broken)
        for _ in range(2):
            with pytest.raises(AuditUnavailable):
                office.review.get(rex, request.request_id)
    office.review.get(rex, request.request_id)
    assert len(_looks(office)) == 1
