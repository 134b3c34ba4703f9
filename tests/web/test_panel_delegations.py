"""Delegations on pages: what is read of the form, what is said of it, who may do what, and what is signed once."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest

from sealwright.services import delegation_sheets
from tests.support.delegations import register_delegations
from tests.web.conftest import NO_LIMITS, Served, key_for, serve, token_for
from tests.web.page_client import PageVisitor, sign_in, text_of

NEW = "/delegations/new"
GROCERIES = "purchase:groceries"
# Later than any clock of these tests, and still in the calendar.
UNTIL = "2030-06-30"


@dataclass
class House:
    """A person with an agent, and a stranger.

    Args:
        token: The person's, for the API.
        key: The agent's.
    """

    served: Served
    person: PageVisitor
    stranger: PageVisitor
    token: str
    did: str = ""
    agent: str = ""
    helper: str = ""
    key: str = ""
    made: list[str] = field(default_factory=list)

    def call(self, path: str, body: dict[str, Any], secret: str | None = None) -> Any:
        """Post something to the API; gives the answer's members."""
        answer = self.served.client.call("POST", f"/api/v1{path}", body, token=secret or self.token)
        assert answer.status in {200, 201}, answer.body
        return answer.json()

    def fields(self, **changed: Any) -> dict[str, Any]:
        """What the form holds, with some of it changed."""
        plain = {"agent": self.agent, "delegator": self.did, "scope": GROCERIES, "per_act": "50", "currency": "USD"}
        return {**plain, "depth": "1", "until": UNTIL, "step": "check", **changed}

    def sign(self, **changed: Any) -> str:
        """Fill in, confirm and sign; gives the delegation's path."""
        fields = self.fields(**changed)
        sure = self.person.post(NEW, fields)
        assert "Is this what you allow?" in text_of(sure), text_of(sure)
        done = self.person.post(NEW, {**fields, "step": "sign", "key": key_on(sure)})
        assert done.status == 303, text_of(done)
        return str(done.headers["location"])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serve(tmp_path_factory.mktemp("delegations"), **NO_LIMITS) as served:
        register_delegations(served.office)
        person, stranger = sign_in(served, "giver"), sign_in(served, "stranger")
        with served.office.units(write=False) as uow:
            known = uow.people.by_email("giver@example.org")
        assert known is not None
        made = House(served, person, stranger, token_for(served.office, known.user_id))
        made.did = str(made.call("/dids", {"kind": "human", "name": "Gina Giver"})["did"])
        made.agent = str(made.call("/agents", {"name": "Shopper", "operator": made.did})["did"])
        made.helper = str(made.call("/agents", {"name": "Helper", "operator": made.did})["did"])
        made.key = key_for(served.office, made.agent)
        yield made


def key_on(answer: Any) -> str:
    """The key that a confirmed sentence is signed under."""
    found = re.search(rb'name="key" value="([^"]+)"', answer.body)
    assert found is not None
    return found[1].decode()


def words_of(answer: Any) -> str:
    """The sentence that a page shows first."""
    found = re.search(r'class="plain-words"[^>]*>(.*?)</p>', answer.body.decode("utf-8"), re.DOTALL)
    assert found is not None, text_of(answer)
    return " ".join(re.sub("<[^>]+>", "", found[1]).replace("&#34;", '"').replace("&#39;", "'").split())


def test_the_sentence_tells_every_limit(house: House) -> None:
    told = words_of(
        house.person.post(
            NEW,
            house.fields(
                more_scope="credential:request calendar:*",
                per_week="400,5",
                calls_hour="10",
                merchants="safeway.example\nfarm.example",
                blocked="casino.example",
                regions="US-CA",
                resources="list/7",
                days="Mon-Fri",
                **{"from": "08:00", "until_clock": "18:00", "zone": "Europe/Madrid"},
                approval="1",
                step="look",
            ),
        )
    )
    assert told == (
        "Shopper may buy “groceries”, ask for credentials, and do everything under “calendar” in the name of "
        "Gina Giver until 30 Jun 2030, on these terms: at most 50 USD at a time; at most 400.50 USD in any 7 days; "
        "at most 10 acts in any hour; only from safeway.example and farm.example; never from casino.example; "
        "only in US-CA; only on list/7; only at these times: Mon–Fri 08:00–18:00 (Europe/Madrid); "
        "only after a person has approved each act; it may be passed on 1 step further, never with more than this."
    )


def test_money_without_a_limit_is_said_and_never_hidden(house: House) -> None:
    answer = house.person.post(NEW, house.fields(per_act="", currency="", depth="0"))
    assert "no limit to the money that is spent" in words_of(answer)
    assert "There is no limit to the money that may be spent." in text_of(answer)
    assert "none of it may be passed on" in words_of(answer)


def test_no_limit_at_all_is_said(house: House) -> None:
    said = "There is no limit at all"
    assert said in text_of(house.person.post(NEW, house.fields(scope="mail:send", per_act="", currency="")))
    assert said not in text_of(house.person.post(NEW, house.fields(scope="mail:send", per_act="", calls_day="3")))


def test_amounts_without_a_currency_are_pointed_out(house: House) -> None:
    said = "No currency is named"
    assert said in text_of(house.person.post(NEW, house.fields(currency="")))
    assert said not in text_of(house.person.post(NEW, house.fields()))


def test_ids_are_given_once_and_going_back_loses_nothing(house: House) -> None:
    """A browser puts nothing back into fields that forbid it: limits would be gone, and the rest still there."""
    path = house.sign()
    agent = f"/delegations/agents/{quote(house.agent, safe='')}"
    pages = {one: house.person.get(one) for one in (NEW, path, f"{path}/narrow", "/delegations", agent)}
    for one, answer in pages.items():
        ids = re.findall(r'\sid="([^"]+)"', answer.body.decode("utf-8"))
        assert answer.status == 200
        assert len(ids) == len(set(ids)), (one, sorted(name for name in ids if ids.count(name) > 1))
    for one in (NEW, f"{path}/narrow"):
        form = pages[one].body.decode("utf-8").partition('id="terms"')[2].partition("</form>")[0]
        assert 'name="per_act"' in form
        assert 'autocomplete="off"' not in form


def test_a_budget_near_its_end_is_told_in_words(house: House) -> None:
    path = house.sign(scope="purchase:tea", per_act="", per_week="10", depth="0")

    def buy(amount: float) -> None:
        context = {"amount": amount, "currency": "USD"}
        body = {"agentDid": house.agent, "action": "purchase:tea", "context": context, "record": True}
        assert house.call("/delegations/authorize", body, house.key)["allowed"]

    for amount, told in ((5, None), (4, "nearly used up"), (1, "used up")):
        buy(amount)
        notes = re.findall(r'class="tiny problem-line">.*?</svg> ([^<]+)<', house.person.get(path).body.decode("utf-8"))
        assert set(notes) == ({told} if told else set())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"per_act": "fifty"}, "At a time: Give an amount, such as 50 or 49.90."),
        ({"per_day": "-5"}, "In 24 hours: Give an amount, such as 50 or 49.90."),
        ({"currency": "US$"}, "Currency: Give a currency by its three letters, such as USD."),
        ({"scope": ""}, "It may: Tick or write at least one thing that it may do."),
        ({"until": ""}, "Ends on: Please fill this in."),
        ({"agent": "", "agent_did": ""}, "DID of another: Please fill this in."),
        ({"days": "Mon-Fri", "zone": "UTC"}, "From: Give both times, such as 08:00 and 18:00."),
        ({"from": "08:00", "until_clock": "18:00", "zone": "UTC"}, "Days: Choose the days that these times are for."),
        ({"days": "Mon-Sun", "from": "08:00", "until_clock": "18:00"}, "Time zone: Name the time zone"),
        ({"days": "Mon-Sun", "from": "08:00", "until_clock": "18:00", "zone": "Mars/Phobos"}, "Time zone: Name the"),
        ({"days": "Mon-Sun", "from": "22:00", "until_clock": "06:00", "zone": "UTC"}, "To: It has to end later"),
        ({"days": "Mon-Sun", "from": "08:00", "until_clock": "24:30", "zone": "UTC"}, "From: Give both times"),
        ({"more_hours": "always"}, "Write times as in this: Mon-Fri 08:00-18:00 Europe/Madrid."),
        ({"agent": "did:adi:agent:nobody-knows"}, "DID of another:"),
        ({"calls_day": "many"}, "In 24 hours: Give a whole number"),
        ({"until": "2020-01-01"}, "Ends on:"),
    ],
    ids=lambda one: ",".join(one) if isinstance(one, dict) else "",
)
def test_a_fault_is_told_at_its_field_and_nothing_is_signed(house: House, changed: dict[str, str], told: str) -> None:
    answer = house.person.post(NEW, house.fields(**changed))
    assert answer.status == 422
    assert told in text_of(answer)
    assert b'value="50"' in answer.body or "per_act" in changed


def test_a_confirmed_sentence_that_is_sent_twice_is_signed_once(house: House) -> None:
    fields = house.fields(per_act="41")
    sure = house.person.post(NEW, fields)
    signing = {**fields, "step": "sign", "key": key_on(sure)}
    first, second = house.person.post(NEW, signing), house.person.post(NEW, signing)
    assert first.status == second.status == 303
    assert first.headers["location"] == second.headers["location"]
    changed = house.person.post(NEW, {**signing, "per_act": "42"})
    assert changed.status == 422
    assert "at most 42 USD" not in text_of(house.person.get("/delegations"))


def test_change_it_leads_back_with_everything_kept(house: House) -> None:
    answer = house.person.post(NEW, house.fields(step="change", merchants="safeway.example", per_act="7.25"))
    assert answer.status == 200
    page = answer.body.decode("utf-8")
    assert 'value="7.25"' in page
    assert "safeway.example</textarea>" in page
    assert '<details class="way" open>' in page


def test_a_limit_of_the_api_is_kept_and_a_limit_that_was_emptied_is_asked_for(house: House) -> None:
    constraints = {"maxSpendPerTransaction": 50, "currency": "USD", "authorizedRegions": ["US-CA"]}
    body = {"delegatorDid": house.did, "delegateDid": house.agent, "scope": [GROCERIES], "maxDepth": 1}
    made = house.call("/delegations", {**body, "constraints": constraints, "expirationDate": f"{UNTIL}T10:00:00Z"})
    path = f"/delegations/{made['delegationId']}/narrow"
    shown = house.person.get(path).body.decode("utf-8")
    assert "US-CA</textarea>" in shown
    assert 'value="50"' in shown
    fields = {"scope": GROCERIES, "per_act": "20", "currency": "USD", "depth": "1", "until": UNTIL, "reason": "Less."}
    refused = house.person.post(path, {**fields, "step": "check"})
    assert refused.status == 422
    said = "Only in these regions: It has this limit and may only get a smaller one: only in US-CA."
    assert said in text_of(refused)
    more = house.person.post(path, {**fields, "regions": "US-CA", "per_act": "60", "step": "check"})
    assert "At a time: No more than 50 USD." in text_of(more)
    same = house.person.post(path, {**fields, "regions": "US-CA", "per_act": "50", "step": "check"})
    assert "Nothing would become stricter." in text_of(same)
    sure = house.person.post(path, {**fields, "regions": "US-CA", "step": "check"})
    # The day of its end means its very moment, not a later one.
    assert "10:00:00 UTC" in text_of(sure)
    done = house.person.post(path, {**fields, "regions": "US-CA", "step": "sign", "key": key_on(sure)})
    assert done.status == 303
    assert "Revoked" in text_of(house.person.get(path.removesuffix("/narrow")))


def test_a_parent_bounds_the_form_and_its_end(house: House) -> None:
    path = house.sign(depth="1", per_week="100")
    parent = path.rpartition("/")[2]
    shown = house.person.get(f"{NEW}?parent={parent}").body.decode("utf-8")
    assert "up to 100 USD" in shown
    assert re.findall(r'<option value="(\d)"', shown.partition('id="f-depth"')[2].partition("</select>")[0]) == ["0"]
    child = house.fields(agent=house.helper, delegator=house.agent, parent=parent, per_week="100", depth="0")
    assert "Is this what you allow?" in text_of(house.person.post(NEW, child))
    wider = house.person.post(NEW, {**child, "per_week": "", "more_scope": "purchase:*", "until": "2030-07-01"})
    told = text_of(wider)
    assert "In 7 days: No more than 100 USD." in told
    assert "Further actions: This was not given, so it cannot be passed on." in told
    assert "Ends on: It cannot end later than 30 Jun 2030." in told
    back = house.person.post(NEW, {**child, "agent": house.agent})
    assert back.status == 422
    assert b'id="f-agent_did-err"' in back.body


def test_the_rest_of_a_large_tree_is_one_link_further(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delegation_sheets, "TREE_MOST", 1)
    path = house.sign(scope="purchase:salt")
    body = {"delegatorDid": house.agent, "delegateDid": house.helper, "expirationDate": f"{UNTIL}T00:00:00Z"}
    limits = {"maxSpendPerTransaction": 50, "currency": "USD"}
    body |= {"scope": ["purchase:salt"], "constraints": limits, "parent": path.rpartition("/")[2]}
    below = [str(house.call("/delegations", body, house.key)["delegationId"]) for _ in range(2)]

    def shown(address: str) -> tuple[list[bool], str, list[str]]:
        page = house.person.get(address).body.decode("utf-8")
        told = re.search(r"\d+–\d+ of those that rest on it", page)
        links = re.findall(rf'href="({path}(?:\?skip=\d+)?#tr)"', page)
        return [f'href="/delegations/{one}"' in page for one in below], told[0] if told else "", links

    assert shown(path) == ([True, False], "1–1 of those that rest on it", [f"{path}?skip=1#tr"])
    assert shown(f"{path}?skip=1") == ([False, True], "2–2 of those that rest on it", [f"{path}#tr"])
    assert house.person.get(f"{path}?skip=all").status == 200


def test_a_did_without_a_name_is_shortened_in_the_sentence_and_whole_below_it(house: House) -> None:
    key = {"crv": "Ed25519", "kid": "k" * 1380, "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    did = "did:jwk:" + base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
    sure = house.person.post(NEW, house.fields(agent="", agent_did=did, per_act="50", currency=""))
    assert did in text_of(sure)
    said = words_of(sure)
    assert said.startswith(f"{did[:24]}…{did[-24:]} may buy")
    assert "at most 50 of any currency at a time" in said


def test_faults_and_reasons_are_told_in_spanish(house: House) -> None:
    house.person.cookies["sealwright_look"] = "es~~"
    try:
        answer = house.person.post(NEW, house.fields(per_act="fifty"))
        assert "Cada vez: Indique un importe, como 50 o 49,90." in text_of(answer)
        told = words_of(house.person.post(NEW, house.fields(step="look", days="Mon-Fri", zone="UTC", calls_day="1")))
        assert told.startswith("Shopper puede comprar «groceries» en nombre de Gina Giver hasta el 30 jun 2030")
        assert "como mucho 1 acto en 24 horas cualesquiera" in told
    finally:
        del house.person.cookies["sealwright_look"]


def test_what_was_paused_from_above_is_not_offered_to_be_resumed(house: House) -> None:
    """The stranger was given something, passed it on, and is no more than a delegator in the middle."""
    with house.served.office.units(write=False) as uow:
        known = uow.people.by_email("stranger@example.org")
    assert known is not None
    token = token_for(house.served.office, known.user_id)
    own = str(house.call("/dids", {"kind": "human", "name": "Sam"}, token)["did"])
    terms = {"scope": [GROCERIES], "expirationDate": f"{UNTIL}T10:00:00Z"}
    above = house.call("/delegations", {**terms, "delegatorDid": house.did, "delegateDid": own, "maxDepth": 1})
    passed = {**terms, "delegatorDid": own, "delegateDid": house.helper, "parent": above["credentialId"]}
    path = f"/delegations/{house.call('/delegations', passed, token)['delegationId']}"
    told = "It was paused further up: Gina Giver, whoever stands above, or an admin resumes it."
    for pauser, is_told in ((house.stranger, False), (house.person, True)):
        if is_told:
            # Paused by the stranger once more, and then kept so.
            assert house.stranger.post(f"{path}/pause", {"reason": "Wait."}).status == 303
            assert "Keep it paused" in text_of(house.person.get(path))
            assert "This keeps it so" in text_of(house.person.get(f"{path}/pause"))
        assert pauser.post(f"{path}/pause", {"reason": "Wait."}).status == 303
        shown = house.stranger.get(path)
        assert (told in text_of(shown), f"{path}/resume".encode() in shown.body) == (is_told, not is_told)
        assert f"{path}/revoke".encode() in shown.body
        refused = house.stranger.post(f"{path}/resume", {"reason": "Go on."})
        assert refused.status == (422 if is_told else 303)
    shown = house.person.get(path)
    assert f"{path}/resume".encode() in shown.body
    assert told not in text_of(shown)
    assert "Keep it paused" not in text_of(shown)
    assert house.person.post(f"{path}/resume", {"reason": "Go on."}).status == 303


def test_strangers_find_nothing_and_change_nothing(house: House) -> None:
    path = house.sign(per_act="43")
    agent = f"/delegations/agents/{quote(house.agent, safe='')}"
    for one in (path, f"{path}/revoke", f"{path}/narrow", agent, f"{agent}/decommission"):
        assert house.stranger.get(one).status == 404, one
    for one in (f"{path}/revoke", f"{path}/pause"):
        assert house.stranger.post(one, {"reason": "Because."}).status == 404, one
    assert house.stranger.post(f"{path}/ask", {"action": GROCERIES}).status == 404
    assert house.stranger.post(f"{agent}/key").status in {403, 404}
    assert "Active" in text_of(house.person.get(path))
    foreign = house.stranger.post(NEW, house.fields())
    assert foreign.status in {403, 422}
    assert "Is this what you allow?" not in text_of(foreign)


def test_an_act_needs_a_reason_and_says_what_it_did(house: House) -> None:
    path = house.sign(per_act="44")
    assert house.person.post(f"{path}/pause", {"reason": ""}).status == 422
    assert house.person.post(f"{path}/pause", {"reason": "Away."}).status == 303
    assert "Paused" in text_of(house.person.get(path))
    assert "cannot be done" in text_of(house.person.get(f"{path}/pause"))
    assert house.person.post(f"{path}/resume", {"reason": "Back."}).status == 303
    assert house.person.post(f"{path}/revoke", {"reason": "Enough."}).status == 303
    again = house.person.post(f"{path}/revoke", {"reason": "Enough."})
    assert again.status in {409, 422}
    listed = text_of(house.person.get("/delegations?status=revoked"))
    assert "Revoked" in listed


def test_the_answer_names_the_limit_that_forbids(house: House) -> None:
    path = house.sign(per_act="45", per_week="100", merchants="safeway.example")
    ask = {"action": GROCERIES, "amount": "45.01", "merchant": "safeway.example"}
    no = text_of(house.person.post(f"{path}/ask", ask))
    assert "No, it may not" in no
    assert "A limit forbids it: at most 45 USD at a time." in no
    assert "100 USD left" in no
    other = text_of(house.person.post(f"{path}/ask", {**ask, "amount": "1", "merchant": "elsewhere.example"}))
    assert "A limit forbids it: only from safeway.example." in other
    uncovered = text_of(house.person.post(f"{path}/ask", {"action": "purchase:wine"}))
    assert "Nothing that it was allowed covers this action." in uncovered
    yes = text_of(house.person.post(f"{path}/ask", {**ask, "amount": "45"}))
    assert "Yes, it may" in yes
    for fields, told in (
        ({"action": ""}, "Action: Please fill this in."),
        ({"action": "buy *"}, "Action:"),
        ({"action": GROCERIES, "amount": "x"}, "Amount"),
    ):
        answer = house.person.post(f"{path}/ask", fields)
        assert answer.status == 422
        assert told in text_of(answer)


def test_markup_in_names_is_text(house: House) -> None:
    made = house.call("/agents", {"name": "<b>Bold</b>", "operator": house.did})
    page = house.person.get(f"/delegations/agents/{quote(made['did'], safe='')}")
    assert b"<b>Bold" not in page.body
    assert "<b>Bold</b>" in text_of(page)
    assert b"<b>Bold" not in house.person.get("/delegations").body
