"""What a wallet posts back: presentations of what was asked for, or why there are none; and what we say to it.

Spec: OpenID for Verifiable Presentations 1.0, "Response", "Error Response", "Response Mode direct_post".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from sealwright.protocols.dcql.query import DcqlQuery
from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused
from sealwright.protocols.openid4vp.asking import QUERY_IDS
from sealwright.protocols.presentation_exchange.submission import Submission, read_submission
from sealwright.protocols.queries import LDP_VC, QueryRefused
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import UnreadableJSON

_FIELDS_MOST: Final = 20
_MANY_MOST: Final = 16
_ERROR: Final = re.compile(r"[a-z_]{1,64}")


class AnswerRefused(WalletRefused):
    """An answer that is not one: ``invalid_request`` in OAuth's words."""

    def __init__(self, description: str) -> None:
        super().__init__(OAuthCode.INVALID_REQUEST, description)


@dataclass(frozen=True, slots=True)
class WalletAnswer:
    """A wallet's answer, of which nothing is verified.

    Args:
        state: As it came.
        form: The form of the credential: ``dc+sd-jwt``, ``ldp_vc`` or ``jwt_vc_json``; None with an error.
        presentation: An object for ``ldp_vc``, else text.
        error: Why the wallet shows nothing, as a word of OAuth's; None where it shows something.
    """

    state: str
    form: str | None = None
    presentation: str | Mapping[str, JSONValue] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class WalletReply:
    """What a wallet posted, before anybody looked into it.

    Args:
        vp_token: As it came; None with an error.
        submission: The `presentation_submission`, as it came; None where there is none.
        error: Why the wallet shows nothing, as a word of OAuth's; None where it shows something.
    """

    state: str
    vp_token: str | None = None
    submission: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ShownFor:
    """A presentation, and the id of the query that it was shown for; nothing is verified."""

    query_id: str
    form: str
    presentation: str | Mapping[str, JSONValue]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Presentations with the submission that maps the credentials in them; nothing is verified."""

    vp_token: JSONValue
    submission: Submission


def read_reply(body: bytes) -> WalletReply:
    """Read what a wallet posted, in the encoding of forms; members that we do not know are passed over.

    Raises:
        AnswerRefused: Not such a form, a member twice, no state, or a vp_token that answers no query.
    """
    members = _members(body)
    state = members.get("state", "")
    if not state:
        raise AnswerRefused("The answer carries no state.")
    if "error" in members:
        error = members["error"]
        return WalletReply(state, error=error if _ERROR.fullmatch(error) else "invalid_request")
    if "vp_token" not in members:
        raise AnswerRefused("The answer carries neither vp_token nor error.")
    submission = members.get("presentation_submission")
    if submission is None:
        value = _json(members["vp_token"], "vp_token")
        if not isinstance(value, dict) or not value:
            raise AnswerRefused("The vp_token must be an object with the ids of queries.")
    return WalletReply(state, members["vp_token"], submission)


def read_answer(body: bytes) -> WalletAnswer:
    """Read an answer to the question for one credential.

    Raises:
        AnswerRefused: As `read_reply`, or not exactly one presentation that we asked for.
    """
    reply = read_reply(body)
    if reply.vp_token is None:
        return WalletAnswer(reply.state, error=reply.error)
    form, presentation = read_vp_token(reply.vp_token)
    return WalletAnswer(reply.state, form, presentation)


def read_dcql_token(text: str, query: DcqlQuery) -> tuple[ShownFor, ...]:
    """The presentations in a vp_token that answers a query.

    Raises:
        AnswerRefused: No such object, an id that nobody asked for, more presentations than were asked for, or one of
            another kind than its query.

    Spec: OpenID for Verifiable Presentations 1.0, "Response Parameters".
    """
    value = _json(text, "vp_token")
    if not isinstance(value, dict) or not value:
        raise AnswerRefused("The vp_token must be an object with the ids of queries.")
    found = []
    for name, listed in value.items():
        asked = query.named(name)
        if asked is None:
            raise AnswerRefused("The vp_token answers a query that was not asked.")
        if not isinstance(listed, list) or not 1 <= len(listed) <= (_MANY_MOST if asked.many else 1):
            raise AnswerRefused("The vp_token must hold one presentation for a query, or as many as it allows.")
        found += [ShownFor(name, asked.form, _presentation(one, asked.form)) for one in listed]
    return tuple(found)


def read_exchanged(reply: WalletReply) -> Exchanged:
    """The presentations and the submission that answer a presentation definition.

    Raises:
        AnswerRefused: One of both is missing or malformed.

    Spec: OpenID for Verifiable Presentations, drafts before 1.0, "Response Parameters".
    """
    if reply.submission is None or reply.vp_token is None:
        raise AnswerRefused("The answer carries no presentation_submission.")
    try:
        submission = read_submission(_json(reply.submission, "presentation_submission"))
    except QueryRefused as error:
        raise AnswerRefused(f"The presentation_submission is malformed: {error.detail}") from None
    # One presentation that is a token stands there as it is, without quotes.
    is_json = reply.vp_token.lstrip()[:1] in ("{", "[", '"')
    value: JSONValue = _json(reply.vp_token, "vp_token") if is_json else reply.vp_token
    if isinstance(value, list) and not 1 <= len(value) <= _MANY_MOST:
        raise AnswerRefused("The vp_token must hold presentations, and no more than were asked for.")
    return Exchanged(value, submission)


def _presentation(value: JSONValue, form: str) -> str | Mapping[str, JSONValue]:
    if isinstance(value, dict) and form == LDP_VC:
        return value
    if isinstance(value, str) and form != LDP_VC:
        return value
    raise AnswerRefused("The presentation is not of the kind that its query asks for.")


def _json(text: str, name: str) -> JSONValue:
    try:
        return parse_json(text.encode("utf-8", "surrogatepass"))
    except UnreadableJSON:
        raise AnswerRefused(f"The {name} is not strict JSON.") from None


def read_vp_token(text: str) -> tuple[str, str | Mapping[str, JSONValue]]:
    """The form and the one presentation in a vp_token.

    Raises:
        AnswerRefused: Anything else: extra credentials are refused as well as missing ones.
    """
    value = _json(text, "vp_token")
    if not isinstance(value, dict) or len(value) != 1:
        raise AnswerRefused("The vp_token must answer exactly one of the queries.")
    ((name, shown),) = value.items()
    form = QUERY_IDS.get(name)
    if form is None or not isinstance(shown, list) or len(shown) != 1:
        raise AnswerRefused("The vp_token must hold one presentation for one of the queries.")
    return form, _presentation(shown[0], form)


def _members(body: bytes) -> dict[str, str]:
    try:
        pairs: Sequence[tuple[str, str]] = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MOST, separator="&"
        )
    except (UnicodeDecodeError, ValueError):
        raise AnswerRefused("The answer is not a form.") from None
    members = dict(pairs)
    if len(members) != len(pairs):
        raise AnswerRefused("The answer carries a parameter twice.")
    return members
