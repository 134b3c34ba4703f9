"""OpenID4VCI 1.0: what wallets read, and the endpoints at which they fetch credentials."""

from __future__ import annotations

from typing import Final

from sealwright.domain.formats import CredentialFormat
from sealwright.protocols.openid4vci.errors import OAuthCode, TokenRefused, WalletRefused
from sealwright.protocols.openid4vci.forms import read_form
from sealwright.services.wallet_issuing import Deferred, HandedOver
from sealwright.services.wallet_nonces import DPOP_NONCE, PROOF_NONCE
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.web.api.caching import REVALIDATE
from sealwright.web.api.shapes import oid4vci as shapes
from sealwright.web.call import Call
from sealwright.web.oauth_words import OAuthWords
from sealwright.web.query import QueryShape
from sealwright.web.reply import Reply, json_reply, raw_or_null
from sealwright.web.route import Answered, Audience, Bucket, Handler, Route

_NO_STORE: Final = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))


# -- documents -------------------------------------------------------------------------------------


def issuer_metadata(call: Call) -> Reply:
    """GET /.well-known/openid-credential-issuer."""
    return _document(call.office.wallet.metadata.issuer())


def server_metadata(call: Call) -> Reply:
    """GET /.well-known/oauth-authorization-server."""
    return _document(call.office.wallet.metadata.server())


def sd_jwt_issuer(call: Call) -> Reply:
    """GET /.well-known/jwt-vc-issuer."""
    return _document(call.office.wallet.metadata.sd_jwt_issuer())


def jwks(call: Call) -> Reply:
    """GET /oid4vci/jwks."""
    return _document(call.office.wallet.metadata.jwks())


def type_metadata(call: Call) -> Reply:
    """GET /vct/{name}."""
    return _document(call.office.wallet.metadata.vct(call.params["name"]))


def _document(value: dict[str, JSONValue]) -> Reply:
    return json_reply(value, 200, (REVALIDATE,))


def offer(call: Call) -> Reply:
    """GET /oid4vci/offers/{reference}."""
    found = call.office.wallet.offers.open(call.params["reference"], request_id=call.exchange.request_id)
    return json_reply(found, 200, _NO_STORE)


# -- endpoints -------------------------------------------------------------------------------------


def token(call: Call) -> Reply:
    """POST /oid4vci/token."""
    if call.exchange.header(b"authorization") is not None:
        # Wallets are public clients here: whoever authenticates as another kind is none that is known.
        raise WalletRefused(OAuthCode.INVALID_CLIENT, "Clients do not authenticate here.", status=401)
    answer = call.office.wallet.tokens.exchange(
        read_form(call.raw), call.exchange.header(b"dpop"), request_id=call.exchange.request_id
    )
    return json_reply(answer, 200, _NO_STORE)


def push(call: Call) -> Reply:
    """POST /oid4vci/par."""
    answer = call.office.wallet_sign_in.push(read_form(call.raw), call.exchange.header(b"dpop"))
    return json_reply(answer, 201, _NO_STORE)


def nonce(call: Call) -> Reply:
    """POST /oid4vci/nonce."""
    nonces = call.office.wallet.nonces
    dpop = (b"dpop-nonce", nonces.make(DPOP_NONCE).encode("ascii"))
    return json_reply({"c_nonce": nonces.make(PROOF_NONCE)}, 200, (*_NO_STORE, dpop))


def credential(call: Call) -> Reply:
    """POST /oid4vci/credential."""
    bearer = call.office.wallet.access.authenticate(*_sent(call), path="/oid4vci/credential")
    return _given(call.office.wallet.issuing.credential(bearer, _body(call), request_id=call.exchange.request_id))


def deferred(call: Call) -> Reply:
    """POST /oid4vci/deferred."""
    bearer = call.office.wallet.access.authenticate(*_sent(call), path="/oid4vci/deferred")
    return _given(call.office.wallet.issuing.deferred(bearer, _body(call), request_id=call.exchange.request_id))


def notification(call: Call) -> Reply:
    """POST /oid4vci/notification."""
    bearer = call.office.wallet.access.authenticate(*_sent(call), path="/oid4vci/notification")
    call.office.wallet.issuing.notify(bearer, _body(call), request_id=call.exchange.request_id)
    return Reply(204, media_type=None, headers=_NO_STORE)


def _sent(call: Call) -> tuple[str | None, str | None]:
    """The headers in which a token and its proof come; nowhere else is a token looked for.

    Raises:
        TokenRefused: One stands in the address.
    """
    if b"access_token=" in call.query_text:
        raise TokenRefused("Access tokens are not taken from the address.")
    return call.exchange.header(b"authorization"), call.exchange.header(b"dpop")


def _body(call: Call) -> dict[str, JSONValue]:
    return call.body


def _given(outcome: HandedOver | Deferred) -> Reply:
    if isinstance(outcome, Deferred):
        waiting = {"transaction_id": outcome.transaction_id, "interval": outcome.interval_seconds}
        return json_reply(waiting, 202, _NO_STORE)
    credentials = [{"credential": _spelled(outcome.form, record.document)} for record in outcome.records]
    body: dict[str, object] = {"credentials": credentials}
    if outcome.notification_id is not None:
        body["notification_id"] = outcome.notification_id
    return json_reply(body, 200, _NO_STORE)


def _spelled(form: CredentialFormat, document: bytes | None) -> object:
    """A credential as its form travels: compact text, or the very bytes that were signed."""
    if form.is_text and document is not None:
        return document.decode("ascii")
    return raw_or_null(document)


# -- routes ----------------------------------------------------------------------------------------

_TAG: Final = "Wallets (OpenID4VCI)"
_REQUEST: Final = OAuthWords(OAuthCode.INVALID_REQUEST)
_CREDENTIAL: Final = OAuthWords(OAuthCode.INVALID_CREDENTIAL_REQUEST, OAuthCode.INVALID_ENCRYPTION_PARAMETERS)
_NOTIFICATION: Final = OAuthWords(OAuthCode.INVALID_NOTIFICATION_REQUEST)
# Wallets may send what we do not know, here as in bodies.
_QUERY: Final = QueryShape(lenient=True)
_DPOP: Final = {"DPoP": "A DPoP proof (RFC 9449): binds the token to its key."}
_BEARER: Final = {
    "Authorization": "`Bearer` or `DPoP` with the access token; no other place is looked at.",
    "DPoP": "The proof for a bound token.",
}
_WAITING: Final = Answered(202, "A decision is awaited; come again.", shapes.DEFERRED, shapes.DEFERRED_EXAMPLE)
_HANDED: Final = Answered(200, "The credentials, one for each key.", shapes.CREDENTIALS, shapes.CREDENTIALS_EXAMPLE)


def _read(path: str, summary: str, handler: Handler, answered: Answered, *, is_offer: bool = False) -> Route:
    statuses = (400, 404, 410) if is_offer else (400, 404)
    return Route(
        "GET",
        path,
        Audience.DOCUMENT,
        "P",
        summary,
        handler,
        (answered,),
        _TAG,
        bucket=Bucket.PUBLIC if is_offer else Bucket.NONE,
        is_public_read=True,
        query=_QUERY,
        described_errors=dict.fromkeys(statuses, shapes.ERROR),
        words=_REQUEST,
    )


def _endpoint(
    path: str, summary: str, handler: Handler, *answered: Answered, words: OAuthWords, **members: object
) -> Route:
    options: dict[str, object] = {
        "bucket": Bucket.PUBLIC,
        "query": _QUERY,
        "is_public_read": True,
        "described_errors": dict.fromkeys((400, 401, 503), shapes.ERROR),
        "words": words,
        **members,
    }
    return Route("POST", path, Audience.DOCUMENT, "P", summary, handler, answered, _TAG, **options)  # type: ignore[arg-type]


ROUTES: Final = (
    _read(
        "/.well-known/openid-credential-issuer",
        "Metadata of the credential issuer",
        issuer_metadata,
        Answered(200, "The metadata.", {"type": "object"}, shapes.ISSUER_EXAMPLE),
    ),
    _read(
        "/.well-known/oauth-authorization-server",
        "Metadata of the authorization server, which is the issuer itself",
        server_metadata,
        Answered(200, "The metadata.", {"type": "object"}, shapes.SERVER_EXAMPLE),
    ),
    _read(
        "/.well-known/jwt-vc-issuer",
        "Metadata of the issuer of SD-JWT VCs",
        sd_jwt_issuer,
        Answered(200, "The metadata.", {"type": "object"}, shapes.SD_JWT_ISSUER_EXAMPLE),
    ),
    _read(
        "/oid4vci/jwks",
        "The public keys of everybody who issues here",
        jwks,
        Answered(200, "A JWK set.", {"type": "object"}, shapes.JWKS_EXAMPLE),
    ),
    _read(
        "/vct/{name}",
        "Metadata of an SD-JWT VC type",
        type_metadata,
        Answered(200, "The metadata.", {"type": "object"}, shapes.TYPE_EXAMPLE),
    ),
    _read(
        "/oid4vci/offers/{reference}",
        "Read a credential offer; the first look is noted",
        offer,
        Answered(200, "The offer.", {"type": "object"}, shapes.OFFER_EXAMPLE),
        is_offer=True,
    ),
    _endpoint(
        "/oid4vci/par",
        "Push an authorization request",
        push,
        Answered(201, "Where the browser takes it from.", shapes.PUSHED, shapes.PUSHED_EXAMPLE),
        words=_REQUEST,
        is_form=True,
        form_example=shapes.PUSH_EXAMPLE,
        request_headers=_DPOP,
    ),
    _endpoint(
        "/oid4vci/token",
        "Exchange a code for an access token",
        token,
        Answered(200, "The token.", shapes.TOKEN, shapes.TOKEN_EXAMPLE),
        words=_REQUEST,
        is_form=True,
        form_example=shapes.TOKEN_REQUEST_EXAMPLE,
        request_headers=_DPOP,
    ),
    _endpoint(
        "/oid4vci/nonce",
        "Get a nonce for key proofs",
        nonce,
        Answered(200, "The nonce.", shapes.NONCE, shapes.NONCE_EXAMPLE, headers=("DPoP-Nonce",)),
        words=_REQUEST,
        takes_any_body=True,
    ),
    _endpoint(
        "/oid4vci/credential",
        "Fetch credentials",
        credential,
        _HANDED,
        _WAITING,
        words=_CREDENTIAL,
        body=shapes.CREDENTIAL_REQUEST,
        request_headers=_BEARER,
    ),
    _endpoint(
        "/oid4vci/deferred",
        "Fetch credentials that were awaited",
        deferred,
        _HANDED,
        _WAITING,
        words=_CREDENTIAL,
        body=shapes.DEFERRED_REQUEST,
        request_headers=_BEARER,
    ),
    _endpoint(
        "/oid4vci/notification",
        "Tell what became of credentials in the wallet",
        notification,
        Answered(204, "Noted."),
        words=_NOTIFICATION,
        body=shapes.NOTIFICATION,
        request_headers=_BEARER,
    ),
)
