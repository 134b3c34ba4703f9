"""Why a capability token, or the proof that comes with it, is refused: stable codes, and the error that has one."""

from __future__ import annotations

from enum import StrEnum


class TokenCode(StrEnum):
    """Codes of refusals. Where a chain of delegations is at fault, a refusal has the code of its hop instead."""

    MALFORMED = "TOKEN_MALFORMED"
    TOO_LARGE = "TOKEN_TOO_LARGE"
    ALGORITHM = "TOKEN_ALGORITHM_NOT_ACCEPTED"
    SIGNATURE = "TOKEN_SIGNATURE_INVALID"
    EXPIRED = "TOKEN_EXPIRED"
    NOT_YET_VALID = "TOKEN_NOT_YET_VALID"
    TOO_LONG = "TOKEN_LIFE_TOO_LONG"
    AUDIENCE = "TOKEN_AUDIENCE_MISMATCH"
    REPLAYED = "TOKEN_REPLAYED"
    MISSING = "TOKEN_MISSING"
    PROOF_MISSING = "TOKEN_PROOF_MISSING"
    PROOF_INVALID = "TOKEN_PROOF_INVALID"
    PROOF_KEY = "TOKEN_PROOF_KEY_MISMATCH"
    PROOF_REPLAYED = "TOKEN_PROOF_REPLAYED"
    ACT = "TOKEN_ACT_MISMATCH"
    PRINCIPAL = "TOKEN_PRINCIPAL_UNKNOWN"
    BUDGET = "TOKEN_BUDGET_NOT_COUNTED"
    UNAVAILABLE = "TOKEN_NOT_CHECKABLE"


class TokenRefused(Exception):
    """A token or proof that is not taken.

    Args:
        code: A `TokenCode`, or a code of the chain (``DELEGATION_…``).
        detail: A sentence that quotes nothing of what came.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = str(code)
        self.detail = detail
