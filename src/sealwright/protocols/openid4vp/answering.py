"""What a wallet posts back: one presentation of the one credential, or why there is none; and what we say to it.

Spec: OpenID for Verifiable Presentations 1.0, "Response", "Error Response", "Response Mode direct_post".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused
from sealwright.protocols.openid4vp.asking import LDP_VC, QUERY_IDS
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import UnreadableJSON

_FIELDS_MOST: Final = 20
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


def read_answer(body: bytes) -> WalletAnswer:
    """Read what a wallet posted, in the encoding of forms; members that we do not know are passed over.

    Raises:
        AnswerRefused: Not such a form, a member twice, no state, or not exactly one presentation that we asked for.
    """
    members = _members(body)
    state = members.get("state", "")
    if not state:
        raise AnswerRefused("The answer carries no state.")
    if "error" in members:
        error = members["error"]
        return WalletAnswer(state, error=error if _ERROR.fullmatch(error) else "invalid_request")
    if "vp_token" not in members:
        raise AnswerRefused("The answer carries neither vp_token nor error.")
    form, presentation = read_vp_token(members["vp_token"])
    return WalletAnswer(state, form, presentation)


def read_vp_token(text: str) -> tuple[str, str | Mapping[str, JSONValue]]:
    """The form and the one presentation in a vp_token.

    Raises:
        AnswerRefused: Anything else: extra credentials are refused as well as missing ones.
    """
    try:
        value = parse_json(text.encode("utf-8", "surrogatepass"))
    except UnreadableJSON:
        raise AnswerRefused("The vp_token is not strict JSON.") from None
    if not isinstance(value, dict) or len(value) != 1:
        raise AnswerRefused("The vp_token must answer exactly one of the queries.")
    ((name, shown),) = value.items()
    form = QUERY_IDS.get(name)
    if form is None or not isinstance(shown, list) or len(shown) != 1:
        raise AnswerRefused("The vp_token must hold one presentation for one of the queries.")
    presentation = shown[0]
    if isinstance(presentation, dict) and form == LDP_VC:
        return form, presentation
    if isinstance(presentation, str) and form != LDP_VC:
        return form, presentation
    raise AnswerRefused("The presentation is not of the kind that its query asks for.")


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
