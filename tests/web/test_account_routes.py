"""One's own account over the API: which addresses come first and which go, ways to sign in, and signed-in browsers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey

from sealwright.domain.ids import new_id
from sealwright.domain.sign_in import Passkey
from sealwright.services.sessions import SignedIn
from sealwright.vc.keys.jwk import secret_from_private_jwk
from sealwright.vc.keys.multikey import decode_multikey
from sealwright.vc.proofs.signers import public_of
from sealwright.web.auth.form_token import masked
from sealwright.web.routes import ROUTES
from tests.support.accounts import PASSWORD, add_account, custodial, hash_cheaply, letters, link_in, sign_in
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, Served, serve, token_for
from tests.web.test_api_document import fits

ORIGIN: Final = ("Origin", "http://127.0.0.1:8000")
FIRST: Final = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
SECOND: Final = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
PASSPHRASE: Final = "a long enough passphrase"
NEW_PASSWORD: Final = "many small boats cross the bay"
FRESH: Final = {
    "POST /me/emails/primary": {"email": "else@example.org"},
    "PUT /me/password": {"current": PASSWORD, "password": NEW_PASSWORD},
    "POST /me/recovery-codes": {},
    "DELETE /me/passkeys/{id}": {},
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        hash_cheaply(patch)
        with serve(tmp_path_factory.mktemp("office"), **NO_LIMITS) as one:
            yield one


class Somebody:
    """A person of their own, by the session of a browser or by a personal token."""

    def __init__(self, site: Served, name: str) -> None:
        self.site, self.name = site, name
        self.user_id = add_account(site.office, name)
        self.token = token_for(site.office, self.user_id)
        self.signed_in: SignedIn = sign_in(site.office, name)

    def call(self, method: str, path: str, body: object = None, **options: Any) -> Answer:
        """By the session."""
        proofs = [
            ("Cookie", f"sealwright={self.signed_in.cookie}"),
            ("X-CSRF-Token", masked(self.site.office.sessions.csrf_token(self.signed_in.caller))),
            ORIGIN,
        ]
        return self.site.client.call(method, path, body, headers=[*proofs, *options.pop("headers", ())], **options)

    def by_token(self, method: str, path: str, body: object = None) -> Answer:
        """By the personal token."""
        return self.site.client.call(method, path, body, token=self.token)

    def verified(self, email: str) -> None:
        """Add a further address and follow its letter."""
        assert self.by_token("POST", "/me/emails", {"email": email}).status == 201
        token = link_in(letters(self.site.office, "verify_email", email)[0])
        assert self.by_token("POST", "/me/emails/verify", {"token": token}).status == 201

    def passkey(self) -> str:
        """Keep a passkey, as if a browser had registered it."""
        office = self.site.office
        passkey_id = new_id("psk")
        with office.units() as uow:
            uow.sign_ins.add_passkey(
                Passkey(passkey_id, self.user_id, passkey_id.encode(), b"key", 0, "Key", office.clock.now())
            )
            uow.commit()
        return passkey_id


@pytest.fixture
def ana(site: Served, request: pytest.FixtureRequest) -> Somebody:
    return Somebody(site, "ana" + re.sub(r"\W+", "", request.node.name.removeprefix("test_"))[:40].lower())


@pytest.fixture
def eve(site: Served, request: pytest.FixtureRequest) -> Somebody:
    return Somebody(site, "eve" + re.sub(r"\W+", "", request.node.name.removeprefix("test_"))[:40].lower())


def done(answer: Answer, route: str, status: int = 200) -> Any:
    """The body of a call that succeeded, which is as its route is described."""
    assert answer.status == status, answer.body
    if status == 204:
        assert answer.body == b""
        return None
    fits(route, status, answer.json())
    return answer.json()


def refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code), answer.body


def same_refusal(first: Answer, second: Answer) -> None:
    """Two refusals that tell nothing apart, but for address and request id."""
    told = [{k: v for k, v in one.json().items() if k not in {"instance", "requestId"}} for one in (first, second)]
    assert (first.status, told[0]) == (second.status, told[1])


def last_change(site: Served) -> Any:
    """What the newest row of the audit trail says beside who, when and where."""
    with site.office.units(write=False) as uow:
        return json.loads(list(uow.audit.read(0, 100_000))[-1].body)["data"]


# -- profile -------------------------------------------------------------------------------------------


def test_appearance_is_read_and_changed(ana: Somebody) -> None:
    wish = {"locale": "es", "theme": "dark", "time_zone": "America/Montevideo", "shortcuts": False}
    assert ana.by_token("PATCH", "/me", wish).status == 200
    assert done(ana.by_token("GET", "/me/appearance"), "GET /me/appearance") == wish
    assert ana.by_token("PATCH", "/me", {"time_zone": None, "theme": None, "shortcuts": True}).status == 200
    assert done(ana.call("GET", "/me/appearance"), "GET /me/appearance") == {
        "locale": "es",
        "theme": None,
        "time_zone": None,
        "shortcuts": True,
    }
    unknown = ana.by_token("PATCH", "/me", {"time_zone": "Mars/Olympus"})
    assert (unknown.status, unknown.pointers) == (422, ["/time_zone"])
    refused(ana.by_token("PATCH", "/me", {"shortcuts": None}), 422, "INVALID_TYPE")


# -- e-mail addresses ----------------------------------------------------------------------------------


def test_another_address_signs_in(ana: Somebody, eve: Somebody, site: Served) -> None:
    work, waiting = f"{ana.name}@work.example", f"{ana.name}@waiting.example"
    ana.verified(work)
    assert ana.by_token("POST", "/me/emails", {"email": waiting}).status == 201
    body = done(ana.call("POST", "/me/emails/primary", {"email": work.upper()}), "POST /me/emails/primary")
    assert body["emails"][:2] == [
        {"email": work, "verified": True},
        {"email": f"{ana.name}@example.org", "verified": True},
    ]
    assert last_change(site) == {"change": "sign_in_email"}
    # What waits, what is somebody else's and what is nobody's is one answer.
    missing = ana.call("POST", "/me/emails/primary", {"email": "nobody@example.org"})
    refused(missing, 404, "NOT_FOUND")
    for other in (waiting, f"{eve.name}@example.org", work):
        same_refusal(ana.call("POST", "/me/emails/primary", {"email": other}), missing)


def test_further_address_is_removed(ana: Somebody, eve: Somebody) -> None:
    work = f"{ana.name}@work.example"
    ana.verified(work)
    key = [("Idempotency-Key", "remove-one")]
    first = ana.call("POST", "/me/emails/remove", {"email": work}, headers=key)
    assert done(first, "POST /me/emails/remove")["emails"] == [{"email": f"{ana.name}@example.org", "verified": True}]
    again = ana.call("POST", "/me/emails/remove", {"email": work}, headers=key)
    assert (again.status, again.headers["idempotent-replayed"]) == (200, "true")
    missing = ana.by_token("POST", "/me/emails/remove", {"email": work})
    refused(missing, 404, "NOT_FOUND")
    eve.verified(f"{eve.name}@work.example")
    for other in (f"{ana.name}@example.org", f"{eve.name}@work.example"):
        same_refusal(ana.by_token("POST", "/me/emails/remove", {"email": other}), missing)


# -- wallets and DIDs ----------------------------------------------------------------------------------


def test_wallets_are_typed_labeled_put_first_and_removed(ana: Somebody, eve: Somebody, site: Served) -> None:
    for address in (FIRST, SECOND):
        body = done(ana.by_token("POST", "/me/wallets/typed", {"address": address}), "POST /me/wallets/typed", 201)
        assert {"address": address, "verified": False} in body["wallets"]
    named = ana.by_token("POST", "/me/wallets/label", {"address": SECOND.lower(), "label": "Savings"})
    done(named, "POST /me/wallets/label")
    first = ana.by_token("POST", "/me/wallets/primary", {"address": SECOND})
    assert [one["address"] for one in done(first, "POST /me/wallets/primary")["wallets"]] == [SECOND, FIRST]
    assert ana.by_token("GET", "/me/wallets").json() == [
        {"address": SECOND, "verified": False, "label": "Savings", "primary": True},
        {"address": FIRST, "verified": False, "label": None, "primary": False},
    ]
    done(ana.by_token("POST", "/me/wallets/label", {"address": SECOND, "label": None}), "POST /me/wallets/label")
    done(ana.by_token("POST", "/me/wallets/remove", {"address": FIRST}), "POST /me/wallets/remove")
    assert last_change(site) == {"change": "wallet_removed"}
    listed = done(ana.by_token("GET", "/me/wallets"), "GET /me/wallets")
    assert listed == [{"address": SECOND, "verified": False, "label": None, "primary": True}]
    done(eve.by_token("POST", "/me/wallets/typed", {"address": FIRST}), "POST /me/wallets/typed", 201)
    nobodys = "0x" + "1" * 40
    for path, more in (("label", {"label": "x"}), ("primary", {}), ("remove", {})):
        answers = [ana.by_token("POST", f"/me/wallets/{path}", {"address": one, **more}) for one in (FIRST, nobodys)]
        refused(answers[0], 404, "NOT_FOUND")
        same_refusal(*answers)


def test_wallets_that_are_refused(ana: Somebody) -> None:
    for bad in ("0x12", FIRST.replace("aA", "Aa")):
        refused(ana.by_token("POST", "/me/wallets/typed", {"address": bad}), 422, "INVALID_ADDRESS")
    refused(ana.by_token("POST", "/me/wallets/label", {"address": FIRST}), 422, "MISSING_FIELD")
    long = {"address": FIRST, "label": "x" * 81}
    assert ana.by_token("POST", "/me/wallets/typed", long).pointers == ["/label"]


def test_dids_are_made_with_the_kind_of_key_asked_for_and_taken_along(ana: Somebody, site: Served) -> None:
    made: list[str] = []
    for proof_type, kind, algorithm in (
        ("ecdsa-rdfc-2019", "P-256", "ES256"),
        ("eddsa-rdfc-2022", "Ed25519", "EdDSA"),
        ("bbs-2023", "BLS12-381-G2", None),
    ):
        body = done(ana.by_token("POST", "/me/dids", {"proofTypes": [proof_type]}), "POST /me/dids", 201)
        did = body["dids"][-1]
        made.append(did)
        assert (body["dids"], body["holder_did"]) == (made, made[0])
        record = site.office.dids.get(did)
        assert record.owner_user_id == ana.user_id
        assert record.signing_method(proof_type) is not None
        sealed = done(
            ana.call("POST", f"/me/dids/{did}/export", {"passphrase": PASSPHRASE}), "POST /me/dids/{did}/export"
        )["encrypted_keys"]
        opened = jwe.decrypt_compact(
            sealed, OctKey.import_key(PASSPHRASE), algorithms=["PBES2-HS512+A256KW", "A256GCM"]
        )
        assert opened.plaintext is not None
        (key,) = json.loads(opened.plaintext)["keys"]
        assert (key["kid"], key.get("alg")) == (f"{did}#key-1", algorithm)
        read, secret = secret_from_private_jwk(key)
        assert read == kind
        assert public_of(read, secret) == decode_multikey(record.methods[0].public_key_multibase).raw
    refused(ana.by_token("DELETE", f"/me/dids/{made[0]}"), 409, "STATE_CONFLICT")


def test_a_did_is_either_proved_or_made(ana: Somebody) -> None:
    both = {"did": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "proofTypes": ["bbs-2023"]}
    refused(ana.by_token("POST", "/me/dids", both), 422, "CONFLICTING_FIELDS")
    refused(ana.by_token("POST", "/me/dids", {}), 422, "MISSING_FIELD")
    refused(ana.by_token("POST", "/me/dids", {"did": both["did"]}), 422, "MISSING_FIELD")
    refused(ana.by_token("POST", "/me/dids", {"proofTypes": ["RsaSignature2018"]}), 422, "UNSUPPORTED_PROOF_TYPE")


def test_a_did_is_given_up_unless_its_keys_are_kept_here(ana: Somebody, eve: Somebody, site: Served) -> None:
    kept, own = custodial(site.office, ana.user_id), "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    bind(site, ana.user_id, own)
    refused(ana.by_token("DELETE", f"/me/dids/{kept}"), 409, "STATE_CONFLICT")
    theirs = eve.by_token("DELETE", f"/me/dids/{own}")
    refused(theirs, 404, "NOT_FOUND")
    same_refusal(theirs, eve.by_token("DELETE", "/me/dids/did:key:none"))
    same_refusal(theirs, eve.by_token("DELETE", f"/me/dids/{kept}"))
    assert ana.by_token("PATCH", "/me", {"holder_did": own}).json()["holder_did"] == own
    done(ana.by_token("DELETE", f"/me/dids/{own}"), "DELETE /me/dids/{did}", 204)
    body = ana.by_token("GET", "/me").json()
    assert (body["dids"], body["holder_did"]) == ([kept], None)


def bind(site: Served, user_id: str, did: str) -> None:
    """Make a DID somebody's own, as if they had proved it."""
    with site.office.units() as uow:
        uow.office.raise_epoch()
        person = uow.people.get(user_id)
        assert person is not None
        uow.people.update(replace(person, dids=(*person.dids, did), version=person.version + 1))
        uow.commit()


# -- ways to sign in -----------------------------------------------------------------------------------


def test_what_changes_a_way_to_sign_in_takes_a_fresh_sign_in(ana: Somebody, site: Served) -> None:
    flagged = {f"{one.method} {one.path}" for one in ROUTES if one.fresh and one.path.startswith("/me/")}
    assert flagged - {"POST /me/tokens"} == set(FRESH)
    before = site.audit_size()
    site.clock.move(minutes=11)
    for route, body in FRESH.items():
        method, path = route.replace("{id}", "psk_none").split()
        refused(ana.call(method, path, body), 403, "FRESH_SIGN_IN_REQUIRED")
        refused(ana.by_token(method, path, body), 403, "FRESH_SIGN_IN_REQUIRED")
    site.clock.move(minutes=-11)
    assert site.audit_size() == before


def test_password_is_changed_with_the_present_one(ana: Somebody, site: Served) -> None:
    sign_in(site.office, ana.name, label="Other browser")
    missing = ana.call("PUT", "/me/password", {"password": NEW_PASSWORD})
    refused(missing, 422, "MISSING_FIELD")
    assert missing.pointers == ["/current"]
    wrong = ana.call("PUT", "/me/password", {"current": "not the password", "password": NEW_PASSWORD})
    refused(wrong, 401, "SIGN_IN_FAILED")
    for bad in ("short", "a" * 20):
        answer = ana.call("PUT", "/me/password", {"current": PASSWORD, "password": bad})
        assert (answer.status, answer.pointers) == (422, ["/password"])
    changed = ana.call("PUT", "/me/password", {"current": PASSWORD, "password": NEW_PASSWORD})
    assert done(changed, "PUT /me/password") == {"ended": 1}
    assert last_change(site) == {"change": "password_set", "sessionsEnded": 1}
    assert ana.call("GET", "/me").status == 200
    refused(ana.call("PUT", "/me/password", {"current": PASSWORD, "password": NEW_PASSWORD}), 401, "SIGN_IN_FAILED")


def test_recovery_codes_are_shown_once(ana: Somebody, site: Served) -> None:
    key = [("Idempotency-Key", "codes-1")]
    made = ana.call("POST", "/me/recovery-codes", {}, headers=key)
    codes = done(made, "POST /me/recovery-codes", 201)["recovery_codes"]
    assert len(set(codes)) == 10
    again = ana.call("POST", "/me/recovery-codes", {}, headers=key)
    assert (again.headers["idempotent-replayed"], again.json()) == ("true", made.json())
    means = ana.by_token("GET", "/me/sign-in")
    assert done(means, "GET /me/sign-in") == {"has_password": True, "recovery_codes_left": 10, "passkeys": []}
    assert codes[0] not in means.body.decode() + ana.by_token("GET", "/me/export").body.decode()
    assert last_change(site) == {"change": "recovery_codes_made"}


def test_passkeys_are_listed_and_removed(ana: Somebody, eve: Somebody, site: Served) -> None:
    last, theirs = ana.passkey(), eve.passkey()
    listed = done(ana.by_token("GET", "/me/sign-in"), "GET /me/sign-in")["passkeys"]
    assert [(one["passkey_id"], one["name"], one["last_used_at"]) for one in listed] == [(last, "Key", None)]
    missing = ana.call("DELETE", "/me/passkeys/psk_none")
    refused(missing, 404, "NOT_FOUND")
    same_refusal(ana.call("DELETE", f"/me/passkeys/{theirs}"), missing)
    refused(ana.call("DELETE", f"/me/passkeys/{last}"), 409, "STATE_CONFLICT")
    assert ana.call("POST", "/me/recovery-codes", {}).status == 201
    done(ana.call("DELETE", f"/me/passkeys/{last}"), "DELETE /me/passkeys/{id}", 204)
    assert last_change(site) == {"change": "passkey_removed", "passkeyId": last, "sessionsEnded": 0}
    assert ana.by_token("GET", "/me/sign-in").json()["passkeys"] == []


# -- sessions ------------------------------------------------------------------------------------------


def test_sessions_are_listed_and_ended_one_by_one(ana: Somebody, eve: Somebody, site: Served) -> None:
    other = sign_in(site.office, ana.name, label="Other browser").session.session_id
    listed = done(ana.call("GET", "/me/sessions"), "GET /me/sessions")
    assert {one["session_id"]: (one["browser"], one["method"], one["current"]) for one in listed} == {
        ana.signed_in.session.session_id: ("Firefox on Linux", "password", True),
        other: ("Other browser", "password", False),
    }
    missing = eve.call("DELETE", "/me/sessions/ses_none")
    refused(missing, 404, "NOT_FOUND")
    same_refusal(eve.call("DELETE", f"/me/sessions/{other}"), missing)
    done(ana.by_token("DELETE", f"/me/sessions/{other}"), "DELETE /me/sessions/{id}", 204)
    same_refusal(ana.call("DELETE", f"/me/sessions/{other}"), missing)
    assert [one["current"] for one in ana.call("GET", "/me/sessions").json()] == [True]
    done(ana.call("DELETE", f"/me/sessions/{ana.signed_in.session.session_id}"), "DELETE /me/sessions/{id}", 204)
    refused(ana.call("GET", "/me"), 401, "UNAUTHENTICATED")


def test_every_other_session_is_ended(ana: Somebody, eve: Somebody, site: Served) -> None:
    for label in ("One", "Two"):
        sign_in(site.office, ana.name, label=label)
    key = [("Idempotency-Key", "others-1")]
    ended = ana.call("POST", "/me/sessions/end-others", {}, headers=key)
    assert done(ended, "POST /me/sessions/end-others") == {"ended": 2}
    again = ana.call("POST", "/me/sessions/end-others", {}, headers=key)
    assert (again.headers["idempotent-replayed"], again.json()) == ("true", {"ended": 2})
    assert len(ana.call("GET", "/me/sessions").json()) == 1
    # A personal token is no browser, so nothing is kept.
    assert ana.by_token("POST", "/me/sessions/end-others", {}).json() == {"ended": 1}
    assert len(eve.call("GET", "/me/sessions").json()) == 1
