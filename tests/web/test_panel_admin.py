"""The admin desk by plain form posts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sealwright.domain.audit import EVENT_KINDS
from sealwright.domain.audit_check import AuditVerdict, Finding
from sealwright.domain.people import AccountRole, ActorKind
from sealwright.locales import texts_for
from sealwright.web.panel.admin_audit_words import ACTOR_WORDS, EVENT_WORDS, verdict_words
from tests.support.office import ISSUER
from tests.web.desk import DPW, SFLUV, Desk
from tests.web.page_client import text_of
from tests.web.panel_desk import panel_desk, visit

REQUESTS = "/admin/desk/issuer-requests"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("office")) as one:
        yield one


def _person(desk: Desk, name: str) -> frozenset[AccountRole]:
    return desk.served.office.people.get(desk.ids[name]).roles


def _version(page: bytes) -> str:
    found = re.search(r'name="version" value="(\d+)"', page.decode())
    assert found is not None
    return found[1]


def test_one_save_approves_and_sets_the_scope(desk: Desk) -> None:
    desk.add("wanda")
    asked = {"organization": "Harbor Works", "email": "wanda@example.org", "credential_types": [DPW]}
    assert visit(desk, "wanda").post("/settings/access/issuer", asked).status == 303
    admin = visit(desk, "admin")
    assert "Harbor Works" in text_of(admin.get(REQUESTS))
    path = f"{REQUESTS}/{desk.ids['wanda']}"
    page = admin.get(path)
    for said in ("Allowed Credentials", "wanda@example.org", "Nickname"):
        assert said in text_of(page)
    sent = {"state": "approved", "allowed_credentials": [DPW, SFLUV], "version": _version(page.body)}
    assert admin.post(path, sent).status == 303
    person = desk.served.office.people.get(desk.ids["wanda"])
    assert AccountRole.ISSUER in person.roles
    assert set(person.scopes) == {DPW, SFLUV}
    stale = admin.post(path, {**sent, "state": "suspended", "note": "Too late"})
    assert stale.status == 409
    assert "Too late" in stale.body.decode()


def test_leaving_approved_needs_a_note(desk: Desk) -> None:
    admin = visit(desk, "admin")
    path = f"{REQUESTS}/{desk.ids['colleague']}"
    version = _version(admin.get(path).body)
    sent = {"state": "suspended", "allowed_credentials": [DPW], "version": version}
    refused = admin.post(path, sent)
    assert refused.status == 422
    assert admin.post(path, {**sent, "note": "On leave."}).status == 303
    assert AccountRole.ISSUER not in _person(desk, "colleague")


def test_grid_changes_scopes_and_leaves_the_others(desk: Desk) -> None:
    admin = visit(desk, "admin")
    user_id = desk.ids["issuer"]
    sent = {"person": [user_id], f"scope.{user_id}": [DPW, SFLUV], "do": "save"}
    assert admin.post("/admin/desk/issuers", sent).status == 303
    assert set(desk.served.office.people.get(user_id).scopes) == {DPW, SFLUV}
    both = [desk.ids["issuer"], desk.ids["both"]]
    bulk = {"person": both, "chosen": [user_id], "bulk_type": SFLUV, "do": "remove"}
    assert admin.post("/admin/desk/issuers", bulk).status == 303
    assert desk.served.office.people.get(user_id).scopes == (DPW,)
    assert SFLUV in desk.served.office.people.get(desk.ids["both"]).scopes
    assert admin.post("/admin/desk/issuers", {"person": both, "do": "add"}).status == 422


def test_role_is_approved_from_the_list_and_rejected_with_a_note(desk: Desk) -> None:
    for name in ("kim", "lee"):
        desk.add(name)
        visit(desk, name).post("/settings/access/role/improver", {"note": f"{name} asks"})
    admin = visit(desk, "admin")
    assert "kim asks" in text_of(admin.get("/admin/desk/improvers"))
    approve = {"state": "approved", "version": "1"}
    assert admin.post(f"/admin/desk/improvers/{desk.ids['kim']}", approve).status == 303
    assert AccountRole.IMPROVER in _person(desk, "kim")
    reject = {"state": "rejected", "version": "1"}
    assert admin.post(f"/admin/desk/improvers/{desk.ids['lee']}", reject).status == 422
    assert admin.post(f"/admin/desk/improvers/{desk.ids['lee']}", {**reject, "note": "Not yet."}).status == 303
    assert "Not yet." in text_of(visit(desk, "lee").get("/settings/access"))


def test_type_is_made_changed_retired_and_deleted(desk: Desk) -> None:
    admin = visit(desk, "admin")
    base = "/admin/desk/credential-types"
    sent = {"value": "crane", "label": "Crane operator", "label_es": "Operador de grúa", "visibility": "unlisted"}
    sent |= {"revocation_policy": "release_all", "checklist": "Seen\nNamed", "validity_days": "365"}
    assert admin.post(base, sent).headers["location"] == f"{base}/crane"
    page = admin.get(f"{base}/crane")
    assert "/improver/requests/new/crane" in text_of(page)
    made = desk.served.office.catalog.all(admin_caller(desk))
    crane = next(one for one in made if one.value == "crane")
    assert crane.checklist == ("Seen", "Named")
    assert crane.labels["es"] == "Operador de grúa"
    changed = {**sent, "label": "Crane", "version": _version(page.body)}
    del changed["value"]
    assert admin.post(f"{base}/crane", changed).status == 303
    assert admin.post(f"{base}/crane", changed).status == 409
    assert admin.post(f"{base}/crane/retire").status == 303
    assert "Retired" in text_of(admin.get(f"{base}/crane"))
    assert admin.post(f"{base}/crane/delete").headers["location"] == base
    assert admin.post(f"{base}/{DPW}/delete").status == 409


def admin_caller(desk: Desk) -> object:
    return desk.served.office.access.authenticate(
        f"Bearer {desk.tokens['admin']}", desk.served.office.registry.current()
    )


def test_throwaway_name_of_a_type_is_asked_about(desk: Desk) -> None:
    admin = visit(desk, "admin")
    sent = {"value": "cred1", "label": "First", "visibility": "public", "revocation_policy": "retain_all"}
    asked = admin.post("/admin/desk/credential-types", sent)
    assert asked.status == 422
    assert "This value is really meant" in text_of(asked)
    assert admin.post("/admin/desk/credential-types", {**sent, "sure": "1"}).status == 303


def test_accounts_are_added_given_roles_and_closed(desk: Desk) -> None:
    admin = visit(desk, "admin")
    made = admin.post(
        "/admin/desk/users",
        {"email": "max@example.org", "display_name": "Max", "roles": ["voter"], "verified": "1"},
    )
    path = made.headers["location"]
    user_id = path.rpartition("/")[2]
    assert admin.post(f"{path}/roles", {"roles": ["voter", "proposer"]}).status == 303
    people = desk.served.office.people
    assert people.get(user_id).roles == {AccountRole.VOTER, AccountRole.PROPOSER}
    assert admin.post(f"{path}/deactivate").status == 303
    assert not people.get(user_id).active
    assert admin.post(f"{path}/activate").status == 303
    twice = admin.post("/admin/desk/users", {"email": "max@example.org", "display_name": "Other"})
    assert twice.status == 409
    assert 'value="Other"' in twice.body.decode()


def test_api_key_is_shown_once_rotated_and_revoked(desk: Desk) -> None:
    admin = visit(desk, "admin")
    shown = admin.post("/admin/desk/api-keys", {"name": "press", "issuer_dids": [ISSUER]}).body.decode()
    secret = re.search(r"swk_[A-Za-z0-9_-]{43}", shown)
    assert secret is not None
    listed = admin.get("/admin/desk/api-keys").body.decode()
    assert secret[0] not in listed
    key_id = re.search(r'api-keys/(key_[a-z0-9]+)/rotate"(?:(?!</form>).)*Rotate: press', listed)
    assert key_id is not None
    rotated = admin.post(f"/admin/desk/api-keys/{key_id[1]}/rotate", {"overlap_hours": "0"}).body.decode()
    assert re.search(r"swk_[A-Za-z0-9_-]{43}", rotated) is not None
    assert desk.served.client.call("GET", "/api/v1/credentials", token=secret[0]).status == 401


def test_did_is_made_rotated_and_ended(desk: Desk) -> None:
    admin = visit(desk, "admin")
    sent = {"method": "adi", "kind": "organization", "name": "Works"}
    assert admin.post("/admin/desk/dids", sent).headers["location"] == "/admin/desk/dids"
    did = next(
        one.did for one in desk.served.office.dids.list(admin_caller(desk), limit=50, cursor=None).items  # type: ignore[arg-type]
        if one.name == "Works"
    )  # fmt: skip
    path = f"/admin/desk/dids/{did.replace(':', '%3A')}"
    assert "assertionMethod" in text_of(admin.get(path))
    assert admin.post(f"{path}/rotate").status == 303
    assert desk.served.office.dids.get(did).version == 2
    assert admin.post(f"{path}/deactivate").status == 303
    assert not desk.served.office.dids.get(did).is_active


def test_did_gets_keys_of_the_kinds_chosen_and_a_further_one_later(desk: Desk) -> None:
    admin = visit(desk, "admin")
    sent = {"method": "adi", "kind": "organization", "name": "Kinds", "keys": ["BLS12-381-G2", "Ed25519"]}
    assert admin.post("/admin/desk/dids", sent).status == 303
    page = desk.served.office.dids.list(admin_caller(desk), limit=50, cursor=None)
    record = next(one for one in page.items if one.name == "Kinds")
    assert record.signing_method("bbs-2023") is not None
    assert record.signing_method("eddsa-rdfc-2022") is not None
    assert record.signing_method("ecdsa-rdfc-2019") is None

    path = f"/admin/desk/dids/{record.did.replace(':', '%3A')}"
    assert admin.post(f"{path}/rotate", {"keys": "P-256"}).status == 303
    changed = desk.served.office.dids.get(record.did)
    assert changed.signing_method("ecdsa-rdfc-2019") is not None
    for proof_type in ("bbs-2023", "eddsa-rdfc-2022"):
        assert changed.signing_method(proof_type) == record.signing_method(proof_type)
    assert "BbsBlsSignature2020" in text_of(admin.get(path))
    assert admin.post(f"{path}/rotate", {"keys": "RSA"}).status == 422

    refused = admin.post("/admin/desk/dids", {**sent, "method": "key"})
    assert refused.status == 422
    assert "one kind of key" in text_of(refused)


def test_halt_stands_on_every_page_until_it_ends(desk: Desk) -> None:
    admin = visit(desk, "admin")
    assert admin.post("/admin/desk/system/halt", {"reason": ""}).status == 422
    assert admin.post("/admin/desk/system/halt", {"reason": "Drill."}).status == 303
    assert "Issuing is halted" in text_of(visit(desk, "issuer").get("/settings"))
    assert admin.post("/admin/desk/system/resume").status == 303
    assert "Issuing is halted since" not in text_of(visit(desk, "issuer").get("/settings"))


def test_audit_is_filtered_checked_and_exported(desk: Desk) -> None:
    admin = visit(desk, "admin")
    page = text_of(admin.get("/admin/desk/audit?action=auth.signed_in"))
    assert "auth.signed_in" in page
    rows = re.findall(
        r"<code[^>]*>([a-z_.]+)</code>", admin.get("/admin/desk/audit?action=auth.signed_in").body.decode()
    )
    assert set(rows) == {"auth.signed_in"}
    assert "The chain holds" in text_of(admin.post("/admin/desk/audit/check"))
    export = admin.post("/admin/desk/audit/export")
    assert export.headers["content-type"] == "application/x-ndjson"
    assert export.body.count(b"\n") > 10


def test_outbox_holds_the_test_letter(desk: Desk) -> None:
    admin = visit(desk, "admin")
    assert admin.post("/admin/desk/system/mail", {"to": "ops@example.org"}).status == 303
    assert "ops@example.org" in text_of(admin.get("/admin/desk/outbox"))


@pytest.mark.parametrize("path", ["/admin", REQUESTS, "/admin/desk/users", "/admin/desk/audit", "/admin/desk/system"])
def test_desk_is_for_admins(desk: Desk, path: str) -> None:
    answer = visit(desk, "issuer" if path != REQUESTS else "voter").get(path)
    assert answer.status == 403
    assert "Admin" in text_of(answer)


def test_audit_is_told_in_the_readers_language(desk: Desk) -> None:
    desk.done("admin", "PATCH", "/me", {"locale": "es"})
    try:
        admin = visit(desk, "admin")
        page = admin.get("/admin/desk/audit").body.decode()
        rows = page[page.index("<tbody") :]
        assert "Cuenta creada" in rows
        assert "<code" in rows
        assert ">user.created<" in rows
        for english in ("Account made", ">operator<", ">before<", ">after<", ">data<"):
            assert english not in page, english
        for spanish in ("Operador", "Junto con ello"):
            assert spanish in rows, spanish
        checked = admin.post("/admin/desk/audit/check", {}).body.decode()
        assert "puntos de control." in checked
        assert "checkpoints hold" not in checked
        # What leaves as a file is the record itself.
        exported = admin.post("/admin/desk/audit/export", {}).body.decode()
        assert '"action":"user.created"' in exported
        assert "Cuenta creada" not in exported
    finally:
        desk.done("admin", "PATCH", "/me", {"locale": "en"})


def test_every_kind_of_event_has_a_name() -> None:
    assert EVENT_WORDS.keys() == EVENT_KINDS
    assert ACTOR_WORDS.keys() == {kind.value for kind in ActorKind}
    assert len(set(EVENT_WORDS.values())) == len(EVENT_WORDS)


def test_every_finding_has_a_sentence_in_another_language() -> None:
    spanish = texts_for("es")
    for finding in Finding:
        for first_bad in (None, 3):
            verdict = AuditVerdict(finding, 7, first_bad, "A sentence of the checker.", "00", 2)
            said = verdict_words(spanish, verdict)
            assert "7" in said
            assert "checker" not in said
            assert verdict_words(texts_for("en"), verdict) == verdict.detail
