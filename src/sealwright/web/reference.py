"""The API document and its pages: made from the route table, without anything from outside."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from typing import Any, Final

from sealwright.domain.errors import NotFound
from sealwright.web.call import Call
from sealwright.web.openapi import codes_of, document
from sealwright.web.problems import CATALOG, Problem
from sealwright.web.reply import HTML, JSON, Headers, Reply, encode
from sealwright.web.route import Answered, Audience, Bucket, Handler, Route

STYLE: Final = """
:root{color-scheme:light dark;--line:#8886;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem 1rem 4rem}
h1{font-size:1.8rem}h2{margin-top:3rem;border-bottom:1px solid var(--line)}h3{margin-top:2rem;font-size:1.05rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{background:var(--soft);padding:.8rem;overflow:auto;border-radius:.4rem}
table{border-collapse:collapse;width:100%}
td,th{border:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top}
.method{display:inline-block;min-width:4rem;font-weight:700}
details{margin:.5rem 0}summary{cursor:pointer}
nav ul{columns:2;list-style:none;padding:0}
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode("utf-8")).digest()).decode("ascii")
_PAGE_HEADERS: Final[Headers] = (
    (
        b"content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'".encode("ascii"),
    ),
    (b"cache-control", b"public, no-cache"),
)


def openapi(call: Call) -> Reply:
    """GET /openapi.json."""
    return Reply(200, openapi_bytes(call.office.public_url), JSON, ((b"cache-control", b"public, no-cache"),))


@lru_cache(maxsize=4)
def openapi_bytes(public_url: str) -> bytes:
    """The API document for an office at this address."""
    return encode(document(public_url))


def docs(_call: Call) -> Reply:
    """GET /docs."""
    return Reply(200, _docs_page(), HTML, _PAGE_HEADERS)


def problem(call: Call) -> Reply:
    """GET /problems/{code}."""
    described = CATALOG.get(call.params["code"])
    if described is None:
        raise NotFound("No such code is in the catalog.")
    return Reply(200, _problem_page(described), HTML, _PAGE_HEADERS)


def _routes() -> tuple[Route, ...]:
    # The table names the handlers of this module, so it cannot be imported before they exist.
    from sealwright.web.routes import ROUTES

    return ROUTES


@lru_cache(maxsize=1)
def _docs_page() -> bytes:
    routes = _routes()
    tags = list(dict.fromkeys(route.tag for route in routes))
    parts = [
        "<p>Every route, with its callers, bodies, answers and refusals. The same in OpenAPI 3.1: "
        '<a href="/openapi.json">openapi.json</a>.</p><nav><ul>'
    ]
    parts += [
        f'<li><a href="#{route.operation_id}"><code>{route.method} {escape(route.path)}</code></a></li>'
        for route in routes
    ]
    parts.append("</ul></nav>")
    for tag in tags:
        parts.append(f"<h2>{escape(tag)}</h2>")
        parts += [_route_section(route) for route in routes if route.tag == tag]
    parts.append("<h2>Refusals</h2>")
    parts.append(_code_table(CATALOG.values()))
    return _page("Sealwright API", "".join(parts))


def _route_section(route: Route) -> str:
    parts = [
        f'<h3 id="{route.operation_id}"><span class="method">{route.method}</span> '
        f"<code>{escape(route.path)}</code></h3>",
        f"<p>{escape(route.summary)}. Callers: {escape(route.who)} ({escape(route.audience.value)}).</p>",
    ]
    if route.query.parameters:
        rows = [
            (parameter.name, _kind(parameter.schema), parameter.description) for parameter in route.query.parameters
        ]
        parts.append(_table(("Query", "Kind", "Meaning"), rows))
    if route.body is not None:
        required = set(route.body.schema.get("required", ()))
        rows = [
            (name, _kind(node) + ("" if name in required else ", optional"), str(node.get("description", "")))
            for name, node in route.body.schema.get("properties", {}).items()
        ]
        if rows:
            parts.append(_table(("Member", "Kind", "Meaning"), rows))
        parts.append(_example("Example body", route.body.example))
    for answered in route.answers:
        parts.append(f"<p><strong>{answered.status}</strong> {escape(answered.description)}</p>")
        parts.append(_example("Example answer", answered.example))
    links = " ".join(f'<a href="/problems/{code}"><code>{code}</code></a>' for code in codes_of(route))
    parts.append(f"<details><summary>Refusals</summary><p>{links}</p></details>")
    return "".join(parts)


def _kind(node: Mapping[str, Any]) -> str:
    kind = node.get("type", "any")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "format" in node:
        text += f" ({node['format']})"
    if "enum" in node:
        text += ": " + ", ".join(str(choice) for choice in node["enum"])
    if "default" in node:
        text += f" = {json.dumps(node['default'])}"
    return text


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    lines = "".join(
        f"<tr><td><code>{escape(row[0])}</code></td>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"


def _example(title: str, example: object) -> str:
    if example is None:
        return ""
    text = escape(json.dumps(example, indent=2, ensure_ascii=False))
    return f"<details><summary>{escape(title)}</summary><pre>{text}</pre></details>"


def _code_table(problems: Iterable[Problem]) -> str:
    rows = "".join(
        f'<tr><td><a href="/problems/{one.code}"><code>{one.code}</code></a></td><td>{one.status}</td>'
        f"<td>{escape(one.title)}</td></tr>"
        for one in problems
    )
    return f"<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>{rows}</tbody></table>"


def _problem_page(described: Problem) -> bytes:
    again = (
        "The same call may succeed later; repeat it with the same Idempotency-Key."
        if described.retryable
        else "Repeating the same call gives the same answer."
    )
    users = [route for route in _routes() if described.code in codes_of(route)]
    listed = "".join(
        f'<li><a href="/docs#{route.operation_id}"><code>{route.method} {escape(route.path)}</code></a></li>'
        for route in users
    )
    where = f"<h2>Routes that may answer it</h2><ul>{listed}</ul>" if listed else ""
    body = (
        f"<p>{escape(described.title)}.</p><p>HTTP status {described.status}. {again}</p>{where}"
        '<p><a href="/docs">All routes and refusals</a></p>'
    )
    return _page(described.code, body)


def _page(title: str, body: str) -> bytes:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    ).encode()


def _route(path: str, summary: str, handler: Handler, answered: Answered, codes: tuple[str, ...] = ()) -> Route:
    return Route(
        "GET",
        path,
        Audience.DOCUMENT,
        "P",
        summary,
        handler,
        (answered,),
        "Operations",
        bucket=Bucket.NONE,
        codes=codes,
        open_before_setup=True,
    )


_HTML_ANSWER: Final = {"type": "string"}
ROUTES: Final[tuple[Route, ...]] = (
    _route(
        "/openapi.json",
        "This document",
        openapi,
        Answered(200, "OpenAPI 3.1.", {"type": "object"}),
    ),
    _route("/docs", "The reference page", docs, Answered(200, "A page.", _HTML_ANSWER, None, "text/html")),
    _route(
        "/problems/{code}",
        "What a code means",
        problem,
        Answered(200, "A page.", _HTML_ANSWER, None, "text/html"),
        codes=("NOT_FOUND",),
    ),
)
