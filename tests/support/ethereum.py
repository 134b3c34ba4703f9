"""The signing side of wallets, for tests; the library's import leaves the interpreter as it was.

One of the library's dependencies raises the limit of recursion for the whole process, and tests of deep input would
then meet another interpreter than servers do.
"""

from __future__ import annotations

from sealwright.adapters.wallet_proofs import usual_recursion

with usual_recursion():
    from eth_account import Account
    from eth_account.messages import encode_defunct

__all__ = ("Account", "encode_defunct")
