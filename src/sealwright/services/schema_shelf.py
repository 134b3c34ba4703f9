"""Registered schemas made ready for work: validators built once, contexts known to the canonicalizer.

Contexts and validators follow from a schema's immutable content, so what is built once stays right.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final

from sealwright.domain.schemas import SchemaRecord
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.schemas.closed import is_closed
from sealwright.vc.schemas.contexts import named_by_context_url
from sealwright.vc.schemas.partial import partial_schema
from sealwright.vc.schemas.reserved import check_claims, normalize_numbers
from sealwright.vc.schemas.validation import ClaimsValidator

SHELF_CAPACITY: Final = 4_096


class SchemaShelf:
    """Validators by schema id, and the place where generated contexts become known."""

    def __init__(self, contexts: ContextStore, public_url: str) -> None:
        self._contexts = contexts
        self._public_url = public_url
        self._lock = threading.Lock()
        self._validators: dict[str, ClaimsValidator] = {}
        self._partial: dict[str, ClaimsValidator] = {}

    def load(self, units: UnitOfWorkFactory) -> None:
        """Make every registered context known: now, and those registered later when a document names them."""
        with units(write=False) as uow:
            records = uow.schemas.all()
        for record in records:
            self.learn(record)

        def look_up(url: str) -> bytes | None:
            name_and_version = named_by_context_url(self._public_url, url)
            if name_and_version is None:
                return None
            with units(write=False) as uow:
                record = uow.schemas.by_name(*name_and_version)
            return record.context if record is not None and record.context_url == url else None

        self._contexts.ask(look_up)

    def learn(self, record: SchemaRecord) -> None:
        """Make one schema's context known."""
        self._contexts.register(record.context_url, record.context)

    def validator(self, record: SchemaRecord) -> ClaimsValidator:
        """The schema's validator, built at first sight."""
        known = self._validators.get(record.schema_id)
        if known is not None:
            return known
        content = parse_json(record.content)
        assert isinstance(content, dict)
        validator = ClaimsValidator(content)
        self.learn(record)
        with self._lock:
            if len(self._validators) >= SHELF_CAPACITY:
                self._validators.clear()
            self._validators[record.schema_id] = validator
        return validator

    def partial_validator(self, record: SchemaRecord) -> ClaimsValidator:
        """The schema's validator for claims of which some may be kept back: it never asks for one to be there."""
        known = self._partial.get(record.schema_id)
        if known is not None:
            return known
        content = parse_json(record.content)
        assert isinstance(content, dict)
        validator = ClaimsValidator(partial_schema(content))
        with self._lock:
            if len(self._partial) >= SHELF_CAPACITY:
                self._partial.clear()
            self._partial[record.schema_id] = validator
        return validator

    def claims_checker(
        self, record: SchemaRecord
    ) -> Callable[[Mapping[str, JSONValue], bool], Mapping[str, JSONValue]]:
        """Give what does the same as `check_claims` for many rows under one schema.

        What it gives takes the claims, and whether the row's bytes are plain (`vc.schemas.closed`): then, under a
        closed schema, one look by the validator says all that the walks over the claims would.
        """
        content = parse_json(record.content)
        assert isinstance(content, dict)
        clears = self.validator(record).clears if is_closed(content) else None

        def check(claims: Mapping[str, JSONValue], is_plain: bool) -> Mapping[str, JSONValue]:
            if is_plain and clears is not None and clears(claims):
                return claims
            return self.check_claims(record, claims)

        return check

    def check_claims(self, record: SchemaRecord, claims: Mapping[str, JSONValue]) -> Mapping[str, JSONValue]:
        """Check claims against reserved names, limits and the schema; gives them in the number form that is signed.

        Raises:
            ReservedKey, ClaimsTooLarge, InvalidCharacter, UnsignableValue, NumberOutOfRange: By form.
            ClaimsDoNotMatchSchema: By the schema, every fault at once.
        """
        check_claims(claims)
        self.validator(record).check(claims)
        normal: Mapping[str, JSONValue] = normalize_numbers(claims)
        return normal
