"""The register of columns: what each one means for privacy.

``identifier``: stands for somebody or something and stays. ``personal``: emptied when its person is
erased. ``secret``: never leaves the store, in no export and no log. ``plain``: the rest. A column
without a class fails the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class ColumnClass(StrEnum):
    """What a column's values mean for privacy."""

    IDENTIFIER = "identifier"
    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105 - the name of a class, not a secret
    PLAIN = "plain"


_I: Final = ColumnClass.IDENTIFIER
_P: Final = ColumnClass.PERSONAL
_S: Final = ColumnClass.SECRET
_O: Final = ColumnClass.PLAIN


def _classed(
    *, identifier: str = "", personal: str = "", hidden: str = "", plain: str = ""
) -> Mapping[str, ColumnClass]:
    return {
        **dict.fromkeys(identifier.split(), _I),
        **dict.fromkeys(personal.split(), _P),
        **dict.fromkeys(hidden.split(), _S),
        **dict.fromkeys(plain.split(), _O),
    }


COLUMN_CLASSES: Final[Mapping[str, Mapping[str, ColumnClass]]] = {
    "registry": _classed(plain="id epoch"),
    "office_settings": _classed(plain="name value"),
    "halts": _classed(identifier="halt_id issuer_did schema_id", plain="reason since"),
    "people": _classed(
        identifier="user_id holder_did",
        personal="email email_key display_name search_text wallets",
        plain="verified roles is_admin created_at active scopes version",
    ),
    "personal_tokens": _classed(
        identifier="token_id user_id", personal="name", hidden="digest", plain="created_at expires_at revoked_at"
    ),
    "api_keys": _classed(
        identifier="api_key_id owner_user_id issuer_dids schemas",
        hidden="digest",
        plain="name prefix issue_per_minute created_at expires_at last_used_at revoked_at",
    ),
    "dids": _classed(
        identifier="did controller operator owner_user_id aliases",
        personal="name",
        plain="method kind state methods services document version created_at updated_at deactivated_at",
    ),
    "did_names": _classed(identifier="name did"),
    "did_public_keys": _classed(identifier="public_key_multibase did"),
    "did_versions": _classed(identifier="did", plain="version document at"),
    "private_keys": _classed(
        identifier="key_id did kek_id",
        hidden="sealed",
        plain="use algorithm public_key backend state created_at not_after",
    ),
    "schemas": _classed(
        identifier="schema_id author allowed_issuers",
        plain="name version type description content context_url context sha256 restricted revocation_required"
        " active created_at credential_type",
    ),
    "status_lists": _classed(
        identifier="list_id issuer_did",
        hidden="permutation_key",
        plain="size_bits capacity used is_open created_at",
    ),
    "status_bits": _classed(identifier="list_id", plain="version updated_at revocation suspension"),
    "reservations": _classed(
        identifier="uid external_id issuer_did list_id list_index key_id idempotency_principal idempotency_key",
        plain="order_digest proof_type reserved_at state idempotency_route idempotency_digest",
    ),
    "type_sets": _classed(identifier="type_set", plain="types"),
    "credentials": _classed(
        identifier="uid external_id issuer_did holder_did holder_digest schema_id type_set verification_method"
        " list_id list_index grant_id batch_id",
        personal="document reason",
        plain="types proof_type revocable suspendable status issued_at expires_at document_sha256 revoked_at"
        " reason_code transaction_hash",
    ),
    "idempotency_keys": _classed(
        identifier="principal key reference",
        personal="answer_body",
        plain="route body_digest finished answer_status answer_headers answer_is_sealed created_at expires_at",
    ),
    "audit_rows": _classed(identifier="actor_id object_id", plain="sequence at action body prev_hash hash"),
    "audit_head": _classed(plain="id sequence hash at"),
    "checkpoints": _classed(identifier="checkpoint_id", plain="sequence head_hash at note"),
    "rate_windows": _classed(identifier="bucket", plain="started_at hits"),
}
