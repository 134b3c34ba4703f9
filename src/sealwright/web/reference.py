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
:root{color-scheme:light dark;--paper:#f6f6f3;--card:#fff;--sunk:#eceef2;--ink:#1b1e27;--muted:#535a6b;--line:#d7dae2;
--accent:#4a3fa3;--get:#1c3f86;--get-ground:#d9e8fd;--write:#14532d;--write-ground:#d6f1dc;--drop:#8c1515;
--drop-ground:#fcdcda}
@media (prefers-color-scheme:dark){:root{--paper:#14161c;--card:#1c1f27;--sunk:#262a34;--ink:#e7e9ef;--muted:#a7aebd;
--line:#363c49;--accent:#b0a8fa;--get:#a9c8fb;--get-ground:#1d2f52;--write:#9bdcab;--write-ground:#16381f;--drop:#f5aaa6;
--drop-ground:#4a1a19}}
*{box-sizing:border-box}
body{font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0}
main{max-width:66rem;margin:0 auto;padding:2rem 1.25rem 5rem;overflow-wrap:anywhere}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .5rem}
h2{margin:3rem 0 1rem;font-size:1.3rem;border-bottom:1px solid var(--line);padding-bottom:.3rem}
h3{margin:0 0 .4rem;font-size:1rem}
a{color:var(--accent)}a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
p{margin:.5rem 0}.lead{color:var(--muted);margin-bottom:2rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,monospace;font-size:.875em}
pre{background:var(--sunk);padding:.8rem 1rem;overflow:auto;border-radius:.4rem;overflow-wrap:normal}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.6rem 0;font-size:.92rem}
td,th{border-bottom:1px solid var(--line);padding:.35rem .6rem .35rem 0;text-align:left;vertical-align:top}
th{color:var(--muted);font-weight:600}
.route{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem;margin:1rem 0}
.method{display:inline-block;min-width:4.4rem;text-align:center;font:700 .75rem/1.6 ui-monospace,monospace;
border-radius:.3rem;padding:0 .4rem;background:var(--write-ground);color:var(--write)}
.GET{background:var(--get-ground);color:var(--get)}.DELETE{background:var(--drop-ground);color:var(--drop)}
details{margin:.5rem 0}summary{cursor:pointer;color:var(--muted)}
nav{display:grid;grid-template-columns:repeat(auto-fill,minmax(22rem,1fr));gap:1rem}
nav section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.9rem 1rem}
nav h2{font-size:1rem;border:0;margin:0 0 .5rem;padding:0}
nav ul{list-style:none;margin:0;padding:0}nav li{margin:.25rem 0;display:flex;gap:.5rem;align-items:baseline}
nav a{text-decoration:none}nav a:hover{text-decoration:underline}
@media (max-width:30rem){nav{grid-template-columns:1fr}main{padding:1.25rem .9rem 3rem}h1{font-size:1.35rem}
.route{padding:.8rem .9rem}}
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
        '<p class="lead">Every route, with its callers, bodies, answers and refusals. The same in OpenAPI 3.1: '
        '<a href="/openapi.json">openapi.json</a>.</p><nav>'
    ]
    parts += [_index(tag, [route for route in routes if route.tag == tag]) for tag in tags]
    parts.append("</nav>")
    for tag in tags:
        parts.append(f"<h2>{escape(tag)}</h2>")
        parts += [_route_section(route) for route in routes if route.tag == tag]
    parts.append("<h2>Refusals</h2>")
    parts.append(_code_table(CATALOG.values()))
    return _page("Sealwright API", "".join(parts))


def _index(tag: str, routes: Iterable[Route]) -> str:
    lines = "".join(
        f'<li>{_method(route)}<a href="#{route.operation_id}"><code>{escape(route.path)}</code></a></li>'
        for route in routes
    )
    return f"<section><h2>{escape(tag)}</h2><ul>{lines}</ul></section>"


def _method(route: Route) -> str:
    return f'<span class="method {route.method}">{route.method}</span>'


def _route_section(route: Route) -> str:
    parts = [
        f'<section class="route"><h3 id="{route.operation_id}">{_method(route)} <code>{escape(route.path)}</code></h3>',
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
    parts.append(f"<details><summary>Refusals</summary><p>{links}</p></details></section>")
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
    return f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></div>'


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
    head = "<thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead>"
    return f'<div class="scroll"><table>{head}<tbody>{rows}</tbody></table></div>'


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
