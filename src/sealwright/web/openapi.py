"""The API document (OpenAPI 3.1), built from the route table: what it says is what the server does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sealwright import __version__
from sealwright.web.api.shapes.answers import PROBLEM
from sealwright.web.auth.cookies import cookie_name
from sealwright.web.problems import CATALOG
from sealwright.web.query import MAX_REPEATS, Parameter
from sealwright.web.route import Answered, Audience, Bucket, Route

Node = dict[str, Any]

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_TEXTS: Final = {
    "id": "Its id; a credential also by its bare UUID.",
    "did": "A DID, or an alias of one kept here; plain or percent-encoded.",
    "schemaId": "Id of a credential schema; plain or percent-encoded.",
    "listId": "Id of a status list.",
    "threadId": "Id of a DIDComm thread.",
    "purpose": "What a set bit means.",
    "reference": "The unguessable part of an offer's address.",
    "name": "A name.",
    "version": "A version.",
    "code": "A code of the catalog.",
    "user_id": "A person's id.",
    "request_id": "Id of a credential request.",
    "grant_id": "Id of a grant.",
    "view_id": "Id of a saved view.",
    "disclosureId": "Id of a link to a part of a credential.",
    "address": "A wallet address: `0x` and 40 hexadecimal digits.",
    "value": "Value of a credential type.",
    "workflow_id": "Id of a workflow.",
    "step_id": "Id of a step of that workflow.",
    "transactionHash": "An anchor's hash: `0x` and 64 hexadecimal digits.",
    "credentialId": "A credential's id; plain or percent-encoded.",
    "level": "Of the tree of tiles: 0 for hashes of entries.",
    "number": "Of the tile, from 0, or its first three digits (`x001`).",
    "first": "A size of the log.",
    "second": "A later size of the log; of a tile, further digits of its number, or how much of it is there (`5.p`).",
    "third": "Further digits of the tile's number, or how much of it is there.",
    "fourth": "How much of the tile is there.",
    "row": "The row's number in the batch, from 0.",
    "table": "`types`, `periods`, `times`, `reasons`, `survival` or `expiries`.",
}
_UPLOAD: Final[Node] = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary", "description": "The file, with its name."}},
    "required": ["file"],
}
_BODY_CODES: Final = (
    "INVALID_JSON",
    "INVALID_UNICODE",
    "DUPLICATE_KEY",
    "NESTING_TOO_DEEP",
    "PAYLOAD_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "REQUEST_TIMEOUT",
    "INVALID_BODY",
    "MISSING_FIELD",
    "UNKNOWN_FIELD",
    "INVALID_TYPE",
    "INVALID_VALUE",
    "INVALID_CHARACTER",
    "NUMBER_OUT_OF_RANGE",
)
# What is refused before anybody knows the route, and so told as a problem everywhere.
_HEAD_CODES: Final = ("INVALID_HEADER", "URI_TOO_LONG", "HEADERS_TOO_LARGE")
_EVERY_CODES: Final = (
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    *_HEAD_CODES,
    "INTERNAL",
    "UNAVAILABLE",
)


def codes_of(route: Route) -> tuple[str, ...]:
    """Every code that a route may answer with, its own first."""
    if route.words is not None:
        return _HEAD_CODES
    codes = [*route.codes]
    if route.audience is not Audience.DOCUMENT:
        codes.append("UNAUTHENTICATED")
    if route.audience is not Audience.DOCUMENT and route.audience is not Audience.ANYONE:
        codes += ["ACCOUNT_INACTIVE", "ROLE_REQUIRED"]
        if route.method != "GET":
            codes.append("CSRF_FAILED")
    if route.bucket is not Bucket.NONE:
        codes.append("RATE_LIMIT_EXCEEDED")
    if route.fresh:
        codes.append("FRESH_SIGN_IN_REQUIRED")
    if route.body is not None:
        codes += _BODY_CODES
    if route.upload_bytes is not None:
        codes += ["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]
    if route.streamed_types:
        codes += ["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "REQUEST_TIMEOUT"]
    if route.query.parameters and not route.query.lenient:
        codes.append("UNKNOWN_FIELD")
    if route.idempotent:
        codes.append("INVALID_IDEMPOTENCY_KEY")
    if not route.open_before_setup:
        codes.append("SETUP_REQUIRED")
    return tuple(dict.fromkeys((*codes, *_EVERY_CODES)))


def document(public_url: str) -> Node:
    """The API document of an office at this address, as JSON values."""
    # The table names handlers that serve this document, so it cannot be imported before they exist.
    from sealwright.web.routes import ROUTES

    return Document(public_url=public_url, version=__version__, routes=ROUTES).build()


class Document:
    """Builds the document once; components are hoisted from wherever a titled schema is used."""

    def __init__(self, *, public_url: str, version: str, routes: Iterable[Route]) -> None:
        self._public_url = public_url
        self._version = version
        self._routes = tuple(routes)
        self._schemas: Node = {}
        self._refusals: dict[tuple[int, tuple[str, ...]], str] = {}
        self._responses: Node = {}

    def build(self) -> Node:
        """The whole document as plain JSON values."""
        paths: Node = {}
        for route in self._routes:
            paths.setdefault(route.path, {})[route.method.lower()] = self._operation(route)
        self._hoisted(PROBLEM)
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Sealwright",
                "version": self._version,
                "description": "A credential office: issue, deliver, verify and revoke W3C verifiable credentials.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": self._public_url}],
            "tags": [{"name": name} for name in dict.fromkeys(route.tag for route in self._routes)],
            "paths": paths,
            "components": {
                "schemas": self._schemas,
                "responses": self._responses,
                "securitySchemes": {
                    "bearer": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "An API key (`swk_…`) or a personal token (`swp_…`).",
                    },
                    "session": {
                        "type": "apiKey",
                        "in": "cookie",
                        "name": cookie_name(self._public_url),
                        "description": "A signed-in browser on a page of this office. Writes also carry the page's "
                        "form token as `X-CSRF-Token`, and `Origin` or `Sec-Fetch-Site` must be this office's.",
                    },
                },
            },
        }

    def _operation(self, route: Route) -> Node:
        operation: Node = {
            "operationId": route.operation_id,
            "tags": [route.tag],
            "summary": route.summary,
            "description": f"Callers: {route.who} ({route.audience.value}).",
            "x-callers": route.who,
            "x-audience": route.audience.name,
            "x-codes": list(codes_of(route)),
            "security": _security(route.audience),
            "parameters": [*self._path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
            "responses": self._answers(route),
        }
        if route.body is not None:
            media: Node = {"schema": self._named(route.body.name, route.body.schema)}
            if route.body.example is not None:
                media["example"] = route.body.example
            operation["requestBody"] = {"required": not route.body.optional, "content": {"application/json": media}}
        if route.is_form:
            form: Node = {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}
            if route.form_example is not None:
                form["example"] = dict(route.form_example)
            content = {"application/x-www-form-urlencoded": form}
            operation["requestBody"] = {"required": True, "content": content}
        if route.upload_bytes is not None:
            operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _UPLOAD}}}
        if route.streamed_types:
            rows = {"schema": {"type": "string", "description": "The rows, one a line."}}
            operation["requestBody"] = {"required": True, "content": dict.fromkeys(route.streamed_types, rows)}
        return operation

    @staticmethod
    def _path_parameters(route: Route) -> list[Node]:
        return [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": _TEXTS[name],
                "schema": {"type": "string"},
            }
            for name in _PARAMETER.findall(route.path)
        ]

    def _answers(self, route: Route) -> Node:
        responses: Node = {}
        for answered in route.answers:
            known = responses.setdefault(str(answered.status), {"description": answered.description, "content": {}})
            known["content"].update(self._content(answered))
            if answered.headers:
                known["headers"] = {name: {"schema": {"type": "string"}} for name in answered.headers}
        for status, codes in _by_status(codes_of(route)).items():
            if str(status) in responses:
                continue
            described = (route.described_errors or {}).get(status)
            responses[str(status)] = self._refusal(status, codes, described)
        for status, schema in (route.described_errors or {}).items():
            if str(status) not in responses:
                content = {"application/json": {"schema": self._hoisted(schema)}}
                responses[str(status)] = {"description": "In the words of the standard.", "content": content}
        return responses

    def _content(self, answered: Answered) -> Node:
        if answered.schema is None:
            return {}
        media: Node = {"schema": self._hoisted(answered.schema)}
        if answered.example is not None:
            media["example"] = answered.example
        return {answered.media_type: media}

    def _refusal(self, status: int, codes: list[str], described: Mapping[str, Any] | None) -> Node:
        """The refusals of one status; routes that refuse alike share one component."""
        if described is not None:
            refusal = self._refusal_response(codes)
            refusal["content"]["application/json"] = {"schema": self._hoisted(described)}
            return refusal
        key = (status, tuple(codes))
        if key not in self._refusals:
            alike = sum(known_status == status for known_status, _ in self._refusals)
            self._refusals[key] = name = f"Refused{status}" + (f"_{alike + 1}" if alike else "")
            self._responses[name] = self._refusal_response(codes)
        return {"$ref": f"#/components/responses/{self._refusals[key]}"}

    def _refusal_response(self, codes: list[str]) -> Node:
        examples = {code: {"value": self._problem_example(code)} for code in codes}
        media = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
        lines = " ".join(f"`{code}`: {CATALOG[code].title}." for code in codes)
        return {"description": lines, "x-codes": codes, "content": {"application/problem+json": media}}

    def _problem_example(self, code: str) -> Node:
        problem = CATALOG[code]
        return {
            "type": f"{self._public_url}/problems/{code}",
            "title": problem.title,
            "status": problem.status,
            "code": code,
            "detail": f"{problem.title}.",
            "instance": "/api/v1/…",
            "requestId": "01k9zq3v6m8w4r2t0y5n7b1c3d",
            "retryable": problem.retryable,
            "errors": [],
        }

    def _named(self, name: str, schema: Mapping[str, Any]) -> Node:
        self._schemas.setdefault(name, self._replaced(schema))
        return {"$ref": f"#/components/schemas/{name}"}

    def _hoisted(self, schema: Mapping[str, Any]) -> Node:
        """Give a titled schema its place among the components, and refer to it."""
        return self._named(str(schema["title"]), schema) if "title" in schema else self._replaced(schema)

    def _replaced(self, schema: Mapping[str, Any]) -> Node:
        replaced: Node = {}
        for name, member in schema.items():
            if name in {"example", "enum", "const", "default", "required"}:
                replaced[name] = member
            elif isinstance(member, Mapping):
                is_schema = name in {"items", "additionalProperties"}
                replaced[name] = self._hoisted(member) if is_schema else self._members(member)
            elif isinstance(member, list):
                replaced[name] = [self._hoisted(one) if isinstance(one, Mapping) else one for one in member]
            else:
                replaced[name] = member
        return replaced

    def _members(self, members: Mapping[str, Any]) -> Node:
        return {name: self._hoisted(one) if isinstance(one, Mapping) else one for name, one in members.items()}


def _security(audience: Audience) -> list[Node]:
    if audience is Audience.DOCUMENT:
        return []
    ways: list[Node] = [{"bearer": []}, {"session": []}]
    return [{}, *ways] if audience is Audience.ANYONE else ways


def _query_parameters(route: Route) -> list[Node]:
    return [_query_parameter(parameter) for parameter in route.query.parameters]


def _query_parameter(parameter: Parameter) -> Node:
    schema = dict(parameter.schema)
    return {
        "name": parameter.name,
        "in": "query",
        "required": False,
        "description": parameter.description,
        "schema": {"type": "array", "items": schema, "maxItems": MAX_REPEATS} if parameter.repeatable else schema,
    }


def _header_parameters(route: Route) -> list[Node]:
    wanted = dict(route.request_headers or {})
    if route.idempotent:
        wanted["Idempotency-Key"] = (
            "1 to 255 printable ASCII characters; the same call with the same key has one effect."
        )
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in wanted.items()
    ]


def _by_status(codes: Iterable[str]) -> dict[int, list[str]]:
    grouped: dict[int, list[str]] = {}
    for code in codes:
        grouped.setdefault(CATALOG[code].status, []).append(code)
    return dict(sorted(grouped.items()))
