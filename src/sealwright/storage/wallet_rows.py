"""What wallets hold of us while they fetch a credential, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from sealwright.domain.wallets import (
    AWAITED_MOST,
    TransactionState,
    WalletAuthorization,
    WalletNotification,
    WalletToken,
    WalletTransaction,
)
from sealwright.storage.delivery_tables import (
    wallet_authorizations as authorizations,
)
from sealwright.storage.delivery_tables import (
    wallet_notifications as notifications,
)
from sealwright.storage.delivery_tables import (
    wallet_tokens as tokens,
)
from sealwright.storage.delivery_tables import (
    wallet_transactions as transactions,
)
from sealwright.storage.shapes import Shape, json_of, named
from sealwright.storage.transaction import Transaction

_TEXTS: Final = json_of(tuple[str, ...])
_AUTHORIZATIONS: Final = Shape(WalletAuthorization, {"configuration_ids": _TEXTS})
_TOKENS: Final = Shape(WalletToken, {"configuration_ids": _TEXTS, "identifiers": _TEXTS})
_TRANSACTIONS: Final = Shape(WalletTransaction, {"holders": _TEXTS, "state": named(TransactionState)})
_NOTIFICATIONS: Final = Shape(WalletNotification, {"credential_ids": _TEXTS})
# As text, so that both databases see the condition of an index in it.
_WAITING: Final = sa.text("state = 'waiting'")
_OF_AUTHORIZATION: Final = sa.text("authorization_id IS NOT NULL")
_AUTHORIZATION: Final = sa.select(*authorizations.columns)
_BY_CODE: Final = _AUTHORIZATION.where(
    sa.text("code_digest IS NOT NULL"),
    authorizations.c.code_digest == sa.bindparam("key"),
)
_WAITING_OF: Final = (
    sa.select(*transactions.columns)
    .where(
        transactions.c.token_id == sa.bindparam("token_id"),
        _WAITING,
        transactions.c.request_id == sa.bindparam("request_id"),
        transactions.c.configuration_id == sa.bindparam("configuration_id"),
        transactions.c.holders == sa.bindparam("holders"),
    )
    .order_by(transactions.c.created_at, transactions.c.transaction_id)
    .limit(1)
)
_AUTHORIZATIONS_OVER: Final = (
    sa.select(authorizations.c.authorization_id)
    .where(authorizations.c.expires_at <= sa.bindparam("before", type_=authorizations.c.expires_at.type))
    .order_by(authorizations.c.expires_at, authorizations.c.authorization_id)
    .limit(sa.bindparam("how_many"))
)
# Of these nobody remembers anything: no person has seen them, or none has answered.
_UNANSWERED_OVER: Final = (
    sa.select(authorizations.c.authorization_id)
    .where(
        authorizations.c.expires_at <= sa.bindparam("before", type_=authorizations.c.expires_at.type),
        authorizations.c.user_id.is_(None),
    )
    .order_by(authorizations.c.expires_at, authorizations.c.authorization_id)
    .limit(sa.bindparam("how_many"))
)
# A token lives on for what was asked with it and is not decided yet, though not for ever.
_TOKENS_OVER: Final = (
    sa.select(tokens.c.token_id)
    .where(
        tokens.c.expires_at <= sa.bindparam("before", type_=tokens.c.expires_at.type),
        sa.or_(
            ~sa.exists().where(transactions.c.token_id == tokens.c.token_id, _WAITING),
            tokens.c.expires_at <= sa.bindparam("long_before", type_=tokens.c.expires_at.type),
        ),
    )
    .order_by(tokens.c.expires_at, tokens.c.token_id)
    .limit(sa.bindparam("how_many"))
)


class StoredWalletRows:
    """Authorizations, access tokens, transactions and notifications in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    # -- authorizations ----------------------------------------------------------------------------

    def add_authorization(self, authorization: WalletAuthorization) -> None:
        """Add a pushed authorization request."""
        self._transaction.change(sa.insert(authorizations), _AUTHORIZATIONS.values(authorization))

    def authorization(self, authorization_id: str) -> WalletAuthorization | None:
        """Find an authorization."""
        return self._authorization(_AUTHORIZATION.where(authorizations.c.authorization_id == authorization_id))

    def authorization_by_request(self, digest: bytes) -> WalletAuthorization | None:
        """Find an authorization by the digest of its address."""
        return self._authorization(_AUTHORIZATION.where(authorizations.c.request_digest == digest))

    def authorization_by_code(self, digest: bytes) -> WalletAuthorization | None:
        """Find an authorization by the digest of its code."""
        return _AUTHORIZATIONS.optional(self._transaction.row(_BY_CODE, {"key": digest}))

    def consent(self, authorization_id: str, user_id: str, code_digest: bytes, expires_at: datetime) -> bool:
        """Bind an authorization to its person and code; False if that happened before."""
        statement = (
            sa.update(authorizations)
            .where(authorizations.c.authorization_id == authorization_id, authorizations.c.user_id.is_(None))
            .values(user_id=user_id, code_digest=code_digest, expires_at=expires_at)
        )
        return self._transaction.change(statement) == 1

    def use_code(self, authorization_id: str, at: datetime) -> bool:
        """Mark its code as exchanged; False if it was, or there is none."""
        statement = (
            sa.update(authorizations)
            .where(
                authorizations.c.authorization_id == authorization_id,
                authorizations.c.code_digest.is_not(None),
                authorizations.c.used_at.is_(None),
            )
            .values(used_at=at)
        )
        return self._transaction.change(statement) == 1

    def _authorization(self, statement: sa.Select[Any]) -> WalletAuthorization | None:
        return _AUTHORIZATIONS.optional(self._transaction.row(statement))

    # -- tokens ------------------------------------------------------------------------------------

    def add_token(self, token: WalletToken) -> None:
        """Add an access token."""
        self._transaction.change(sa.insert(tokens), _TOKENS.values(token))

    def token_by_digest(self, digest: bytes) -> WalletToken | None:
        """Find an access token by its digest."""
        statement = sa.select(*tokens.columns).where(tokens.c.digest == digest)
        return _TOKENS.optional(self._transaction.row(statement))

    def token(self, token_id: str) -> WalletToken | None:
        """Find an access token."""
        statement = sa.select(*tokens.columns).where(tokens.c.token_id == token_id)
        return _TOKENS.optional(self._transaction.row(statement))

    def end_tokens(self, authorization_id: str, at: datetime) -> int:
        """Let the tokens that came of an authorization expire now; gives how many did."""
        statement = sa.update(tokens).where(
            _OF_AUTHORIZATION, tokens.c.authorization_id == authorization_id, tokens.c.expires_at > at
        )
        return self._transaction.change(statement.values(expires_at=at))

    # -- transactions ------------------------------------------------------------------------------

    def add_transaction(self, transaction: WalletTransaction) -> None:
        """Add a deferred issuance."""
        self._transaction.change(sa.insert(transactions), _TRANSACTIONS.values(transaction))

    def transaction_by_digest(self, digest: bytes) -> WalletTransaction | None:
        """Find a deferred issuance by its digest."""
        statement = sa.select(*transactions.columns).where(transactions.c.digest == digest)
        return _TRANSACTIONS.optional(self._transaction.row(statement))

    def transaction_of(
        self, token_id: str, request_id: str, configuration_id: str, holders: tuple[str, ...]
    ) -> WalletTransaction | None:
        """Find the waiting transaction of a token for a request and these holders."""
        key = {
            "token_id": token_id,
            "request_id": request_id,
            "configuration_id": configuration_id,
            "holders": _TEXTS.write(holders),
        }
        return _TRANSACTIONS.optional(self._transaction.row(_WAITING_OF, key))

    def end_transaction(self, transaction: WalletTransaction) -> bool:
        """Store its final state; False unless it was waiting."""
        statement = (
            sa.update(transactions)
            .where(transactions.c.transaction_id == transaction.transaction_id, _WAITING)
            .values(state=transaction.state.value, ended_at=transaction.ended_at)
        )
        return self._transaction.change(statement) == 1

    def deny_waiting(self, authorization_id: str, at: datetime) -> int:
        """End what waits under the tokens that came of an authorization; gives how much."""
        made = sa.select(tokens.c.token_id).where(_OF_AUTHORIZATION, tokens.c.authorization_id == authorization_id)
        statement = sa.update(transactions).where(transactions.c.token_id.in_(made), _WAITING)
        return self._transaction.change(statement.values(state=TransactionState.DENIED.value, ended_at=at))

    # -- notifications -----------------------------------------------------------------------------

    def add_notification(self, notification: WalletNotification) -> None:
        """Add what a wallet may tell us about."""
        self._transaction.change(sa.insert(notifications), _NOTIFICATIONS.values(notification))

    def notification_by_digest(self, digest: bytes) -> WalletNotification | None:
        """Find what a wallet tells us about."""
        statement = sa.select(*notifications.columns).where(notifications.c.digest == digest)
        return _NOTIFICATIONS.optional(self._transaction.row(statement))

    def tell(self, digest: bytes, event: str, at: datetime) -> None:
        """Record what a wallet told us; the last word counts."""
        statement = sa.update(notifications).where(notifications.c.digest == digest)
        self._transaction.change(statement.values(event=event, told_at=at))

    # -- housekeeping ------------------------------------------------------------------------------

    def forget(self, before: datetime, limit: int) -> int:
        """Drop authorizations and tokens whose time is over, with what belongs to the tokens; gives how many.

        A token with which something is awaited goes `AWAITED_MOST` after the others of its age.
        """
        key = {"before": before, "long_before": before - AWAITED_MOST, "how_many": limit}
        gone = self._drop_authorizations(_AUTHORIZATIONS_OVER, before, limit)
        over = [row.token_id for row in self._transaction.rows(_TOKENS_OVER, key)]
        if over:
            for table in (notifications, transactions, tokens):
                self._transaction.change(sa.delete(table).where(table.c.token_id.in_(over)))
        return gone + len(over)

    def forget_unanswered(self, before: datetime, limit: int) -> int:
        """Drop authorization requests that no person has answered in time; gives how many."""
        return self._drop_authorizations(_UNANSWERED_OVER, before, limit)

    def _drop_authorizations(self, over: sa.Select[Any], before: datetime, limit: int) -> int:
        rows = self._transaction.rows(over, {"before": before, "how_many": limit})
        gone = [row.authorization_id for row in rows]
        if gone:
            self._transaction.change(sa.delete(authorizations).where(authorizations.c.authorization_id.in_(gone)))
        return len(gone)
