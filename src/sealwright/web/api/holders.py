"""Looking people up, for reviewers: by text, by wallet address, and what they hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from sealwright.domain.errors import InvalidFilter
from sealwright.domain.people import Person
from sealwright.vc.errors import Fault
from sealwright.web.api import desk_rendering
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.shapes import desk_answers, desk_examples
from sealwright.web.call import Call, ok
from sealwright.web.page_lists import numbered, numbered_answer, page_asked, page_reply
from sealwright.web.query import Parameter
from sealwright.web.reply import Reply
from sealwright.web.route import Answered, Audience, Route


def find(call: Call) -> Reply:
    """GET /issuers/users."""
    if "search" not in call.query:
        fault = Fault("/search", "INVALID_FILTER", "must have at least 2 characters")
        raise InvalidFilter("Search for 2 characters or more.", faults=[fault])
    page, count = page_asked(call)
    found = call.office.holders.find(call.caller, call.query["search"], page=page, count=count)
    return page_reply(call, found, found_person)


def found_person(person: Person) -> dict[str, Any]:
    """A person as one line."""
    return {"user_id": person.user_id, "display_name": person.display_name, "email": person.email}


def by_address(call: Call) -> Reply:
    """GET /issuers/users/by-address/{address}."""
    found = call.office.holders.by_address(call.caller, call.params["address"])
    person = found.person
    return ok(
        {
            "user_id": person.user_id,
            "address": found.wallet.address,
            "display_name": person.display_name,
            "verified": found.wallet.verified,
        }
    )


def detail(call: Call) -> Reply:
    """GET /issuers/users/{user_id}."""
    seen = call.office.holders.detail(call.caller, call.params["user_id"])
    now = call.office.clock.now()
    return ok(
        {
            **desk_rendering.holder(seen.person),
            "is_yours": seen.is_yours,
            "grants": [
                desk_rendering.grant(one, now, in_scope=call.caller.covers(one.credential_type)) for one in seen.grants
            ],
            "requests": [desk_rendering.brief_request(one) for one in seen.requests],
            "dependent_work": [asdict(one) for one in seen.work],
        }
    )


_FOR_REVIEWERS: Final = Family("Holders", Audience.REVIEWER, "R")
_FIND: Final = Parameter(
    "search",
    {"type": "string", "minLength": 2, "maxLength": 200},
    "Part of name or e-mail, start of a person's id, DID or wallet address; case and accents do not matter.",
)

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_REVIEWERS.gets(
        "/issuers/users",
        "Find people",
        find,
        numbered_answer(desk_answers.FOUND_PERSON, desk_examples.FOUND_PERSON, "One page."),
        query=numbered(_FIND),
    ),
    _FOR_REVIEWERS.gets(
        "/issuers/users/by-address/{address}",
        "Find the person who proved a wallet address",
        by_address,
        Answered(200, "Whose it is.", desk_answers.ADDRESS_OWNER, desk_examples.ADDRESS_OWNER),
        codes=("USER_NOT_FOUND", "INVALID_ADDRESS"),
    ),
    _FOR_REVIEWERS.gets(
        "/issuers/users/{user_id}",
        "Read what is known of a person and what they hold",
        detail,
        Answered(200, "The person.", desk_answers.HOLDER, desk_examples.HOLDER),
        codes=("USER_NOT_FOUND",),
    ),
)
