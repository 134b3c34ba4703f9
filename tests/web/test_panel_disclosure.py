"""Showing a part of one's credential on pages and over the API: what is seen, what is not, and how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.services.ports import UnitOfWork
from sealwright.web.panel.rendering import middle
from tests.support.office import ISSUER, the_operator
from tests.support.readable import readable
from tests.support.review import audit_rows
from tests.web.conftest import NO_LIMITS, Served, degree, key_for, serve, token_for
from tests.web.page_client import PageVisitor, sign_in, text_of

SUITES = ("BbsBlsSignature2020", "bbs-2023", "ecdsa-sd-2023")
UNIVERSITY, GPA = "/credentialSubject/degree/university", "/credentialSubject/degree/gpa"
# A value that stands nowhere else.
GRADE = 3.8125
NOWHERE = "AAAAAAAAAAAAAAAAAAAAAAAAAA"


@dataclass(frozen=True)
class Campus:
    """An issuer with keys of every kind, a holder with an account, and a stranger."""

    served: Served
    issuer: str
    key: str
    holder: PageVisitor
    holder_did: str
    token: str
    other: PageVisitor

    def issue(self, proof_type: str) -> str:
        """Issue the degree to the holder; gives its id."""
        body = {**degree(), "issuerDid": self.issuer, "holderDid": self.holder_did, "proofType": proof_type}
        body["claims"] = {"degree": {**body["claims"]["degree"], "gpa": GRADE}}
        answer = self.served.client.call("POST", "/api/v1/credentials/issue", body, token=self.key)
        assert answer.status == 201, answer.body
        return str(answer.json()["credential"]["id"])


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campus]:
    with open_campus(tmp_path_factory.mktemp("disclosure")) as opened:
        yield opened


@contextmanager
def open_campus(home: Path) -> Iterator[Campus]:
    with serve(home, **NO_LIMITS) as served:
        wish = {"kind": "organization", "name": "Campus", "proofTypes": ["Ed25519Signature2020", *SUITES]}
        made = served.client.call("POST", "/api/v1/dids", wish, token=served.admin)
        assert made.status == 201, made.body
        issuer = str(made.json()["did"])
        holder, other = sign_in(served, "holder"), sign_in(served, "stranger")
        yield Campus(served, issuer, key_for(served.office, issuer), holder, *hold_a_did(served), other)


def hold_a_did(served: Served) -> tuple[str, str]:
    """Have the holder control a DID; gives it, and a token of theirs."""
    with served.office.units(write=False) as uow:
        person = uow.people.by_email("holder@example.org")
    assert person is not None
    token = token_for(served.office, person.user_id)
    made = served.client.call("POST", "/api/v1/dids", {"kind": "human"}, token=token)
    assert made.status == 201, made.body
    did = str(made.json()["did"])

    def bind(uow: UnitOfWork, _: Caller) -> None:
        uow.people.update(replace(person, dids=(did,), holder_did=did, version=person.version + 1))

    served.office.acts.run(the_operator(served.office), bind, changes_registry=True)
    return did, token


def disclose_path(credential_id: str) -> str:
    return f"/improver/credentials/{credential_id}/disclose"


def link_on(page: Any) -> str:
    """The path of the first link on a holder's page."""
    address = page.body.decode().partition('data-copy="http')[2].partition('"')[0]
    return urlsplit("http" + address).path


def make_link(campus: Campus, credential_id: str, *shown: str, life: str = "minutes") -> str:
    path = disclose_path(credential_id)
    answer = campus.holder.post(f"{path}/links", {"shown": shown, "life": life})
    assert (answer.status, answer.headers["location"]) == (303, f"{path}#links"), text_of(answer)
    return link_on(campus.holder.get(path))


@pytest.fixture(params=SUITES)
def credential_id(campus: Campus, request: pytest.FixtureRequest) -> str:
    return campus.issue(request.param)


def test_the_preview_and_the_verifiers_page_show_what_was_ticked_and_nothing_else(
    campus: Campus, credential_id: str
) -> None:
    path = disclose_path(credential_id)
    blank = campus.holder.get(path)
    assert blank.status == 200
    # The older suite shows no type along with what stands beside it, so that is a choice too.
    assert blank.body.count(b'name="shown"') in (3, 4)
    assert "Always shown, or nobody could check it" in text_of(blank)
    seen = campus.holder.post(path, {"shown": [UNIVERSITY]})
    assert seen.status == 200
    said = text_of(seen)
    unseen = said.partition("They will not see: ")[2].partition(".")[0]
    assert [one for one in unseen.split("; ") if one != "Degree, type"] == ["Degree, graduation year", "Degree, gpa"]
    preview = seen.body.decode().partition('id="preview"')[2]
    assert "MIT" in preview
    assert str(GRADE) not in preview
    link = make_link(campus, credential_id, UNIVERSITY)
    for part in ("", "/document", "/report"):
        answer = campus.served.client.call("GET", link + part)
        assert answer.status == 200, part
        assert str(GRADE).encode() not in answer.body
        assert "gpa" not in readable(answer.body)
        assert b"graduationYear" not in answer.body
        assert ("MIT" in readable(answer.body)) is (part != "/report")
    shown = campus.served.client.call("GET", link)
    assert shown.headers["x-robots-tag"] == "noindex"
    assert "Valid" in text_of(shown)
    assert "Parts were kept back by the holder." in text_of(shown)
    assert "Degree, university MIT" in text_of(shown)


def test_whom_it_is_about_is_told_where_what_is_shown_names_them(campus: Campus, credential_id: str) -> None:
    path, short = disclose_path(credential_id), middle(campus.holder_did)
    row = f"Holder {short}"
    assert row in text_of(campus.holder.post(path, {"shown": [UNIVERSITY]})).partition("What the verifier will see")[2]
    link = make_link(campus, credential_id, UNIVERSITY)
    shown = campus.served.client.call("GET", link)
    assert row in text_of(shown).partition("What is shown to you")[2].partition("What was checked")[0]
    assert f'data-copy="{campus.holder_did}"' in shown.body.decode()
    assert campus.holder_did in campus.served.client.call("GET", f"{link}/document").body.decode()
    # The credential's own page shows what was chosen for it alone.
    share = f"/api/v1/credentials/{credential_id}/share"
    page = campus.served.client.call("GET", share, token=campus.token).json()["address"]
    public = campus.served.client.call("GET", urlsplit(page).path).body.decode()
    assert campus.holder_did not in public
    assert short not in public


def test_a_link_ends_by_itself_and_when_it_is_taken_back(campus: Campus, credential_id: str) -> None:
    path, get = disclose_path(credential_id), campus.served.client.call
    link = make_link(campus, credential_id, UNIVERSITY, life="hour")
    before = get("GET", link)
    assert before.status == 200
    shown = campus.holder.get(path)
    assert "Degree, university" in text_of(shown).partition("Shows: ")[2].partition("Opened")[0]
    assert "Opened 1 time" in text_of(shown)
    # What only loads a file or the report is no opening.
    get("GET", f"{link}/document")
    assert "Opened 1 time" in text_of(campus.holder.get(path))
    end = shown.body.decode().partition(f"{path}/links/")[2].partition('"')[0]
    assert campus.other.post(f"{path}/links/{end}").status == 404
    assert get("GET", link).status == 200
    assert campus.holder.post(f"{path}/links/{end}").status == 303
    gone = get("GET", link)
    assert (gone.status, "MIT" in readable(gone.body)) == (404, False)
    assert "This link shows nothing" in text_of(gone)
    assert get("GET", f"{link}/document").status == get("GET", f"{link}/report").status == 404
    assert campus.holder.post(f"{path}/links/{end}").status == 404
    with campus.served.office.units(write=False) as uow:
        assert uow.disclosures.get(end.partition("/")[0]) is None


def test_revoked_after_the_link_was_made_the_page_says_so(campus: Campus, credential_id: str) -> None:
    link = make_link(campus, credential_id, UNIVERSITY)
    revoked = campus.served.client.call(
        "POST", f"/api/v1/credentials/{credential_id}/revoke", {"reason": "holder_request"}, token=campus.key
    )
    assert revoked.status == 200, revoked.body
    page = campus.served.client.call("GET", link)
    assert page.status == 200
    assert "Not valid The issuer has revoked it. Do not rely on it." in text_of(page)
    assert str(GRADE) not in page.body.decode()


def test_audit_rows_tell_that_and_how_much_never_what(campus: Campus) -> None:
    credential_id = campus.issue("bbs-2023")
    make_link(campus, credential_id, UNIVERSITY)
    (row,) = [one for one in audit_rows(campus.served.office) if one["action"] == "disclosure.created"][-1:]
    assert (row["object"]["id"], row["data"]["shown"], row["data"]["opened"]) == (credential_id, 2, 0)
    assert not any(word in str(row) for word in ("MIT", "university", "degree"))


def test_what_the_clock_has_ended_is_gone_and_forgotten(campus: Campus) -> None:
    credential_id = campus.issue("ecdsa-sd-2023")
    path, call = f"/api/v1/me/credentials/{credential_id}/disclosures", campus.served.client.call
    bodies = [{"reveal": [UNIVERSITY]}, {"reveal": [GPA], "expiresInSeconds": 86_400}]
    made = [call("POST", path, body, token=campus.token).json() for body in bodies]
    short, long = [urlsplit(one["address"]).path for one in made]
    assert call("GET", short).status == 200
    campus.served.clock.move(minutes=15)
    assert call("GET", short).status == 404
    assert call("GET", long).status == 200
    left = call("GET", path, token=campus.token).json()["items"]
    assert [(urlsplit(one["address"]).path, one["opened"]) for one in left] == [(long, 1)]
    assert campus.served.office.tasks.run("forget deliveries")
    with campus.served.office.units(write=False) as uow:
        assert uow.disclosures.get(made[0]["disclosureId"]) is None
        assert uow.disclosures.get(made[1]["disclosureId"]) is not None


def test_over_the_api_links_are_made_listed_and_taken_back_by_their_holder_alone(campus: Campus) -> None:
    call, credential_id = campus.served.client.call, campus.issue("bbs-2023")
    path = f"/api/v1/me/credentials/{credential_id}/disclosures"
    body = {"reveal": [UNIVERSITY], "expiresInSeconds": 60}
    made = call("POST", path, body, token=campus.token)
    assert made.status == 201, made.body
    link = made.json()
    assert (link["shown"], link["opened"], link["openedAt"], link["credentialId"]) == (2, 0, None, credential_id)
    assert call("GET", path, token=campus.token).json() == {"items": [link]}
    assert call("GET", urlsplit(link["address"]).path.lower().replace("/v/d/", "/v/d/")).status == 200
    for who in (campus.served.person, campus.served.admin):
        assert call("GET", path, token=who).code == "CREDENTIAL_NOT_FOUND"
        assert call("POST", path, body, token=who).code == "CREDENTIAL_NOT_FOUND"
        assert call("DELETE", f"{path}/{link['disclosureId']}", token=who).code == "CREDENTIAL_NOT_FOUND"
    for seconds in (59, 86_401):
        assert call("POST", path, {**body, "expiresInSeconds": seconds}, token=campus.token).status == 422
    assert (
        call("POST", path, {"reveal": ["/credentialSubject/nothing"]}, token=campus.token).code == "DERIVATION_INVALID"
    )
    assert call("DELETE", f"{path}/{link['disclosureId']}", token=campus.token).status == 204
    assert call("DELETE", f"{path}/{link['disclosureId']}", token=campus.token).code == "NOT_FOUND"
    assert call("GET", path, token=campus.token).json() == {"items": []}


def test_no_more_than_twenty_links_are_open_at_once(campus: Campus) -> None:
    call, credential_id = campus.served.client.call, campus.issue("ecdsa-sd-2023")
    path = f"/api/v1/me/credentials/{credential_id}/disclosures"
    made = [call("POST", path, {"reveal": [GPA]}, token=campus.token) for _ in range(21)]
    assert [one.status for one in made] == [201] * 20 + [409]
    assert made[-1].code == "STATE_CONFLICT"


def test_one_that_is_shown_whole_or_not_at_all_can_be_had_as_an_sd_jwt(campus: Campus) -> None:
    credential_id = campus.issue("Ed25519Signature2020")
    path = disclose_path(credential_id)
    page = campus.holder.get(path)
    assert "This one is shown whole or not at all" in text_of(page)
    assert b'name="shown"' not in page.body
    made = campus.holder.post(f"{path}/copy")
    assert made.status == 303, text_of(made)
    copy = campus.holder.get(made.headers["location"])
    assert copy.body.count(b'name="shown"') >= 1
    own = made.headers["location"].split("/")[3]
    pointer = copy.body.decode().partition('name="shown" value="')[2].partition('"')[0]
    link = make_link(campus, own, pointer)
    assert "may have kept parts back" in text_of(campus.served.client.call("GET", link))


def test_a_link_shows_nothing_while_its_maker_could_not_make_it(tmp_path: Path) -> None:
    with open_campus(tmp_path) as campus:
        show_nothing_while_its_maker_could_not(campus)


def show_nothing_while_its_maker_could_not(campus: Campus) -> None:
    credential_id, get, office = campus.issue("bbs-2023"), campus.served.client.call, campus.served.office
    link = make_link(campus, credential_id, UNIVERSITY)

    def people(what: Callable[[UnitOfWork, Caller, Person], object]) -> None:
        def act(uow: UnitOfWork, me: Caller) -> None:
            person = uow.people.by_email("holder@example.org")
            assert person is not None
            what(uow, me, person)

        office.acts.run(the_operator(office), act, changes_registry=True)

    def control(uow: UnitOfWork, person: Person, *dids: str) -> None:
        changed = replace(person, dids=dids, holder_did=dids[0] if dids else None, version=person.version + 1)
        uow.people.update(changed)

    assert get("GET", link).status == 200
    people(lambda uow, _, person: control(uow, person))
    assert [get("GET", link + part).status for part in ("", "/document", "/report")] == [404] * 3
    people(lambda uow, _, person: control(uow, person, campus.holder_did))
    assert get("GET", link).status == 200
    people(lambda uow, me, person: office.people.deactivate(uow, me, person.user_id))
    closed = get("GET", link)
    assert (closed.status, b"MIT" in closed.body) == (404, False)
    assert [get("GET", link + part).status for part in ("/document", "/report")] == [404] * 2


def test_strangers_and_wrong_addresses_learn_nothing(campus: Campus, credential_id: str) -> None:
    path = disclose_path(credential_id)
    assert campus.other.get(path).status == 404
    assert campus.other.post(path, {"shown": [UNIVERSITY]}).status == 404
    assert campus.other.post(f"{path}/links", {"shown": [UNIVERSITY]}).status == 404
    assert campus.other.post(f"{path}/document", {"shown": [UNIVERSITY]}).status == 404
    for token in (NOWHERE, "x", "A" * 300, "%00"):
        assert campus.served.client.call("GET", f"/v/d/{token}").status == 404


def test_nothing_ticked_or_what_is_not_there_is_told_in_place(campus: Campus, credential_id: str) -> None:
    path = disclose_path(credential_id)
    nothing = campus.holder.post(f"{path}/links", {})
    assert nothing.status == 422
    assert "Tick at least one thing to show." in text_of(nothing)
    assert campus.holder.post(path, {"shown": ["/credentialSubject/nothing"]}).status == 422
    assert campus.holder.post(f"{path}/document", {"shown": ["no pointer"]}).status == 422
    taken = campus.holder.post(f"{path}/document", {"shown": [UNIVERSITY]})
    assert "attachment" in taken.headers["content-disposition"]
    assert b"MIT" in taken.body
    assert str(GRADE).encode() not in taken.body


def query_for(*path: str) -> dict[str, Any]:
    """A question for one claim of a degree, and no more."""
    asked = {"id": "degree", "format": "ldp_vc", "meta": {"type_values": [["UniversityDegreeCredential"]]}}
    return {"dcqlQuery": {"credentials": [{**asked, "claims": [{"path": ["credentialSubject", *path]}]}]}}


@pytest.mark.parametrize("suite", SUITES)
def test_a_request_is_answered_with_what_it_asks_for_and_nothing_else(campus: Campus, suite: str) -> None:
    call, credential_id = campus.served.client.call, campus.issue(suite)
    made = call("POST", "/api/v1/presentations/requests", query_for("degree", "university"), token=campus.served.person)
    assert made.status == 201, made.body
    link = made.json()["deepLink"]
    page = campus.holder.get(f"/improver/answer?{urlencode({'request': link})}")
    assert page.status == 200
    own = page.body.decode().partition(f'value="{credential_id}"')[2].partition('type="radio"')[0]
    assert "MIT" in own
    assert str(GRADE) not in own
    # What shows more than was asked for stands behind what does not, and says so.
    first = page.body.decode().partition('type="radio"')[2].partition('type="radio"')[0]
    assert " checked" in first
    assert str(GRADE) not in first
    shown = campus.holder.post("/improver/answer", {"request": link, "part:degree": credential_id})
    assert shown.status == 303, text_of(shown)
    read = call("GET", f"/api/v1/presentations/requests/{made.json()['presentationId']}", token=campus.served.person)
    assert read.json()["state"] == "answered"
    assert read.json()["result"]["verdict"] == "valid"
    assert str(GRADE) not in read.body.decode()
    assert "MIT" in read.body.decode()
    again = campus.holder.post("/improver/answer", {"request": link, "part:degree": credential_id})
    assert again.status == 422
    # Not everybody who holds something has a page that lists it.
    assert campus.holder.get(shown.headers["location"]).status == 200


def asked_for_the_university(campus: Campus) -> str:
    """The page on which the holder answers whoever asks for the university of a degree."""
    query = query_for("degree", "university")
    made = campus.served.client.call("POST", "/api/v1/presentations/requests", query, token=campus.served.person)
    return f"/improver/answer?{urlencode({'request': made.json()['deepLink']})}"


def test_a_credential_about_a_did_that_was_made_over_the_api_answers_too(campus: Campus) -> None:
    with campus.served.office.units(write=False) as uow:
        person = uow.people.by_email("stranger@example.org")
    assert person is not None
    token = token_for(campus.served.office, person.user_id)
    made = campus.served.client.call("POST", "/api/v1/dids", {"kind": "human"}, token=token)
    credential_id = replace(campus, holder_did=str(made.json()["did"])).issue("bbs-2023")
    page = campus.other.get(asked_for_the_university(campus))
    assert page.status == 200
    own = page.body.decode().partition(f'value="{credential_id}"')[2].partition('type="radio"')[0]
    assert "MIT" in own


def test_one_that_cannot_be_shown_any_more_hides_no_other(campus: Campus) -> None:
    wish = {"kind": "organization", "name": "Lost", "proofTypes": ["bbs-2023"]}
    made = campus.served.client.call("POST", "/api/v1/dids", wish, token=campus.served.admin)
    lost = str(made.json()["did"])
    gone = replace(campus, issuer=lost, key=key_for(campus.served.office, lost)).issue("bbs-2023")
    kept = campus.issue("bbs-2023")
    rotated = campus.served.client.call(
        "POST", f"/api/v1/dids/{lost}/keys/rotate", {"compromised": True}, token=campus.served.admin
    )
    assert rotated.status == 200, rotated.body
    page = campus.holder.get(asked_for_the_university(campus))
    assert page.status == 200
    assert f'value="{kept}"' in page.body.decode()
    assert f'value="{gone}"' not in page.body.decode()


def test_what_is_taken_along_inside_a_list_is_not_said_to_be_kept_back(campus: Campus) -> None:
    terms = {name: f"https://schema.org/{name}" for name in ("alumniOf", "School", "town")}
    unsigned = {
        "@context": ["https://www.w3.org/ns/credentials/v2", terms],
        "type": ["VerifiableCredential"],
        "issuer": campus.issuer,
        "credentialSubject": [
            {"id": campus.holder_did, "alumniOf": {"type": "School", "name": "MIT", "town": "Boston"}}
        ],
    }
    body = {"credential": unsigned, "options": {"cryptosuite": "bbs-2023"}}
    made = campus.served.client.call("POST", "/credentials/issue", body, token=campus.key)
    path = disclose_path(made.headers["location"].rpartition("/")[2])
    said = text_of(campus.holder.post(path, {"shown": ["/credentialSubject/0/alumniOf/name"]}))
    unseen, _, document = said.partition("They will not see: ")[2].partition(".")
    assert '"type": "School"' in document
    assert "town" in unseen
    assert "type" not in unseen


def test_a_link_that_is_no_request_of_this_office_is_told_in_place(campus: Campus) -> None:
    page = campus.holder.get("/improver/answer?request=https%3A%2F%2Felsewhere.example%2Fx")
    assert page.status == 422
    assert "No request of this office stands behind this link" in text_of(page)
    assert campus.holder.get("/improver/answer").status == 200
    assert campus.holder.post("/improver/answer", {"request": "x"}).status == 422


def issue_form(campus: Campus, visitor: PageVisitor, **changes: Any) -> dict[str, Any]:
    """What the form of a single issue sends; the key is the page's own."""
    page = visitor.get(f"/issue?{urlencode({'schema': degree()['schemaId']})}")
    assert page.status == 200, text_of(page)
    key = page.body.decode().partition('name="key" value="')[2].partition('"')[0]
    claims = {f"claims./degree/{name}": str(value) for name, value in degree()["claims"]["degree"].items()}
    usual = {
        "schema": degree()["schemaId"],
        "key": key,
        "holder": campus.holder_did,
        "issuer": campus.issuer,
        "proof": "bbs-2023",
        "revocable": "1",
        "act": "issue",
    }
    return {**usual, **claims, **changes}


def test_what_an_issuer_says_is_always_shown_cannot_be_kept_back(campus: Campus) -> None:
    boss = sign_in(campus.served, "boss", AccountRole.ADMIN)
    sent = issue_form(campus, boss, always=["/degree/gpa"])
    seen = boss.post("/issue", {**sent, "act": "preview"})
    assert seen.status == 200, text_of(seen)
    assert "BachelorDegree" in text_of(seen)
    made = boss.post("/issue", sent)
    assert made.status == 303, text_of(made)
    # A form that is sent twice issues once.
    assert boss.post("/issue", sent).headers["location"] == made.headers["location"]
    assert boss.get(made.headers["location"]).status == 200
    # Changed behind the browser's back button it is told so, and then issues another one.
    changed = {**sent, "claims./degree/gpa": "2.5"}
    told = boss.post("/issue", changed)
    assert (told.status, "has issued a credential already" in text_of(told)) == (409, True)
    key = told.body.decode().partition('name="key" value="')[2].partition('"')[0]
    second = boss.post("/issue", {**changed, "key": key})
    assert second.status == 303
    assert second.headers["location"] != made.headers["location"]
    path = disclose_path(made.headers["location"].removeprefix("/issue/"))
    page = campus.holder.get(path)
    assert f'value="{GPA}"' not in page.body.decode()
    preview = campus.holder.post(path, {"shown": [UNIVERSITY]}).body.decode().partition('id="preview"')[2]
    assert "3.8" in preview


def test_a_single_issue_tells_each_fault_at_its_field(campus: Campus) -> None:
    boss = sign_in(campus.served, "chief", AccountRole.ADMIN)
    keyless = issue_form(campus, boss, issuer=ISSUER)
    refused = boss.post("/issue", keyless)
    assert refused.status == 422
    assert "has no key for it" in text_of(refused)
    stranger = boss.post("/issue", issue_form(campus, boss, holder="did:adi:nobody"))
    assert stranger.status == 422
    assert 'href="#f-holder"' in stranger.body.decode()
    missing = boss.post(
        "/issue", {**issue_form(campus, boss), "claims./degree/type": "", "claims./degree/university": ""}
    )
    assert missing.status == 422
    assert campus.holder.get("/issue").status == 403
