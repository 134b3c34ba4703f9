"""What strangers read: resolved DIDs, did:web documents and status lists. No cookies, no sign-in, the same for all."""

from __future__ import annotations

from typing import Final

from sealwright.domain.dids import DIDRecord
from sealwright.domain.errors import DIDRecordNotFound
from sealwright.services.did_resolution import ResolutionOptions
from sealwright.vc.dids.methods import did_web_from_url
from sealwright.web.api.caching import REVALIDATE, tagged
from sealwright.web.api.shapes import answers, examples
from sealwright.web.call import Call
from sealwright.web.query import Parameter, QueryShape
from sealwright.web.refusals import TransportRefused
from sealwright.web.reply import Reply, encode
from sealwright.web.route import Answered, Audience, Bucket, Handler, Route

_RESULT: Final = b'application/ld+json;profile="https://w3id.org/did-resolution"'
_DOCUMENTS: Final = ("application/did+json", "application/did+ld+json")
_RESULTS: Final = ("*/*", "application/*", "application/json", "application/ld+json", "application/did-resolution")


def resolve(call: Call) -> Reply:
    """GET /1.0/identifiers/{did}."""
    media_type = _negotiated(call.exchange.header(b"accept"))
    query = call.query
    options = ResolutionOptions(
        version_id=query.get("versionId"),
        public_key_format=query.get("publicKeyFormat"),
        enable_experimental=query.get("enableExperimentalPublicKeyTypes", "true") != "false",
    )
    result = call.office.resolution.resolve(call.params["did"], options)
    if media_type != _RESULT and result.status == 200:
        return Reply(200, encode(result.document), media_type, (REVALIDATE,))
    return Reply(result.status, encode(result.body()), _RESULT, (REVALIDATE,) if result.status == 200 else ())


def _negotiated(accept: str | None) -> bytes:
    """Choose between the resolution result and the bare document.

    Raises:
        TransportRefused: NOT_ACCEPTABLE.
    """
    if accept is None:
        return _RESULT
    ranges = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    for wanted in ranges:
        if wanted in _DOCUMENTS:
            return wanted.encode("ascii")
        if wanted in _RESULTS:
            return _RESULT
    raise TransportRefused("NOT_ACCEPTABLE", "DIDs are shown as resolution results or as DID documents in JSON.")


def root_did_document(call: Call) -> Reply:
    """GET /.well-known/did.json."""
    return _did_web(call, call.office.public_url)


def named_did_document(call: Call) -> Reply:
    """GET /dids/{name}/did.json."""
    name = call.params["name"]
    if not all(letter.isascii() and (letter.isalnum() or letter in "._-") for letter in name):
        raise DIDRecordNotFound("No such DID is kept here.")
    return _did_web(call, f"{call.office.public_url}/dids/{name}")


def _did_web(call: Call, url: str) -> Reply:
    record: DIDRecord = call.office.dids.get(did_web_from_url(url))
    if not record.is_active:
        # The method deactivates by taking the document away.
        raise DIDRecordNotFound("No such DID is kept here.")
    return tagged(call, Reply(200, record.document, b"application/did+ld+json", (REVALIDATE,)), f'"{record.version}"')


def status_list(call: Call) -> Reply:
    """GET /status/{listId}/{purpose}; `purpose` is a form of the older standard, or ``token``."""
    return _status_list(call, call.params["purpose"])


def bitstring_status_list(call: Call) -> Reply:
    """GET /status/{listId}/bitstring/{purpose}."""
    return _status_list(call, f"bitstring/{call.params['purpose']}")


def _status_list(call: Call, form: str) -> Reply:
    published = call.office.status.document(call.params["listId"], form)
    caching = (b"cache-control", b"public, max-age=%d" % published.max_age_seconds)
    media_type = published.media_type.encode("ascii")
    return tagged(call, Reply(200, published.body, media_type, (caching,)), published.etag)


_RESOLUTION_QUERY: Final = QueryShape(
    (
        Parameter("versionId", {"type": "string"}, "An earlier version: a positive integer."),
        Parameter("publicKeyFormat", {"type": "string"}, "For did:key: the verification method type."),
        Parameter("enableExperimentalPublicKeyTypes", {"type": "string"}, "For did:key: `true` or `false`."),
    ),
    lenient=True,
)
_RESOLUTION_ERRORS: Final = dict.fromkeys((400, 404, 410, 501), answers.RESOLUTION)


def _resolution(path: str) -> Route:
    return Route(
        "GET",
        path,
        Audience.DOCUMENT,
        "P",
        "Resolve a DID, or dereference a DID URL",
        resolve,
        (
            Answered(
                200,
                "The resolution result; the bare document for `application/did+json` or `application/did+ld+json`.",
                answers.RESOLUTION,
                examples.RESOLUTION,
                'application/ld+json;profile="https://w3id.org/did-resolution"',
            ),
        ),
        "Public documents",
        bucket=Bucket.PUBLIC,
        query=_RESOLUTION_QUERY,
        codes=("NOT_ACCEPTABLE",),
        is_public_read=True,
        described_errors=_RESOLUTION_ERRORS,
    )


def _document(path: str, summary: str, handler: Handler, *answered: Answered, codes: tuple[str, ...]) -> Route:
    return Route(
        "GET",
        path,
        Audience.DOCUMENT,
        "P",
        summary,
        handler,
        answered,
        "Public documents",
        bucket=Bucket.NONE,
        codes=codes,
        is_public_read=True,
    )


ROUTES: Final = (
    _resolution("/1.0/identifiers/{did}"),
    _resolution("/api/v1/dids/resolve/{did}"),
    _document(
        "/.well-known/did.json",
        "The did:web document of this office",
        root_did_document,
        Answered(200, "The DID document.", {"type": "object"}, examples.DID_DOCUMENT, "application/did+ld+json"),
        codes=("DID_NOT_FOUND",),
    ),
    _document(
        "/dids/{name}/did.json",
        "A did:web document",
        named_did_document,
        Answered(200, "The DID document.", {"type": "object"}, examples.DID_DOCUMENT, "application/did+ld+json"),
        codes=("DID_NOT_FOUND",),
    ),
    _document(
        "/status/{listId}/{purpose}",
        "A signed status list: `revocation`, `suspension` (StatusList2021) or `token` (Token Status List)",
        status_list,
        Answered(
            200, "The list.", {"type": "object"}, examples.STATUS_LIST, "application/vc+ld+json", headers=("ETag",)
        ),
        Answered(200, "The list as a signed token.", {"type": "string"}, None, "application/statuslist+jwt"),
        codes=("STATUS_LIST_NOT_FOUND", "SEALED"),
    ),
    _document(
        "/status/{listId}/bitstring/{purpose}",
        "A signed BitstringStatusListCredential: `revocation` or `suspension`",
        bitstring_status_list,
        Answered(200, "The list.", {"type": "object"}, examples.STATUS_LIST, "application/vc", headers=("ETag",)),
        codes=("STATUS_LIST_NOT_FOUND", "SEALED"),
    ),
)
