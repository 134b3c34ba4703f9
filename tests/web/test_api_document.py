"""The API document says what the server does: same routes, same shapes, examples in order."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from openapi_spec_validator import validate

from sealwright.web.app import litestar_app
from sealwright.web.openapi import codes_of, document
from sealwright.web.problems import CATALOG
from sealwright.web.route import Answered, Route
from sealwright.web.routes import ROUTES
from sealwright.web.shape import compile_schema
from tests.web.conftest import Served, degree


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return document("https://office.example")


def test_document_is_valid_openapi(spec: dict[str, Any]) -> None:
    validate(spec)


def test_document_lists_exactly_the_served_routes(served: Served, spec: dict[str, Any]) -> None:
    with ThreadPoolExecutor(1) as executor:
        app = litestar_app(served.office, executor, ROUTES)
    served_paths = {re.sub(r":str\}", "}", route.path) for route in app.routes}
    assert served_paths == set(spec["paths"])
    for path, operations in spec["paths"].items():
        concrete = re.sub(r"\{\w+\}", "nothing", path)
        allowed = set(served.client.call("BREW", concrete).headers["allow"].split(", "))
        assert allowed - {"HEAD", "OPTIONS"} == {method.upper() for method in operations}


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_route_says_what_it_refuses(route: Route) -> None:
    codes = codes_of(route)
    assert set(codes) <= set(CATALOG)
    assert len(set(codes)) == len(codes)
    assert route.summary
    assert not route.summary.endswith(".")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.body is not None], ids=name)
def test_body_example_is_accepted_by_its_shape(route: Route) -> None:
    assert route.body is not None
    assert route.body.read(json.dumps(route.body.example).encode()) == route.body.example


EXAMPLES = [
    pytest.param(answered, id=f"{name(route)} {answered.status}")
    for route in ROUTES
    for answered in route.answers
    if answered.example is not None
]


@pytest.mark.parametrize("answered", EXAMPLES)
def test_answer_example_fits_its_schema(answered: Answered) -> None:
    assert answered.schema is not None
    errors = [error.message for error in compile_schema(answered.schema).iter_errors(answered.example)]
    assert errors == []


def fits(route: str, status: int, body: object) -> None:
    method, path = route.split()
    found = next(one for one in ROUTES if (one.method, one.path) == (method, path))
    answered = next(one for one in found.answers if one.status == status)
    assert answered.schema is not None
    errors = [f"{error.instance_path}: {error.message}" for error in compile_schema(answered.schema).iter_errors(body)]
    assert errors == []
    # Nothing is answered that the document does not name.
    if "properties" in answered.schema:
        assert set(body) <= set(answered.schema["properties"])  # type: ignore[call-overload]


def test_real_answers_fit_the_document(served: Served) -> None:
    call = served.client.call
    issued = served.issue(suspendable=True)
    credential_id = issued["credentialId"]
    fits("POST /api/v1/credentials/issue", 201, issued)
    preview = call("POST", "/api/v1/credentials/issue", {**degree(), "dryRun": True}, token=served.key).json()
    fits("POST /api/v1/credentials/issue", 200, preview)
    one = f"/api/v1/credentials/{credential_id}"
    fits("GET /api/v1/credentials/{id}", 200, call("GET", one, token=served.key).json())
    fits("GET /api/v1/credentials", 200, call("GET", "/api/v1/credentials", token=served.key).json())
    fits("GET /api/v1/credentials/{id}/status", 200, call("GET", f"{one}/status").json())
    report = call("POST", "/api/v1/credentials/verify", {"credential": issued["credential"]}).json()
    fits("POST /api/v1/credentials/verify", 200, report)
    vc_report = call("POST", "/credentials/verify", {"verifiableCredential": issued["credential"]}).json()
    fits("POST /credentials/verify", 200, vc_report)
    presented = call("POST", "/api/v1/presentations/verify", {"presentation": {}}).json()
    fits("POST /api/v1/presentations/verify", 200, presented)
    rows = {"credentialIds": [credential_id, "x"], "reason": "r"}
    batch = call("POST", "/api/v1/credentials/batch-revoke", rows, token=served.key).json()
    fits("POST /api/v1/credentials/batch-revoke", 200, batch)
    schema_id = degree()["schemaId"]
    fits("GET /api/v1/schemas", 200, call("GET", "/api/v1/schemas").json())
    fits("GET /api/v1/schemas/{schemaId}", 200, call("GET", f"/api/v1/schemas/{schema_id}").json())
    validation = call("POST", f"/api/v1/schemas/{schema_id}/validate", {"claims": {}}).json()
    fits("POST /api/v1/schemas/{schemaId}/validate", 200, validation)
    did = "/api/v1/dids/did:adi:issuer001"
    fits("GET /api/v1/dids/{did}", 200, call("GET", did).json())
    fits("GET /api/v1/dids/{did}/history", 200, call("GET", f"{did}/history").json())
    fits("GET /api/v1/dids", 200, call("GET", "/api/v1/dids", token=served.admin).json())
    fits("GET /1.0/identifiers/{did}", 200, call("GET", "/1.0/identifiers/did:adi:issuer001").json())
    fits("GET /api/v1/api-keys", 200, call("GET", "/api/v1/api-keys", token=served.admin).json())
    fits("GET /api/v1/events", 200, call("GET", "/api/v1/events", token=served.admin).json())
    fits("GET /api/v1/audit", 200, call("GET", "/api/v1/audit", token=served.admin).json())
    fits("POST /api/v1/audit/verify", 200, call("POST", "/api/v1/audit/verify", token=served.admin).json())
    fits("GET /admin/status", 200, call("GET", "/admin/status", token=served.admin).json())


def test_document_is_served_and_needs_nothing_from_outside(served: Served) -> None:
    answer = served.client.call("GET", "/openapi.json")
    assert answer.status == 200
    assert answer.json()["openapi"] == "3.1.0"
    assert answer.json()["servers"] == [{"url": "http://127.0.0.1:8000"}]
    page = served.client.call("GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    text = page.body.decode()
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", text)
    assert "<script" not in text
    for route in ROUTES:
        assert route.path.replace("'", "&#x27;") in text


@pytest.mark.parametrize("code", sorted(CATALOG))
def test_every_code_has_its_page(served: Served, code: str) -> None:
    page = served.client.call("GET", f"/problems/{code}")
    assert page.status == 200
    assert code in page.body.decode()


def test_unknown_code_has_no_page(served: Served) -> None:
    assert served.client.call("GET", "/problems/NO_SUCH").code == "NOT_FOUND"
