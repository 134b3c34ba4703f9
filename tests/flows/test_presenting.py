"""In-person checks: a code is shown, a wallet answers once, and whoever asked reads a verdict on what was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from threading import Thread
from typing import Any

import pytest

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivery_errors import PresentationNotFound
from sealwright.domain.errors import MalformedBody, TypeNotFound
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.presenting import PresentationRequest, PresentationState
from sealwright.protocols.openid4vp.answering import AnswerRefused
from sealwright.services.office import Office
from sealwright.services.presenting import MadeRequest
from sealwright.storage.presentations import StoredPresentationRows
from tests.support.copies import content_of, record_of
from tests.support.office import MovableClock, the_operator
from tests.support.presenter import Question, form_of, read_question, shown_document, shown_jwt, shown_sd_jwt
from tests.support.review import grant, improver, reviewer
from tests.support.wallet import WalletKey

ASKED = ("qualification",)


@dataclass
class Counter:
    """Somebody who asks, and somebody with a wallet."""

    office: Office
    clock: MovableClock
    source: CredentialRecord
    key: WalletKey

    def ask(self, kind: str = "dpw_certified", claims: tuple[str, ...] = ASKED) -> tuple[MadeRequest, Question]:
        made = self.office.presenting.ask_now(None, kind, claims)
        return made, read_question(self.office, made.deep_link)

    def credential(self, form: CredentialFormat, key: WalletKey | None = None) -> Any:
        return content_of(self.office.copies.make(self.source, form, (key or self.key).did))

    def sd_jwt(self, question: Question, claims: tuple[str, ...] = ASKED, **changes: Any) -> dict[str, Any]:
        text = self.credential(CredentialFormat.SD_JWT)
        return {"sd_jwt": [shown_sd_jwt(self.key, text, claims, question, self.now, **changes)]}

    def jwt(self, question: Question, **changes: Any) -> dict[str, Any]:
        inside = [self.credential(CredentialFormat.JWT_VC_JSON)]
        return {"jwt_vc": [shown_jwt(self.key, inside, question, self.now, **changes)]}

    def document(self, question: Question, **changes: str) -> dict[str, Any]:
        inside = [self.credential(CredentialFormat.LDP_VC)]
        return {"ldp_vc": [shown_document(self.office, self.key, inside, question, **changes)]}

    @property
    def now(self) -> float:
        return self.clock.now().timestamp()

    def answer(self, question: Question, tokens: dict[str, Any], **more: str) -> None:
        self.office.presenting.answer(question.reference, form_of(question, tokens, **more))

    def read(self, made: MadeRequest) -> MadeRequest:
        return self.office.presenting.by_reader(made.request.presentation_id, made.reader or "")

    def verdict(self, tokens: Callable[[Question], dict[str, Any]], **options: Any) -> dict[str, Any]:
        """Ask, answer so, and read the report."""
        made, question = self.ask(**options)
        self.answer(question, tokens(question))
        read = self.read(made).request
        assert read.state is PresentationState.ANSWERED
        report: dict[str, Any] = dict(read.report or {})
        return report


@pytest.fixture
def counter(office: Office, clock: MovableClock) -> Counter:
    held = grant(office, reviewer(office, "rita"), improver(office, "mia"))
    return Counter(office, clock, record_of(office, held.credential_id), WalletKey())


def failed(report: dict[str, Any]) -> set[str]:
    """The names of the checks that failed."""
    inner = report["credentialReport"] or {"checks": []}
    return {one["name"] for one in (*report["checks"], *inner["checks"]) if one["outcome"] == "failed"}


def test_every_form_is_valid_once_and_forgotten(counter: Counter) -> None:
    for tokens in (counter.sd_jwt, counter.jwt, counter.document):
        report = counter.verdict(tokens)
        assert report["verdict"] == "valid", report
        assert report["verified"] is True
        assert report["claims"] == {"qualification": "dpw_certified"}
        assert report["issuer"]["isOwn"] is True
        assert failed(report) == set()
    made, question = counter.ask()
    tokens = counter.sd_jwt(question)
    counter.answer(question, tokens)
    with pytest.raises(PresentationNotFound):
        counter.answer(question, tokens)
    with pytest.raises(PresentationNotFound):
        counter.office.presenting.request_object(question.reference)
    counter.clock.move(minutes=10)
    with pytest.raises(PresentationNotFound):
        counter.read(made)
    with counter.office.units() as uow:
        assert uow.presentations.forget(counter.clock.now(), 10) == 4
        uow.commit()


def test_a_holders_key_alone_shows_it(counter: Counter) -> None:
    thief = WalletKey()
    stolen = counter.credential(CredentialFormat.SD_JWT)
    report = counter.verdict(lambda q: {"sd_jwt": [shown_sd_jwt(thief, stolen, ASKED, q, counter.now)]})
    assert report["verdict"] == "invalid"
    assert "holder" in failed(report)
    without = counter.verdict(lambda q: {"sd_jwt": [stolen]})
    assert "holder" in failed(without)
    token = counter.credential(CredentialFormat.JWT_VC_JSON)
    assert "holder" in failed(counter.verdict(lambda q: {"jwt_vc": [shown_jwt(thief, [token], q, counter.now)]}))
    document = counter.credential(CredentialFormat.LDP_VC)
    told = counter.verdict(lambda q: {"ldp_vc": [shown_document(counter.office, thief, [document], q)]})
    assert "holder" in failed(told)
    # An SD-JWT inside another token is bound to nobody.
    inside = counter.verdict(lambda q: {"jwt_vc": [shown_jwt(thief, [stolen], q, counter.now)]})
    assert inside["verdict"] == "invalid"
    assert inside["claims"] == {}


@pytest.mark.parametrize("name", ["sd_jwt", "jwt"])
def test_what_was_made_for_another_occasion_is_refused(counter: Counter, name: str) -> None:
    tokens = getattr(counter, name)
    assert "challenge" in failed(counter.verdict(lambda q: tokens(q, nonce="another")))
    assert "domain" in failed(counter.verdict(lambda q: tokens(q, aud="https://elsewhere.example")))
    assert failed(counter.verdict(lambda q: tokens(q, iat=int(counter.now) + 3600))) & {"holder", "proof"}
    _, earlier = counter.ask()
    assert {"challenge", "domain"} <= failed(counter.verdict(lambda _: tokens(earlier)))


def test_documents_of_another_occasion_are_refused(counter: Counter) -> None:
    assert "challenge" in failed(counter.verdict(lambda q: counter.document(q, challenge="another")))
    assert "domain" in failed(counter.verdict(lambda q: counter.document(q, domain="another")))


def test_answers_match_what_was_asked(counter: Counter) -> None:
    kept_back = counter.verdict(lambda q: counter.sd_jwt(q, claims=()))
    assert failed(kept_back) == {"disclosure"}
    # Two of the forms show all they hold, and a wallet may show more than it was asked for: it is no longer here.
    for tokens in (counter.sd_jwt, counter.jwt, counter.document):
        too_much = counter.verdict(tokens, claims=())
        assert too_much["verdict"] == "valid"
        assert too_much["claims"] == {}
        assert "qualification" not in json.dumps(too_much)
    other = counter.verdict(counter.sd_jwt, kind="sfluv_verifier")
    assert "asked" in failed(other)
    assert other["claims"] == {}
    assert "asked" in failed(counter.verdict(counter.jwt, kind="sfluv_verifier"))
    assert "asked" in failed(counter.verdict(counter.document, kind="sfluv_verifier"))
    both = [counter.credential(CredentialFormat.JWT_VC_JSON)] * 2
    assert "asked" in failed(counter.verdict(lambda q: {"jwt_vc": [shown_jwt(counter.key, both, q, counter.now)]}))


def test_a_revoked_credential_is_not_valid(counter: Counter) -> None:
    made, question = counter.ask()
    tokens = counter.sd_jwt(question)
    revoke = counter.office.revocation.revoke
    counter.office.acts.run(
        the_operator(counter.office), lambda uow, me: revoke(uow, me, counter.source.credential_id, "over")
    )
    counter.answer(question, tokens)
    report = counter.read(made).request.report or {}
    assert failed(dict(report)) == {"revocation"}


def test_what_is_no_answer_changes_nothing(counter: Counter) -> None:
    made, question = counter.ask()
    good = counter.sd_jwt(question)
    bad: list[bytes] = [
        b"",
        b"\xff",
        b"state=x",
        form_of(question, {}),
        form_of(question, good, state="another"),
        form_of(question, {"sd_jwt": good["sd_jwt"] * 2}),
        form_of(question, {**good, "jwt_vc": ["a.b.c"]}),
        form_of(question, {"unknown": good["sd_jwt"]}),
        form_of(question, {"ldp_vc": good["sd_jwt"]}),
        form_of(question, good) + b"&state=again",
        form_of(question, good, vp_token="{"),
    ]
    for body in bad:
        with pytest.raises(AnswerRefused):
            counter.office.presenting.answer(question.reference, body)
    assert counter.read(made).request.state is PresentationState.FETCHED
    with pytest.raises(PresentationNotFound):
        counter.office.presenting.answer("A" * 26, form_of(question, good))
    counter.answer(question, good)
    assert (counter.read(made).request.report or {})["verdict"] == "valid"


def test_fetching_while_it_is_answered_takes_no_answer_back(
    counter: Counter, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wallet has the row read, and before it is marked as fetched the answer of another one arrives."""
    made, question = counter.ask()
    body = form_of(question, counter.sd_jwt(question))
    answering = Thread(target=counter.office.presenting.answer, args=(question.reference, body))
    find = StoredPresentationRows.by_digest
    # There one unit of work that writes waits for the other, so that the answer comes behind.
    is_first = not database_url.startswith("sqlite")

    def found(rows: StoredPresentationRows, digest: bytes) -> PresentationRequest | None:
        before = find(rows, digest)
        monkeypatch.setattr(StoredPresentationRows, "by_digest", find)
        answering.start()
        answering.join(None if is_first else 0)
        return before

    with counter.office.units() as uow:
        fetched = uow.presentations.get(made.request.presentation_id)
        assert fetched is not None
        uow.presentations.update(replace(fetched, state=PresentationState.CREATED))
        uow.commit()
    monkeypatch.setattr(StoredPresentationRows, "by_digest", found)
    with pytest.raises(PresentationNotFound) if is_first else nullcontext():
        counter.office.presenting.request_object(question.reference)
    answering.join()
    read = counter.read(made).request
    assert (read.state, (read.report or {})["verdict"]) == (PresentationState.ANSWERED, "valid")


def test_too_late_is_too_late(counter: Counter) -> None:
    made, question = counter.ask()
    tokens = counter.sd_jwt(question)
    counter.clock.move(minutes=5)
    with pytest.raises(PresentationNotFound):
        counter.answer(question, tokens)
    assert counter.read(made).request.state is PresentationState.EXPIRED


def test_a_wallet_may_say_no(counter: Counter) -> None:
    made, question = counter.ask()
    body = f"error=access_denied&state={question.state}".encode()
    counter.office.presenting.answer(question.reference, body)
    report = counter.read(made).request.report or {}
    assert (report["verdict"], report["error"]) == ("declined", "access_denied")


def test_results_are_for_whoever_asked(counter: Counter) -> None:
    office, rita = counter.office, reviewer(counter.office, "rosa")
    made = office.acts.run(rita, lambda uow, me: office.presenting.ask(uow, me, "dpw_certified", ()))
    presentation_id = made.request.presentation_id
    assert made.reader is None
    assert office.presenting.own(rita, presentation_id).request.owner == rita.user_id
    with pytest.raises(PresentationNotFound):
        office.presenting.own(improver(office, "ines"), presentation_id)
    for guess in ("", "A" * 26):
        with pytest.raises(PresentationNotFound):
            office.presenting.by_reader(presentation_id, guess)
    with pytest.raises(TypeNotFound):
        counter.ask(kind="no_such_type")
    with pytest.raises(MalformedBody):
        counter.ask(claims=("shoeSize",))
