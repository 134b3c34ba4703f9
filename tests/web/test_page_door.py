"""The page door: who gets in, what a post must prove, what is refused in plain words, and what every page carries."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import brotli
import pytest

from sealwright.domain.people import AccountRole
from sealwright.web.panel.static_urls import compressed_file, static_files, static_url
from tests.web.conftest import NO_LIMITS, Served, serve
from tests.web.page_client import PageVisitor, sign_in, text_of

BROWSER: Final = (("Accept", "text/html,application/xhtml+xml"),)
PARTIAL: Final = (("HX-Request", "true"), ("HX-Request-Type", "partial"))
SAME: Final = (("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "same-origin"))
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture(scope="module")
def issuer(served: Served) -> PageVisitor:
    return sign_in(served, "door-issuer", AccountRole.ISSUER)


@pytest.fixture(scope="module")
def improver(served: Served) -> PageVisitor:
    return sign_in(served, "door-improver", AccountRole.IMPROVER)


@pytest.fixture
def nobody(served: Served) -> PageVisitor:
    return PageVisitor(served)


# -- what every page carries -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/login", "/settings"])
def test_pages_carry_the_promised_headers(issuer: PageVisitor, path: str) -> None:
    headers = issuer.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "HX-Request-Type" in headers["vary"]
    assert "camera=()" in headers["permissions-policy"]


def test_https_pages_ask_for_https_for_good(tmp_path: Path) -> None:
    with serve(tmp_path, **NO_LIMITS, SEALWRIGHT_PUBLIC_URL="https://creds.example.org") as served:
        headers = served.client.call("GET", "/login").headers
    assert headers["strict-transport-security"].startswith("max-age=")


def test_pages_have_no_inline_script_or_style(issuer: PageVisitor) -> None:
    for path in ("/", "/login", "/settings", "/issuer"):
        text = issuer.get(path).body.decode("utf-8")
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "hx-on" not in text
        assert "<script>" not in text


def test_pages_are_compressed_where_the_browser_takes_it(issuer: PageVisitor) -> None:
    plain = issuer.get("/settings")
    small = issuer.get("/settings", headers=[("Accept-Encoding", "br, gzip;q=0.5")])
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert gzip.decompress(small.body).startswith(b"<!doctype html>")
    refused = issuer.get("/settings", headers=[("Accept-Encoding", "gzip;q=0")])
    assert "content-encoding" not in refused.headers


def test_form_token_never_reads_the_same(issuer: PageVisitor) -> None:
    first, second = issuer.form_token(), issuer.form_token()
    assert first != second
    for token in (first, second):
        assert issuer.post("/appearance", {"theme": "dark", "next": "/settings"}, token=token).status == 303


# -- static files ----------------------------------------------------------------------------------


def test_static_files_are_immutable_and_have_an_etag(nobody: PageVisitor) -> None:
    answer = nobody.get(static_url("app.css"))
    assert answer.status == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    again = nobody.get(static_url("app.css"), headers=[("If-None-Match", answer.headers["etag"])])
    assert (again.status, again.body) == (304, b"")


def test_static_files_are_compressed_ahead(nobody: PageVisitor) -> None:
    small = nobody.get(static_url("htmx.min.js"), headers=[("Accept-Encoding", "gzip")])
    assert gzip.decompress(small.body) == static_files()["htmx.min.js"].content
    smaller = nobody.get(static_url("htmx.min.js"), headers=[("Accept-Encoding", "gzip, deflate, br")])
    assert smaller.headers["content-encoding"] == "br"
    assert brotli.decompress(smaller.body) == static_files()["htmx.min.js"].content


def test_remarks_of_our_own_styles_stay_at_home_and_licenses_of_others_do_not() -> None:
    assert b"/*" not in static_files()["app.css"].content
    assert b"Copyright" in static_files()["pico.min.css"].content


def test_unknown_static_file_is_not_found(nobody: PageVisitor) -> None:
    assert nobody.get("/static/app-0000000000000000.css").status == 404


def test_first_load_fits_the_budget(issuer: PageVisitor) -> None:
    """U1: at most 60 kB compressed, 30 of them script and 20 style, in at most 8 requests."""
    page = issuer.get("/settings", headers=[("Accept-Encoding", "gzip")])
    html = gzip.decompress(page.body).decode("utf-8")
    used = {name: one for name, one in static_files().items() if f"/static/{one.name}" in html}
    scripts = sum(len(compressed_file(one, "br")) for name, one in used.items() if name.endswith(".js"))
    styles = sum(len(compressed_file(one, "br")) for name, one in used.items() if name.endswith(".css"))
    total = len(page.body) + sum(len(compressed_file(one, "br")) for one in used.values())
    assert scripts <= 30_000
    assert styles <= 20_000
    assert total <= 60_000
    assert len(used) + 1 <= 8


# -- who gets in -----------------------------------------------------------------------------------


def test_nobody_is_sent_to_sign_in_and_back(nobody: PageVisitor) -> None:
    answer = nobody.get("/issuer?status=pending")
    assert answer.status == 303
    assert answer.headers["location"] == "/login?next=%2Fissuer%3Fstatus%3Dpending"


def test_fragment_for_nobody_sends_the_browser_on(nobody: PageVisitor) -> None:
    answer = nobody.get("/issuer", headers=PARTIAL)
    assert answer.status == 200
    assert answer.headers["hx-redirect"].startswith("/login")


def test_post_by_nobody_is_told_not_redirected(nobody: PageVisitor) -> None:
    answer = nobody.post("/settings", {})
    assert answer.status == 401
    assert "Nothing was saved" in text_of(answer)


def test_missing_role_is_named_and_can_be_asked_for(improver: PageVisitor) -> None:
    answer = improver.get("/issuer")
    assert answer.status == 403
    assert "Issuer" in text_of(answer)
    assert 'href="/settings/access"' in answer.body.decode("utf-8")


def test_admin_passes_the_issuers_door(served: Served) -> None:
    assert sign_in(served, "door-admin", AccountRole.ADMIN).get("/issuer").status == 200


def test_ended_session_opens_nothing(served: Served) -> None:
    visitor = sign_in(served, "door-leaver", AccountRole.IMPROVER)
    assert visitor.get("/settings").status == 200
    caller = served.office.sessions.from_cookie(visitor.cookies["sealwright"], served.office.registry.current())
    assert caller is not None
    served.office.sessions.end(caller)
    assert visitor.get("/settings").status == 303


def test_menu_lists_only_what_the_person_may_use(issuer: PageVisitor, improver: PageVisitor) -> None:
    assert 'href="/issuer"' in issuer.get("/settings").body.decode("utf-8")
    assert 'href="/issuer"' not in improver.get("/settings").body.decode("utf-8")
    assert 'href="/admin' not in improver.get("/settings").body.decode("utf-8")


# -- what a post must prove ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")),
        (("Origin", "null"),),
        (("Sec-Fetch-Site", "same-site"),),
    ],
    ids=["says not from where", "another site", "an opaque origin", "a sister site"],
)
def test_post_from_elsewhere_is_refused(issuer: PageVisitor, headers: tuple[tuple[str, str], ...]) -> None:
    answer = issuer.post("/appearance", {"theme": "dark"}, headers=headers)
    assert answer.status == 403
    assert "did not come from a page of this office" in text_of(answer)


@pytest.mark.parametrize("token", ["", "AAAA", "x" * 172])
def test_post_without_the_sessions_token_is_refused(issuer: PageVisitor, token: str) -> None:
    pairs = {"theme": "dark", "csrf_token": token}
    assert issuer._call("POST", "/appearance", _encoded(pairs), SAME).status == 403


def test_token_of_another_session_is_refused(issuer: PageVisitor, improver: PageVisitor) -> None:
    assert improver.post("/appearance", {"theme": "dark"}, token=issuer.form_token()).status == 403


def test_post_of_nobody_needs_the_same_origin_too(nobody: PageVisitor) -> None:
    assert nobody.post("/appearance", {"theme": "dark"}, headers=()).status == 403
    assert nobody.post("/appearance", {"theme": "dark"}).status == 303


def test_unknown_and_doubled_fields_are_refused(issuer: PageVisitor) -> None:
    assert issuer.post("/appearance", {"theme": "dark", "role": "admin"}).status == 422
    doubled = {"theme": ["dark", "light"], "csrf_token": issuer.form_token()}
    assert issuer._call("POST", "/appearance", _encoded(doubled), SAME).status in {303, 422}


def test_json_is_no_form(served: Served, issuer: PageVisitor) -> None:
    headers = [("Cookie", f"sealwright={issuer.cookies['sealwright']}"), *SAME]
    answer = served.client.call("POST", "/appearance", {"theme": "dark"}, headers=headers)
    assert answer.status == 415


def test_form_of_another_encoding_or_size_is_refused(issuer: PageVisitor) -> None:
    assert issuer._call("POST", "/appearance", b"theme=%ff%fe", SAME).status == 400
    assert issuer._call("POST", "/appearance", b"a=" + b"x" * (1024 * 1024 + 1), SAME).status == 413
    assert issuer._call("POST", "/appearance", b"&".join(b"a%d=1" % n for n in range(2100)), SAME).status == 413


def test_toast_and_redirects_stay_on_this_site(nobody: PageVisitor) -> None:
    for where in ("//evil.example/", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert nobody.post("/appearance", {"theme": "dark", "next": where}).headers["location"] == "/"
    assert nobody.post("/appearance", {"theme": "dark", "next": "/login?a=b"}).headers["location"] == "/login?a=b"


# -- language and theme ----------------------------------------------------------------------------


def test_language_is_the_browsers_until_somebody_chooses(nobody: PageVisitor) -> None:
    spanish = [("Accept-Language", "es-MX,es;q=0.9,en;q=0.5")]
    assert '<html lang="es"' in nobody.get("/login", headers=spanish).body.decode("utf-8")
    nobody.post("/appearance", {"language": "en", "next": "/login"})
    assert '<html lang="en"' in nobody.get("/login", headers=spanish).body.decode("utf-8")


def test_theme_is_written_only_when_chosen(nobody: PageVisitor) -> None:
    assert "data-theme" not in nobody.get("/login").body.decode("utf-8").partition("<head>")[0]
    nobody.post("/appearance", {"theme": "dark"})
    assert 'data-theme="dark"' in nobody.get("/login").body.decode("utf-8")
    nobody.post("/appearance", {"theme": "system"})
    assert "data-theme" not in nobody.get("/login").body.decode("utf-8").partition("<head>")[0]


def test_choice_of_somebody_signed_in_changes_their_record(served: Served) -> None:
    lola = sign_in(served, "lola")
    assert lola.post("/settings", {"display_name": "Lola", "locale": "es", "theme": "light"}).status == 303
    assert lola.post("/appearance", {"language": "en", "theme": "dark", "next": "/settings"}).status == 303
    elsewhere = PageVisitor(served, {"sealwright": lola.cookies["sealwright"]})
    assert '<html lang="en" data-theme="dark"' in elsewhere.get("/settings").body.decode("utf-8")
    assert lola.post("/appearance", {"theme": "system"}).status == 303
    page = elsewhere.get("/settings").body.decode("utf-8")
    assert '<html lang="en"' in page
    assert "data-theme" not in page.partition("<head>")[0]


def test_switch_offers_only_other_languages(nobody: PageVisitor, served: Served) -> None:
    for cookie, others in (("en~~", ["es"]), ("es~~", ["en"]), ("en", ["es"]), ("en-XA~~", ["es"])):
        page = PageVisitor(served, {"sealwright_look": cookie}).get("/login").body.decode("utf-8")
        assert re.findall(r'name="language" value="([^"]+)"', page) == others


# -- refusals --------------------------------------------------------------------------------------


def test_lost_browser_gets_a_page_and_a_program_gets_json(nobody: PageVisitor) -> None:
    page = nobody.get("/no/such/page", headers=BROWSER)
    assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"] == POLICY
    assert nobody.get("/no/such/page").headers["content-type"] == "application/problem+json"


def test_lost_and_signed_in_stands_in_the_own_frame(issuer: PageVisitor, nobody: PageVisitor) -> None:
    page = issuer.get("/no/such/page", headers=BROWSER)
    assert page.status == 404
    assert 'href="/issuer/holders"' in page.body.decode()
    assert "There is nothing here" in text_of(page)
    assert 'class="rail"' not in nobody.get("/no/such/page", headers=BROWSER).body.decode()
    head = issuer.served.client.call("HEAD", "/no/such/page", headers=list(BROWSER))
    assert (head.status, head.body) == (404, b"")


def test_refusal_carries_its_request_id(nobody: PageVisitor) -> None:
    answer = nobody.get("/static/none.css")
    assert answer.headers["x-request-id"] in text_of(answer)


def test_other_methods_are_named(served: Served) -> None:
    answer = served.client.call("DELETE", "/settings")
    assert answer.status == 405
    assert answer.headers["allow"].startswith("GET, HEAD")


def test_head_has_the_headers_and_no_body(nobody: PageVisitor) -> None:
    answer = nobody.served.client.call("HEAD", "/login")
    assert (answer.status, answer.body) == (200, b"")


def test_refused_fragment_is_a_fragment(improver: PageVisitor) -> None:
    answer = improver.get("/issuer", headers=PARTIAL)
    assert answer.status == 403
    assert b"<html" not in answer.body
    assert b'role="alert"' in answer.body


def test_crash_tells_nothing_but_the_id(served: Served, issuer: PageVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(*_: Any, **__: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(served.office.review), "counts", burst)
    answer = issuer.get("/settings")
    assert answer.status == 500
    assert "secret detail" not in text_of(answer)
    assert answer.headers["x-request-id"] in text_of(answer)


# -- before and after setup ------------------------------------------------------------------------


@pytest.fixture
def unset(tmp_path: Path) -> Iterator[PageVisitor]:
    with serve(tmp_path, is_set_up=False, **NO_LIMITS) as served:
        yield PageVisitor(served)


def test_before_setup_pages_tell_how_to_get_the_link(unset: PageVisitor) -> None:
    for path in ("/", "/login", "/issuer"):
        answer = unset.get(path)
        assert answer.status == 503
        assert "sealwright setup-link" in text_of(answer)
    assert unset.get("/setup").status == 200
    assert unset.get(static_url("app.css")).status == 200


def test_after_setup_the_setup_is_gone(nobody: PageVisitor) -> None:
    assert nobody.get("/setup").status == 404


def _encoded(pairs: dict[str, Any]) -> bytes:
    from urllib.parse import urlencode

    return urlencode(pairs, doseq=True).encode("ascii")
