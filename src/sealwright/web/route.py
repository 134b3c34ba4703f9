"""What a route is: everything the server does with a call, and everything the API document says about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from sealwright.web.query import NO_QUERY, QueryShape
from sealwright.web.reply import Reply
from sealwright.web.shape import JSONSchema, Shape

if TYPE_CHECKING:
    from sealwright.web.call import Call

Handler = Callable[["Call"], "Reply | Awaitable[Reply]"]


class Audience(Enum):
    """Who gets in at the door. What a caller may do with a thing is asked again by the service."""

    DOCUMENT = "anyone; no credentials are looked at"
    ANYONE = "anyone; a bearer token that is sent must hold"
    CALLER = "an API key, a personal token or a session"
    PERSON = "a personal token or a session"
    IMPROVER = "the personal token or session of an approved improver, or of an admin"
    REVIEWER = "the personal token or session of an approved issuer, or of an admin"
    PROPOSER = "the personal token or session of an approved proposer, or of an admin"
    VOTER = "the personal token or session of an approved voter"
    PROPOSER_OR_VOTER = "the personal token or session of an approved proposer or voter, or of an admin"
    ADMIN = "the personal token or session of an admin"


class Bucket(Enum):
    """Which rate limit counts a call; `ACT` counts those of strangers as writes."""

    NONE = "none"
    ISSUE = "issue"
    BATCH = "batch"
    WRITE = "write"
    ACT = "act"
    READ = "read"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Answered:
    """One successful answer of a route, for the API document.

    Args:
        schema: JSON Schema of the body; None for an empty one or one that is not JSON.
        example: A body that fits it.
    """

    status: int
    description: str
    schema: JSONSchema | None = None
    example: object = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()


class ErrorWords(Protocol):
    """Tells errors in the words of a standard."""

    def told(self, error: Exception) -> str | None:
        """The standard's own code of an error, where it has one."""

    def reply(self, error: Exception, problem: Reply) -> Reply:
        """The answer to an error; `problem` is what it would be elsewhere."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path.

    Args:
        path: With ``{name}`` for parameters, which are DIDs, ids or names, plain or percent-encoded.
        who: The callers in the words of the contract.
        document_at: Where in the body the claims or document stand that the standards floor judges.
        codes: Refusals beside those that every route may give.
        idempotent: True where an Idempotency-Key counts.
        open_before_setup: True for what answers before the office is set up.
        other_keys: False where API keys are of another kind (they serve ``/api/v1`` and VC-API only).
        request_headers: Further request headers that are read, by name with a sentence each.
        described_errors: Bodies of errors that are not problems, by status (DID resolution, VC-API, OpenID4VCI).
        words: How every error is told here where a standard has words of its own; None tells it as a problem.
        is_form: True where the body is form-encoded and read by the handler.
        takes_any_body: True where nothing is expected, and whatever is sent is passed over.
        form_example: Such a body's parameters, for the API document.
        deadline_seconds: When the call is given up; None where what it waits for has deadlines of its own.
        upload_bytes: Most bytes of an uploaded file; the body is then a form with the file under ``file``.
        carries_rows: The member whose items are rows of a batch: the body may then be as large as a batch, and hold as
            many of them, as the settings say.
        streamed_types: Media types of a body that is worked on while it arrives; none where it is read whole.
        fresh: True for acts on keys, roles and halts: whoever comes with a session has to have signed in just now.
    """

    method: str
    path: str
    audience: Audience
    who: str
    summary: str
    handler: Handler
    answers: tuple[Answered, ...]
    tag: str
    bucket: Bucket = Bucket.READ
    body: Shape | None = None
    query: QueryShape = NO_QUERY
    codes: tuple[str, ...] = ()
    document_at: str = ""
    idempotent: bool = False
    is_public_read: bool = False
    open_before_setup: bool = False
    takes_api_keys: bool = True
    request_headers: Mapping[str, str] | None = None
    described_errors: Mapping[int, JSONSchema] | None = None
    words: ErrorWords | None = None
    is_form: bool = False
    takes_any_body: bool = False
    form_example: Mapping[str, str] | None = None
    deadline_seconds: float | None = 30.0
    upload_bytes: int | None = None
    carries_rows: str | None = None
    streamed_types: tuple[str, ...] = ()
    fresh: bool = False

    @property
    def operation_id(self) -> str:
        """A stable name for generated clients."""
        words = [part.strip("{}") for part in self.path.replace(".", "-").split("/") if part]
        return "_".join([self.method.lower(), *words]).replace("-", "_")
