"""Role requests and issuer profiles, as rows."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.enrollment import IssuerProfile, IssuerState, RoleRequest, RoleState
from sealwright.domain.errors import VersionConflict
from sealwright.domain.folding import fold
from sealwright.domain.people import AccountRole
from sealwright.services.desk_ports import NumberedPage
from sealwright.storage.desk_tables import issuer_profiles as profiles
from sealwright.storage.desk_tables import role_requests as asked
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.json_columns import json_text, read_texts
from sealwright.storage.number_sets import numbers_condition
from sealwright.storage.people_search import PeopleSearch
from sealwright.storage.tables import people
from sealwright.storage.transaction import Transaction

_ROLE_REQUEST: Final = sa.select(*asked.columns)
_ONE_ROLE: Final = _ROLE_REQUEST.where(asked.c.user_id == sa.bindparam("user_id"), asked.c.role == sa.bindparam("role"))
_ROLES_OF: Final = _ROLE_REQUEST.where(asked.c.user_id == sa.bindparam("user_id")).order_by(asked.c.role)
_PROFILE: Final = sa.select(*profiles.columns)
_ONE_PROFILE: Final = _PROFILE.where(profiles.c.user_id == sa.bindparam("user_id"))
_CHANGED: Final = "This record was changed in the meantime."


class StoredEnrollment:
    """Role requests and issuer profiles in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def role_request(self, user_id: str, role: AccountRole) -> RoleRequest | None:
        """Find where a person stands with a role."""
        row = self._transaction.row(_ONE_ROLE, {"user_id": user_id, "role": role.value})
        return None if row is None else _role_request(row)

    def put_role_request(self, request: RoleRequest) -> None:
        """Add a role request, or replace the row whose version is one less.

        Raises:
            VersionConflict: It has moved on.
        """
        mine = (asked.c.user_id == request.user_id, asked.c.role == request.role.value)
        self._put(asked, mine, _role_values(request), request.version)

    def role_requests(
        self, *, role: AccountRole | None, state: str | None, search: str | None, page: int, count: int
    ) -> NumberedPage[RoleRequest]:
        """List role requests: waiting ones first, oldest first, then the others, newest first."""
        conditions: list[sa.ColumnElement[bool]] = []
        if role is not None:
            conditions.append(asked.c.role == role.value)
        if state is not None:
            conditions.append(asked.c.state == state)
        if search is not None and fold(search):
            conditions.append(asked.c.user_id.in_(self._found(search)))
        rows, total = self._page(asked, conditions, page, count)
        return NumberedPage(tuple(_role_request(row) for row in rows), page, count, total)

    def roles_of(self, user_id: str) -> tuple[RoleRequest, ...]:
        """List where a person stands with each role."""
        return tuple(_role_request(row) for row in self._transaction.rows(_ROLES_OF, {"user_id": user_id}))

    def issuer(self, user_id: str) -> IssuerProfile | None:
        """Find a person's issuer profile."""
        row = self._transaction.row(_ONE_PROFILE, {"user_id": user_id})
        return None if row is None else _profile(row)

    def put_issuer(self, profile: IssuerProfile) -> None:
        """Add a profile, or replace the row whose version is one less.

        Raises:
            VersionConflict: It has moved on.
        """
        mine = (profiles.c.user_id == profile.user_id,)
        self._put(profiles, mine, _profile_values(profile), profile.version)

    def issuers(self, *, state: str | None, search: str | None, page: int, count: int) -> NumberedPage[IssuerProfile]:
        """List profiles in the same order; `search` looks in organization, e-mail, nickname and at the person."""
        conditions: list[sa.ColumnElement[bool]] = []
        if state is not None:
            conditions.append(profiles.c.state == state)
        if search is not None and fold(search):
            in_profile = profiles.c.search_text.contains(fold(search), autoescape=True)
            conditions.append(sa.or_(in_profile, profiles.c.user_id.in_(self._found(search))))
        rows, total = self._page(profiles, conditions, page, count)
        return NumberedPage(tuple(_profile(row) for row in rows), page, count, total)

    def _found(self, search: str) -> sa.Select[tuple[str]]:
        matches = PeopleSearch(self._transaction).find(search)
        return sa.select(people.c.user_id).where(numbers_condition(self._transaction, people.c.person_no, matches))

    def _page(
        self, table: sa.Table, conditions: list[sa.ColumnElement[bool]], page: int, count: int
    ) -> tuple[list[Row[Any]], int]:
        row = self._transaction.row(sa.select(sa.func.count()).select_from(table).where(*conditions))
        total = 0 if row is None else int(row[0])
        is_waiting = table.c.state == RoleState.PENDING.value
        moment = sa.type_coerce(table.c.created_at, sa.BigInteger)
        statement = (
            sa.select(*table.columns)
            .where(*conditions)
            .order_by(
                sa.case((is_waiting, 0), else_=1),
                sa.case((is_waiting, moment), else_=-moment),
                table.c.user_id,
            )
            .limit(count)
            .offset((page - 1) * count)
        )
        return list(self._transaction.rows(statement)), total

    def _put(
        self, table: sa.Table, mine: tuple[sa.ColumnElement[bool], ...], values: dict[str, object], version: int
    ) -> None:
        self._transaction.raise_epoch()
        if version == 1:
            try:
                self._transaction.change(sa.insert(table), values)
            except AlreadyTaken:
                raise VersionConflict(_CHANGED) from None
            return
        statement = sa.update(table).where(*mine, table.c.version == version - 1).values(values)
        if self._transaction.change(statement) != 1:
            raise VersionConflict(_CHANGED)


def _role_values(request: RoleRequest) -> dict[str, object]:
    return {
        "user_id": request.user_id,
        "role": request.role.value,
        "state": request.state.value,
        "created_at": request.created_at,
        "updated_at": request.updated_at,
        "version": request.version,
        "note": request.note,
        "decision_note": request.decision_note,
        "decided_by": request.decided_by,
        "decided_at": request.decided_at,
    }


def _role_request(row: Row[Any]) -> RoleRequest:
    return RoleRequest(
        user_id=row.user_id,
        role=AccountRole(row.role),
        state=RoleState(row.state),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        note=row.note,
        decision_note=row.decision_note,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )


def _profile_values(profile: IssuerProfile) -> dict[str, object]:
    texts = (profile.organization, profile.email, profile.nickname or "")
    return {
        "user_id": profile.user_id,
        "organization": profile.organization,
        "email": profile.email,
        "state": profile.state.value,
        "created_at": profile.created_at,
        "updated_at": profile.updated_at,
        "allowed_credentials": json_text(profile.allowed_credentials),
        "wanted_credentials": json_text(profile.wanted_credentials),
        "nickname": profile.nickname,
        "justification": profile.justification,
        "issuer_did": profile.issuer_did,
        "note": profile.note,
        "decided_by": profile.decided_by,
        "version": profile.version,
        "search_text": "\n".join(fold(text) for text in texts),
    }


def _profile(row: Row[Any]) -> IssuerProfile:
    return IssuerProfile(
        user_id=row.user_id,
        organization=row.organization,
        email=row.email,
        state=IssuerState(row.state),
        created_at=row.created_at,
        updated_at=row.updated_at,
        allowed_credentials=read_texts(row.allowed_credentials),
        wanted_credentials=read_texts(row.wanted_credentials),
        nickname=row.nickname,
        justification=row.justification,
        issuer_did=row.issuer_did,
        note=row.note,
        decided_by=row.decided_by,
        version=row.version,
    )
