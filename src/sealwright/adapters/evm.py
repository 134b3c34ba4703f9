"""An EVM chain by JSON-RPC: roots as the data of transactions that the office's account sends to itself."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

from sealwright.adapters.outbound import FetchRefused, GuardedOutbound
from sealwright.domain.batch_errors import AnchorUnavailable
from sealwright.domain.receipt_check import ChainSilent
from sealwright.services.chain_ports import Account, Mined, SignedTransaction

CONFIRMATIONS: Final = 12
_MAX_ANSWER_BYTES: Final = 1 << 20
_HEADERS: Final = {"Content-Type": "application/json"}
# Carrying 32 bytes costs less everywhere; what a chain asks beyond this it says itself.
_LEAST_GAS: Final = 25_000
_TIP_WEI: Final = 1_000_000_000
_SILENT: Final = "The chain's node does not answer."

_log = logging.getLogger(__name__)


class _NodeRefused(Exception):
    """The node answered with an error."""


class EvmChain:
    """Speaks to one node. The account's key is read anew for each signature, and kept nowhere.

    Args:
        key_file: Holds the private key, 64 hex digits.
        confirmations: So many blocks, its own one included, make a transaction final.
    """

    def __init__(
        self, outbound: GuardedOutbound, url: str, key_file: Path, *, confirmations: int = CONFIRMATIONS
    ) -> None:
        self._outbound = outbound
        self._url = url
        self._key_file = key_file
        self._confirmations = confirmations
        self._ids = count(1)

    def account(self) -> Account:
        """Who sends, as the chain knows them now; raises AnchorUnavailable."""
        sender = self._signer().address
        draft = {"from": sender, "to": sender, "data": f"0x{'ff' * 32}"}
        gas = max(_LEAST_GAS, self._number("eth_estimateGas", draft) * 5 // 4)
        return Account(
            chain_id=self._number("eth_chainId"),
            sender=sender,
            nonce=self._number("eth_getTransactionCount", sender, "pending"),
            fees={"gas": gas, **self._price()},
        )

    def _price(self) -> dict[str, int]:
        base = _object(self._ask("eth_getBlockByNumber", "latest", False)).get("baseFeePerGas")
        if base is None:
            return {"gasPrice": self._number("eth_gasPrice")}
        # Twice today's price: what is not taken now is taken within some blocks, however it rises.
        return {"maxFeePerGas": 2 * _number(base) + _TIP_WEI, "maxPriorityFeePerGas": _TIP_WEI}

    def sign(self, root: str, account: Account, nonce: int) -> SignedTransaction:
        """Sign a transaction whose data are the 32 bytes of a root. Raises AnchorUnavailable without a usable key."""
        signed = self._signer().sign_transaction(
            {
                "chainId": account.chain_id,
                "to": account.sender,
                "value": 0,
                "nonce": nonce,
                "data": bytes.fromhex(root),
                **account.fees,
            }
        )
        return SignedTransaction(f"0x{bytes(signed.hash).hex()}", bytes(signed.raw_transaction))

    def send(self, transaction: SignedTransaction) -> None:
        """Hand a transaction to the node, unless it knows it. Raises AnchorUnavailable."""
        if self._ask("eth_getTransactionByHash", transaction.transaction_hash) is not None:
            return
        try:
            self._call("eth_sendRawTransaction", f"0x{transaction.raw.hex()}")
        except _NodeRefused as error:
            # Known already, its nonce taken, no funds: what is so next time shows in what was mined.
            _log.warning("chain refused transaction", extra={"kind": str(error)})

    def mined(self, transaction_hash: str) -> Mined | None:
        """Where a transaction was mined; None while it was not. Raises AnchorUnavailable."""
        found = self._ask("eth_getTransactionReceipt", transaction_hash)
        if found is None:
            return None
        receipt = _object(found)
        block, block_hash = _number(receipt.get("blockNumber")), _text(receipt.get("blockHash"))
        is_deep = self._number("eth_blockNumber") - block + 1 >= self._confirmations
        return Mined(
            block=block,
            block_hash=block_hash,
            succeeded=_number(receipt.get("status")) == 1,
            is_final=is_deep and self._block_hash(block) == block_hash,
        )

    def has_passed(self, sender: str, nonce: int) -> bool:
        """Tell whether another transaction has taken this nonce, for good. Raises AnchorUnavailable."""
        final = self._number("eth_blockNumber") - self._confirmations + 1
        return final >= 0 and self._number("eth_getTransactionCount", sender, hex(final)) > nonce

    def holds(self, chain: Mapping[str, object], root: str) -> bool:
        """Tell whether a root stands where a receipt's `chain` says. Raises ChainSilent."""
        try:
            return self._holds(chain, root)
        except AnchorUnavailable as error:
            raise ChainSilent from error

    def _holds(self, chain: Mapping[str, object], root: str) -> bool:
        transaction_hash = _text(chain["transactionHash"])
        found, mined = self._ask("eth_getTransactionByHash", transaction_hash), self.mined(transaction_hash)
        if found is None or mined is None or chain["chainId"] != self._number("eth_chainId"):
            return False
        transaction = _object(found)
        return (
            mined.succeeded
            and mined.is_final
            and (mined.block, mined.block_hash) == (chain["blockNumber"], chain["blockHash"])
            and _text(transaction.get("from")).lower() == _text(chain["from"]).lower()
            and _text(transaction.get("input", transaction.get("data"))).lower() == f"0x{root}"
        )

    def _block_hash(self, number: int) -> str | None:
        block = self._ask("eth_getBlockByNumber", hex(number), False)
        return None if block is None else _text(_object(block).get("hash"))

    def _signer(self) -> Any:
        # Half a second of imports that only offices with a chain pay.
        from eth_account import Account as KeyAccount

        try:
            return KeyAccount.from_key(self._key_file.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise AnchorUnavailable("The chain's account has no usable key.") from error

    def _number(self, method: str, *parameters: object) -> int:
        return _number(self._ask(method, *parameters))

    def _ask(self, method: str, *parameters: object) -> object:
        try:
            return self._call(method, *parameters)
        except _NodeRefused as error:
            raise AnchorUnavailable("The chain's node refused a question.") from error

    def _call(self, method: str, *parameters: object) -> object:
        number = next(self._ids)
        question = {"jsonrpc": "2.0", "id": number, "method": method, "params": list(parameters)}
        try:
            answer = self._outbound.post(
                self._url, json.dumps(question).encode("ascii"), _HEADERS, max_bytes=_MAX_ANSWER_BYTES
            )
            members = json.loads(answer.body)
        except (FetchRefused, ValueError, RecursionError) as error:
            raise AnchorUnavailable(_SILENT) from error
        if not isinstance(members, dict) or members.get("id") != number:
            raise AnchorUnavailable(_SILENT)
        if members.get("error") is not None:
            code = members["error"].get("code") if isinstance(members["error"], dict) else None
            raise _NodeRefused(f"{method} {code if isinstance(code, int) else ''}".strip())
        return members.get("result")


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AnchorUnavailable(_SILENT)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise AnchorUnavailable(_SILENT)
    return value


def _number(value: object) -> int:
    try:
        return int(_text(value), 16)
    except ValueError as error:
        raise AnchorUnavailable(_SILENT) from error
