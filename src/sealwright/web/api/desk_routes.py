"""What the routes of the review desk and of admission have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sealwright.domain.errors import ConflictingFields
from sealwright.vc.errors import Fault
from sealwright.web.call import Call
from sealwright.web.query import NO_QUERY, Parameter, QueryShape
from sealwright.web.route import Answered, Audience, Bucket, Handler, Route
from sealwright.web.shape import Shape

KEY_CODES: Final = ("IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS")
LIST_CODES: Final = ("INVALID_PAGINATION", "INVALID_FILTER")
# What claims may be refused for.
CLAIMS_CODES: Final = (
    "SCHEMA_VALIDATION_FAILED",
    "RESERVED_KEY",
    "UNSIGNABLE_VALUE",
    "CLAIMS_TOO_LARGE",
)
SEARCH: Final = Parameter(
    "search",
    {"type": "string", "maxLength": 200},
    "Part of name or e-mail, start of a person's id, DID or wallet address; case and accents do not matter.",
)


def told_members(call: Call) -> dict[str, Any]:
    """What a DELETE names, in its body or in the query.

    Raises:
        ConflictingFields: They say different things of one member.
    """
    members = dict(call.body)
    for name, value in call.query.items():
        if members.setdefault(name, value) != value:
            fault = Fault(f"/{name}", "CONFLICTING_FIELDS", "says another thing than the query")
            raise ConflictingFields("Query and body contradict each other.", faults=[fault])
    return members


@dataclass(frozen=True, slots=True)
class Family:
    """Routes of one kind for one audience of people; API keys serve other families."""

    tag: str
    audience: Audience
    who: str

    def gets(
        self,
        path: str,
        summary: str,
        handler: Handler,
        answered: Answered,
        *,
        query: QueryShape = NO_QUERY,
        codes: tuple[str, ...] = (),
    ) -> Route:
        """A GET; of lists also the faults of page and filter are told."""
        listing = LIST_CODES if query.parameters else ()
        return Route(
            "GET",
            path,
            self.audience,
            self.who,
            summary,
            handler,
            (answered,),
            self.tag,
            query=query,
            codes=(*codes, *listing),
            takes_api_keys=False,
        )

    def posts(
        self,
        path: str,
        summary: str,
        handler: Handler,
        answers: tuple[Answered, ...],
        *,
        body: Shape,
        codes: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
        deadline_seconds: float = 30.0,
        fresh: bool = False,
        document_at: str = "",
    ) -> Route:
        """A POST; it takes an Idempotency-Key. `fresh` and `document_at` as in `Route`."""
        return Route(
            "POST",
            path,
            self.audience,
            self.who,
            summary,
            handler,
            answers,
            self.tag,
            bucket=Bucket.WRITE,
            body=body,
            codes=(*codes, *KEY_CODES, "AUDIT_UNAVAILABLE"),
            idempotent=True,
            takes_api_keys=False,
            request_headers=headers,
            deadline_seconds=deadline_seconds,
            fresh=fresh,
            document_at=document_at,
        )

    def puts(
        self,
        path: str,
        summary: str,
        handler: Handler,
        answered: Answered,
        *,
        body: Shape,
        codes: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
        fresh: bool = False,
    ) -> Route:
        """A PUT; `fresh` as in `Route`."""
        return Route(
            "PUT",
            path,
            self.audience,
            self.who,
            summary,
            handler,
            (answered,),
            self.tag,
            bucket=Bucket.WRITE,
            body=body,
            codes=(*codes, "AUDIT_UNAVAILABLE"),
            takes_api_keys=False,
            request_headers=headers,
            fresh=fresh,
        )

    def deletes(
        self,
        path: str,
        summary: str,
        handler: Handler,
        answers: tuple[Answered, ...],
        *,
        body: Shape | None = None,
        query: QueryShape = NO_QUERY,
        codes: tuple[str, ...] = (),
        fresh: bool = False,
    ) -> Route:
        """A DELETE; `fresh` as in `Route`."""
        return Route(
            "DELETE",
            path,
            self.audience,
            self.who,
            summary,
            handler,
            answers,
            self.tag,
            bucket=Bucket.WRITE,
            body=body,
            query=query,
            codes=(*codes, "AUDIT_UNAVAILABLE"),
            takes_api_keys=False,
            fresh=fresh,
        )
