"""The two data models, and the words in which they differ."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

CREDENTIALS_V1: Final = "https://www.w3.org/2018/credentials/v1"
CREDENTIALS_V2: Final = "https://www.w3.org/ns/credentials/v2"


class DataModel(StrEnum):
    """The Verifiable Credentials Data Model a document is written in; equal to its version text."""

    V1_1 = "1.1"
    V2_0 = "2.0"

    @property
    def base_context(self) -> str:
        """The context that must stand first."""
        return CREDENTIALS_V1 if self is DataModel.V1_1 else CREDENTIALS_V2

    @property
    def from_member(self) -> str:
        """The member that says from when a credential is valid."""
        return "issuanceDate" if self is DataModel.V1_1 else "validFrom"

    @property
    def until_member(self) -> str:
        """The member that says until when a credential is valid."""
        return "expirationDate" if self is DataModel.V1_1 else "validUntil"

    @property
    def schema_type(self) -> str:
        """The `credentialSchema` type that the base context itself defines."""
        return "JsonSchemaValidator2018" if self is DataModel.V1_1 else "JsonSchema"


MODEL_BY_CONTEXT: Final = {model.base_context: model for model in DataModel}
