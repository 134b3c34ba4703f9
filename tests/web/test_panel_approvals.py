"""What an agent would sign or file is shown whole to whoever approves it, and nothing in it can act on the page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from sealwright.web.panel.delegations_content import ROWS_MOST, TEXT_MOST, visible
from tests.support.delegations import register_delegations
from tests.support.office import HOLDER
from tests.web.conftest import NO_LIMITS, Served, degree, key_for, serve, token_for
from tests.web.page_client import PageVisitor, sign_in, text_of

DEGREE: Final = "did:adi:schema:university-degree-v1"
UNTIL: Final = "2026-12-31T12:00:00Z"


class Desk:
    """A person whose agent issues under approval."""

    def __init__(self, served: Served) -> None:
        register_delegations(served.office)
        self.served = served
        self.person: PageVisitor = sign_in(served, "giver")
        with served.office.units(write=False) as uow:
            known = uow.people.by_email("giver@example.org")
        assert known is not None
        self.token = token_for(served.office, known.user_id)
        self.did = self.call("/dids", {"kind": "human", "name": "Gina <b>Giver</b>"})["did"]
        self.agent = self.call("/agents", {"name": "Clerk", "operator": self.did})["did"]
        self.key = key_for(served.office, self.agent)
        terms = {"delegatorDid": self.did, "delegateDid": self.agent, "expirationDate": UNTIL}
        scope = ["credential:issue", "credential:request"]
        self.call("/delegations", {**terms, "scope": scope, "constraints": {"requireApproval": True}})

    def call(self, path: str, body: dict[str, Any], secret: str | None = None) -> Any:
        answer = self.served.client.call("POST", f"/api/v1{path}", body, token=secret or self.token)
        assert answer.status in {200, 201}, answer.body
        return answer.json()

    def asks(self, action: str = "credential:issue", **more: Any) -> str:
        """Have the agent ask; gives the question's page."""
        made = self.call("/approvals", {"agentDid": self.agent, "action": action, **more}, self.key)
        return f"/delegations/approvals/{made['approvalId']}"

    def degree(self, **claims: Any) -> dict[str, Any]:
        return {"schemaId": DEGREE, "holderDid": HOLDER, "claims": {**degree()["claims"], **claims}}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One office for all; nothing is issued in it."""
    with serve(tmp_path_factory.mktemp("approvals"), **NO_LIMITS) as served:
        yield Desk(served)


def lines_of(answer: Any) -> dict[str, str]:
    """The definition list of what would be signed."""
    page = answer.body.decode("utf-8").partition('id="content"')[2].partition("</dl>")[0]
    found = re.findall(r"<dt[^>]*>(.*?)</dt><dd[^>]*>(.*?)</dd>", page, re.DOTALL)
    return {html.unescape(word): html.unescape(re.sub(r"<[^>]+>", " ", text)).strip() for word, text in found}


def test_every_value_that_would_be_signed_is_read_before_it_is_approved(desk: Desk) -> None:
    path = desk.asks(credential={**desk.degree(), "expirationDate": "2030-12-31T23:59:59Z", "revocable": False})
    lines = lines_of(desk.person.get(path))
    told = degree()["claims"]["degree"]
    assert lines["In the name of"].startswith("Gina <b>Giver</b>")
    assert desk.did in lines["In the name of"]
    assert HOLDER in lines["About"]
    assert DEGREE in lines["Kind"]
    assert (lines["Degree, university"], lines["Degree, type"]) == (told["university"], told["type"])
    assert "31 Dec 2030" in lines["Valid until"]
    assert (lines["Can be revoked"], lines["Can be paused"]) == ("No", "No")
    assert lines["Kind of proof"] == "Ed25519Signature2020"
    assert desk.person.post(f"{path}/decline", {"reason": "Not this."}).status == 303
    closed = desk.person.get(path)
    assert 'id="content"' not in closed.body.decode("utf-8"), "claims are kept no longer than the question is open"


def test_hostile_values_are_shown_and_do_nothing(desk: Desk) -> None:
    script = "<script>alert(1)</script>"
    path = desk.asks(
        credential=desk.degree(**{script: f'{script}" onmouseover="x', "note": "pay \u202eyabe\u202c now\u0007"})
    )
    answer = desk.person.get(path)
    page = answer.body.decode("utf-8")
    assert script not in page
    assert 'onmouseover="x"' not in page
    assert not {"\u202e", "\u202c", "\u0007"} & set(page)
    assert lines_of(answer)["Note"] == "pay [U+202E]yabe[U+202C] now[U+0007]"
    assert html.escape(script, quote=False) in page.replace("&#39;", "'")


def test_what_is_too_much_to_show_is_cut_and_to_be_read_to_the_letter(desk: Desk) -> None:
    whole = desk.person.get(desk.asks(credential=desk.degree(a="b"))).body.decode("utf-8")
    assert "Not all of it fits here" not in whole
    long, many = "x" * (TEXT_MOST + 1), {f"claim{number:03}": number for number in range(ROWS_MOST + 5)}
    for claims, last in (({"long": long}, long), (many, f"claim{ROWS_MOST + 4:03}"), ({"k" * 200: 1}, "k" * 200)):
        answer = desk.person.get(desk.asks(credential=desk.degree(**claims)))
        page = answer.body.decode("utf-8")
        assert "Not all of it fits here" in page
        assert len(lines_of(answer)) <= ROWS_MOST + 7
        exact = page.partition("<pre")[2].partition("</pre>")[0]
        assert last in exact
        assert last not in page.partition('id="content"')[2].partition("</dl>")[0]


def test_what_would_be_filed_is_read_too(desk: Desk) -> None:
    request = {"credentialType": "dpw_certified", "note": "Pat is trained.", "answers": {"Since when?": "2024"}}
    lines = lines_of(desk.person.get(desk.asks("credential:request", request=request)))
    assert (lines["It asks for"], lines["Note to the reviewers"]) == ("dpw_certified", "Pat is trained.")
    assert lines["Since when?"] == "2024"


def test_it_is_told_in_spanish(desk: Desk) -> None:
    path = desk.asks(credential=desk.degree(note="es"))
    desk.person.cookies["sealwright_look"] = "es~~"
    told = text_of(desk.person.get(path))
    del desk.person.cookies["sealwright_look"]
    assert "Firmaría esta credencial" in told
    assert "Se puede revocar" in told


def test_nothing_is_hidden_from_who_reads() -> None:
    assert visible("a\nb\tñ é 漢 👍") == "a\nb\tñ é 漢 👍"
    assert visible("x\u200by\u2066z\ue000") == "x[U+200B]y[U+2066]z[U+E000]"


def test_ones_own_questions_stand_before_those_that_others_answer(desk: Desk) -> None:
    sign_in(desk.served, "neighbor")
    with desk.served.office.units(write=False) as uow:
        neighbor = uow.people.by_email("neighbor@example.org")
    assert neighbor is not None
    token = token_for(desk.served.office, neighbor.user_id)
    did = desk.call("/dids", {"kind": "human", "name": "Nico Neighbor"}, token)["did"]
    terms = {"delegatorDid": did, "delegateDid": desk.agent, "expirationDate": UNTIL, "scope": ["purchase:tea"]}
    desk.call("/delegations", {**terms, "constraints": {"requireApproval": True}}, token)
    own, theirs = desk.asks(credential=desk.degree(own="mine")), desk.asks("purchase:tea")

    def waiting() -> tuple[str, str]:
        page = desk.person.get("/delegations").body.decode("utf-8")
        found = re.search(r'<h2 id="wait">([^<]+)<.*?id="row-(apv_[^"]+)"', page, re.DOTALL)
        assert found is not None
        return found[1], found[2]

    assert waiting() == ("Waiting for your word", own.rpartition("/")[2])
    page = desk.person.get("/delegations/approvals").body.decode("utf-8")
    for one in sorted(set(re.findall(r"/delegations/approvals/(apv_[a-z0-9]+)", page)) - {theirs.rpartition("/")[2]}):
        assert desk.person.post(f"/delegations/approvals/{one}/decline", {"reason": "No."}).status == 303
    assert waiting() == ("Waiting for the word of others", theirs.rpartition("/")[2])


def test_what_became_of_a_question_is_said(desk: Desk) -> None:
    agreed, refused = desk.asks(credential=desk.degree(said="yes")), desk.asks(credential=desk.degree(said="no"))
    assert desk.person.post(f"{agreed}/approve", {}).status == 303
    assert desk.person.post(f"{refused}/decline", {"reason": "No."}).status == 303
    assert "It may still do this, once, until the question ends." in text_of(desk.person.get(agreed))
    assert "It was declined." in text_of(desk.person.get(refused))
    for _ in range(24):
        desk.served.clock.move(hours=1)
        told = text_of(desk.person.get(agreed))
    assert "Its time is over." in told
