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


DESK_CLASSES: Final[Mapping[str, Mapping[str, ColumnClass]]] = {
    "credential_types": _classed(
        identifier="value schema_id issuer_did badge_attachment_id",
        plain="label label_key created_at updated_at visibility labels description criteria checklist questions"
        " validity_days renewal_reminder_days target_hours revocation_policy proof_type suspendable two_person"
        " approval_note_required active version",
    ),
    "requests": _classed(
        identifier="request_id request_no user_id person_no credential_type resolved_by assignee_user_id endorsed_by"
        " grant_id",
        personal="name_key message note evidence claims answers requester_note",
        plain="state marks phase requested_at sorted_at resolved_at version created_at updated_at earlier_rejections",
    ),
    "request_history": _classed(
        identifier="request_id actor",
        personal="note message",
        plain="position at cause from_state to_state checklist",
    ),
    "request_counters": _classed(identifier="credential_type", plain="measure state marks period requests"),
    "request_moves": _classed(identifier="request_no", plain="move_no"),
    "request_clock": _classed(plain="id moves"),
    "grants": _classed(
        identifier="grant_id user_id credential_type issued_by revoked_by request_id supersedes credential_id"
        " issuer_did holder_did",
        personal="reason note claims",
        plain="issued_at status issuance issuance_error expires_at revoked_at sign_after due_at version",
    ),
    "role_requests": _classed(
        identifier="user_id decided_by",
        personal="note decision_note",
        plain="role state created_at updated_at version decided_at",
    ),
    "issuer_profiles": _classed(
        identifier="user_id issuer_did decided_by",
        personal="organization email nickname justification note search_text",
        plain="state created_at updated_at allowed_credentials wanted_credentials version",
    ),
    "sessions": _classed(
        identifier="session_id user_id",
        personal="label",
        hidden="digest",
        plain="method created_at last_seen_at authenticated_at roles ended_at",
    ),
    "passwords": _classed(identifier="user_id", hidden="encoded", plain="changed_at"),
    "passkeys": _classed(
        identifier="passkey_id user_id credential_id",
        personal="name",
        plain="public_key sign_count created_at transports last_used_at",
    ),
    "recovery_codes": _classed(identifier="user_id", hidden="digest", plain="made_at"),
    "one_time_links": _classed(
        identifier="link_id user_id",
        personal="email",
        hidden="digest",
        plain="purpose created_at expires_at used_at",
    ),
    "challenges": _classed(identifier="user_id", hidden="digest payload", plain="purpose created_at expires_at"),
    "sign_in_failures": _classed(identifier="bucket", plain="at failures"),
    "notices": _classed(
        identifier="notice_id user_id request_id grant_id",
        personal="data",
        plain="kind created_at read_at mail_due_at mailed",
    ),
    "notice_modes": _classed(identifier="user_id", plain="kind mode"),
    "mails": _classed(
        identifier="mail_id user_id",
        personal="to subject text html",
        plain="kind locale created_at sent_at attempts next_try_at",
    ),
    "attachments": _classed(
        identifier="attachment_id user_id sha256", personal="name content", plain="media_type created_at"
    ),
    "saved_views": _classed(identifier="view_id user_id", personal="name query", plain="pinned is_default"),
    "report_wishes": _classed(identifier="user_id", plain="every credential_types sent_until asked_at"),
}

WORKFLOW_CLASSES: Final[Mapping[str, Mapping[str, ColumnClass]]] = {
    "workflow_series": _classed(
        identifier="series_id proposer_id",
        plain="plan recurrence anchor_at until time_zone state latest_no created_at version",
    ),
    "workflows": _classed(
        identifier="workflow_id series_id proposer_id",
        plain="instance_no title title_key description status recurrence time_zone start_at next_start_at opens_at"
        " listed_at closed_at failed_reason combination created_at updated_at version",
    ),
    "requirement_sets": _classed(identifier="set_id", plain="needs"),
    "feed_combinations": _classed(identifier="combination", plain="set_ids instances"),
    "feed_entries": _classed(identifier="set_id workflow_id", plain="listed_at"),
    "workflow_roles": _classed(identifier="role_id workflow_id set_id held_by", plain="position client_id title needs"),
    "workflow_steps": _classed(
        identifier="step_id workflow_id role_id assigned_to open_for claim_id",
        personal="submission",
        plain="step_order title description bounty allow_step_not_possible work_items status started_at completed_at",
    ),
    "step_claims": _classed(
        identifier="claim_id workflow_id role_id user_id satisfied_by",
        personal="reason",
        plain="claimed_at override by_series ended_at end_cause",
    ),
    "series_claims": _classed(identifier="series_id user_id", plain="step_order claimed_at"),
    "absence_periods": _classed(identifier="absence_id user_id series_id", plain="step_order absent_from absent_until"),
    "proposals": _classed(
        identifier="proposal_id workflow_id series_id target author_id forced_by",
        personal="reason forced_reason",
        plain="kind target_type edit status created_at expires_at quorum_reached_at finalize_at finalized_at outcome"
        " approve_votes deny_votes total_voters due_at version",
    ),
    "proposal_votes": _classed(identifier="proposal_id voter_id", personal="comment", plain="decision cast_at"),
    "payouts": _classed(
        identifier="payout_id workflow_id step_id payee_user_id reference",
        personal="reason",
        plain="amount status created_at requested_at settled_at version",
    ),
    "workflow_drafts": _classed(identifier="draft_id user_id", personal="title body", plain="updated_at"),
}

DELIVERY_CLASSES: Final[Mapping[str, Mapping[str, ColumnClass]]] = {
    "offers": _classed(
        identifier="offer_id created_by credential_id grant_id request_id schema_id issuer_did holder_did"
        " holder_user_id origin thread_id redeemer delivered_id",
        personal="email",
        hidden="secret_digest code_digest",
        plain="channel state binding created_at expires_at credential_type tx_code_required attempts_left opened_at"
        " accepted_at ended_at version",
    ),
    "spent_once": _classed(identifier="digest", plain="kind expires_at"),
    "wallet_authorizations": _classed(
        identifier="authorization_id user_id issuer_state jkt",
        personal="state",
        hidden="request_digest code_digest",
        plain="client_id redirect_uri code_challenge configuration_ids created_at expires_at used_at by_scope",
    ),
    "wallet_tokens": _classed(
        identifier="token_id offer_id user_id jkt authorization_id",
        hidden="digest",
        plain="configuration_ids created_at expires_at identifiers client_id",
    ),
    "wallet_transactions": _classed(
        identifier="transaction_id token_id request_id holders",
        hidden="digest",
        plain="configuration_id created_at state ended_at",
    ),
    "wallet_notifications": _classed(
        identifier="token_id credential_ids", hidden="digest", plain="created_at event told_at"
    ),
    "parcels": _classed(
        identifier="parcel_id subject reference",
        plain="kind label created_at due_at give_up_at attempts state last_status last_error finished_at",
    ),
    "webhooks": _classed(
        identifier="webhook_id owner_id",
        hidden="secrets",
        plain="owner_kind url events description status position created_at rotated_at failing_since paused_by_itself"
        " version",
    ),
    "didcomm_threads": _classed(
        identifier="thread_id own_did their_did their_digest offer_id credential_id",
        plain="state created_at updated_at version",
    ),
    "didcomm_messages": _classed(
        identifier="message_id thread_id", hidden="sealed", plain="position type direction at"
    ),
    "shares": _classed(
        identifier="uid", personal="shown", hidden="digest", plain="created_at updated_at generation is_on is_listed"
    ),
    "disclosure_links": _classed(
        identifier="disclosure_id uid user_id",
        personal="document",
        hidden="digest",
        plain="is_text shown created_at expires_at opened opened_at",
    ),
    "presentations": _classed(
        identifier="presentation_id owner",
        personal="report",
        hidden="digest reader_digest",
        plain="credential_type claims created_at expires_at state answered_at query",
    ),
}

BULK_CLASSES: Final[Mapping[str, Mapping[str, ColumnClass]]] = {
    "batches": _classed(
        identifier="batch_id issuer_did schema_id credential_type starter_id",
        plain="kind status name options starter_kind starter_auth total created_at at started_at finished_at paused_by"
        " merkle_root transaction_hash version rows_kept",
    ),
    "batch_chunks": _classed(
        identifier="batch_id number method_id",
        plain="first_row row_count state fence lease_until issued failed delivered root finished_at run faults",
    ),
    "batch_rows": _classed(identifier="batch_id number", personal="holders content"),
    "anchors": _classed(
        identifier="anchor_id subject entry_index sender",
        plain="kind merkle_root leaves at transaction_hash backend anchored_at chain_id chain_hash block block_hash"
        " nonce raw",
    ),
    "log_head": _classed(plain="id size root"),
    "log_entries": _classed(identifier="entry_index", plain="data"),
    "log_tiles": _classed(identifier="level number", plain="hashes"),
    "log_checkpoints": _classed(identifier="size", plain="note at"),
    "batch_drafts": _classed(identifier="batch_id", personal="file_name", plain="reading lease_until updated_at state"),
    "batch_files": _classed(identifier="batch_id", personal="content", plain="part"),
}

DELEGATION_CLASSES: Final[Mapping[str, Mapping[str, ColumnClass]]] = {
    "delegations": _classed(
        identifier="delegation_id uid lineage parent_id delegator_did delegate_did made_by supersedes",
        plain="scope constraints max_depth created_at expires_at calls spent_high spent_low last_used_at ended",
    ),
    "delegation_index": _classed(identifier="term uid"),
    "delegation_uses": _classed(identifier="delegation_id call_id", plain="at no micros spent_high spent_low"),
    "delegation_calls": _classed(
        identifier="call_id agent_did delegation_id asked_by approval_id",
        personal="context detail",
        plain="at action allowed code recorded via",
    ),
    "approvals": _classed(
        identifier="approval_id delegation_id agent_did delegator_did decided_by",
        personal="context note reason",
        plain="action state created_at expires_at decided_at",
    ),
    "agent_profiles": _classed(identifier="did", personal="description", plain="model capabilities version updated_at"),
}

COLUMN_CLASSES: Final[Mapping[str, Mapping[str, ColumnClass]]] = {
    "registry": _classed(plain="id epoch"),
    "office_settings": _classed(plain="name value"),
    "halts": _classed(identifier="halt_id issuer_did schema_id", plain="reason since"),
    "people": _classed(
        identifier="user_id holder_did dids person_no",
        personal="email email_key display_name search_text wallets wallet_details first_name last_name locale"
        " time_zone other_emails name_key",
        plain="verified roles is_admin created_at active scopes version theme shortcuts erased indexed_version",
    ),
    "person_keys": _classed(identifier="kind user_id", personal="key"),
    "person_roles": _classed(identifier="user_id person_no", plain="role"),
    "search_pages": _classed(identifier="page_no tag", personal="texts"),
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
        " list_id list_index grant_id batch_id copy_of",
        personal="document reason",
        plain="types proof_type revocable suspendable status issued_at expires_at document_sha256 revoked_at"
        " reason_code transaction_hash suspended_alone",
    ),
    "idempotency_keys": _classed(
        identifier="principal key reference",
        personal="answer_body",
        plain="route body_digest finished answer_status answer_headers answer_is_sealed created_at expires_at",
    ),
    "audit_rows": _classed(identifier="actor_id object_id", plain="sequence at action body prev_hash hash"),
    "audit_head": _classed(plain="id sequence hash at"),
    "checkpoints": _classed(identifier="checkpoint_id", plain="sequence head_hash at note"),
    **DESK_CLASSES,
    **WORKFLOW_CLASSES,
    **DELIVERY_CLASSES,
    **BULK_CLASSES,
    **DELEGATION_CLASSES,
    "rate_windows": _classed(identifier="bucket", plain="started_at hits"),
}
