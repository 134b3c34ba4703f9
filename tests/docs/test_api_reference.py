"""The API page and the server's own route table say the same: routes, callers, members, codes, examples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from sealwright.web.api.shapes import (
    agents,
    answers,
    authorizing,
    batches,
    delegations,
    delivery,
    desk_answers,
    mass,
    people_answers,
    webhooks,
    workflow_answers,
)
from sealwright.web.route import Route
from sealwright.web.routes import ROUTES
from sealwright.web.shape import compile_schema
from tests.docs.reading import DOCS, Section, in_code, sections

PAGE: Final = DOCS / "reference" / "api.md"
SECTIONS: Final = {section.title.strip("`"): section for section in sections(PAGE)}
BY_NAME: Final = {f"{route.method} {route.path}": route for route in ROUTES}
ALIAS: Final = "Another address of `"
OBJECTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "Credential record": answers.CREDENTIAL_RECORD,
    "Batch": batches.BATCH,
    "Offer": delivery.OFFER_ANSWER,
    "Status": answers.STATUS,
    "MassPreview": mass.MASS_PREVIEW,
    "Report": answers.REPORT,
    "Schema": answers.SCHEMA,
    "Did": answers.DID_RECORD,
    "Delegation": delegations.DELEGATION,
    "Approval": authorizing.APPROVAL,
    "Agent": agents.AGENT,
    "ApiKey": answers.API_KEY,
    "Webhook": webhooks.WEBHOOK,
    "Delivery": webhooks.DELIVERY,
    "Event": answers.EVENT,
    "Audit record": answers.AUDIT_RECORD,
    "Office status": answers.OFFICE_STATUS,
    "Credential request": desk_answers.REQUEST,
    "Grant": desk_answers.GRANT,
    "Effects": desk_answers.EFFECTS,
    "Issuer": people_answers.ISSUER,
    "Credential type": people_answers.CREDENTIAL_TYPE,
    "Workflow": workflow_answers.WORKFLOW,
    "Step": workflow_answers.STEP,
    "Votes": workflow_answers.VOTES,
    "Proposal": workflow_answers.PROPOSAL,
    "Payout": workflow_answers.PAYOUT,
}

each_route = pytest.mark.parametrize("name", sorted(BY_NAME))


def section_of(name: str) -> Section:
    return SECTIONS[name]


def alias_of(section: Section) -> str | None:
    """The route that a section refers to instead of describing its own."""
    _, found, rest = section.prose.partition(ALIAS)
    return rest.partition("`")[0] if found else None


def members(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, bool]]:
    """Every member of a body, nested ones by path, and whether it is needed."""
    for name, node in schema.get("properties", {}).items():
        yield f"{prefix}{name}", name in schema.get("required", ())
        if node.get("type") == "object":
            yield from members(node, f"{prefix}{name}.")
        elif node.get("type") == "array":
            yield from members(node["items"], f"{prefix}{name}[].")


def test_page_and_server_have_the_same_routes() -> None:
    described = {title for title in SECTIONS if title.partition(" ")[0].isupper() and "/" in title}
    assert described == set(BY_NAME)


@each_route
def test_callers_and_rate_are_those_of_the_route(name: str) -> None:
    route = BY_NAME[name]
    facts = section_of(name).labeled("*Callers:* ")
    assert facts is not None
    parts = facts.split(" · ")
    bucket = "not counted" if route.bucket.value == "none" else route.bucket.value
    expected = [route.who, f"*Counted as:* {bucket}"]
    expected += ["*Idempotency-Key:* yes"] if route.idempotent else []
    expected += [f"*Header:* `{header}`" for header in route.request_headers or {}]
    assert parts == expected


@each_route
def test_members_are_those_that_the_server_takes(name: str) -> None:
    route, section = BY_NAME[name], section_of(name)
    if (target := alias_of(section)) is not None:
        same = BY_NAME[target]
        assert (same.body, same.query, same.handler) == (route.body, route.query, route.handler)
        return
    rows = [(in_code(row[0])[0], row[1] == "yes") for row in section.table("Member")]
    assert rows == list(members(route.body.schema if route.body else {}))
    assert [in_code(row[0])[0] for row in section.table("Query")] == [one.name for one in route.query.parameters]


@each_route
def test_codes_are_those_of_the_route(name: str) -> None:
    line = section_of(name).labeled("Codes: ")
    assert in_code(line or "") == list(dict.fromkeys(BY_NAME[name].codes))


@each_route
def test_examples_fit_what_the_server_takes_and_gives(name: str) -> None:
    route, section = BY_NAME[name], section_of(name)
    for block in section.blocks:
        assert block.language == "json"
        value = json.loads(block.text)
        before = section.text.partition(block.text)[0]
        if before.rindex("Request:") > before.rfind("Answer:") if "Request:" in before else False:
            assert route.body is not None
            route.body.read(block.text.encode())
        else:
            assert "Answer:" in before
            assert any(fits(route, index, value) for index in range(len(route.answers)))


def fits(route: Route, index: int, value: object) -> bool:
    schema = route.answers[index].schema
    return schema is not None and bool(compile_schema(schema).is_valid(value))


@each_route
def test_every_answer_is_told(name: str) -> None:
    section = section_of(name)
    if alias_of(section) is None:
        told = section.labeled("Answer: ")
        assert told is not None
        assert str(BY_NAME[name].answers[0].status) in told


@pytest.mark.parametrize("title", sorted(OBJECTS))
def test_objects_have_the_members_that_the_server_gives(title: str) -> None:
    rows = [in_code(row[0])[0] for row in SECTIONS[title].table("Member")]
    assert rows == list(OBJECTS[title]["properties"])
