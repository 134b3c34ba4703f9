"""Ethereum addresses and personal signatures, against the examples of their specifications."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sealwright.adapters.wallet_proofs import EthereumProofs
from sealwright.domain.errors import InvalidAddress, InvalidProof
from tests.support.ethereum import Account, encode_defunct

PROOFS = EthereumProofs()
# EIP-55, "Test Cases".
CHECKSUMS = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.mark.parametrize("address", CHECKSUMS)
def test_checksum_of_the_specification(address: str) -> None:
    assert PROOFS.checksum(address) == address
    assert PROOFS.checksum(address.lower()) == address
    assert PROOFS.checksum("0x" + address[2:].upper()) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "0x",
        CHECKSUMS[2][2:],
        CHECKSUMS[2] + "0",
        "0X" + CHECKSUMS[2][2:],
        "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x" + "g" * 40,
        " " + CHECKSUMS[2],
        CHECKSUMS[2] + "\n",
        "vitalik.eth",
    ],
)
def test_other_texts_are_no_addresses(address: str) -> None:
    with pytest.raises(InvalidAddress):
        PROOFS.checksum(address)


def test_signer_is_found_and_a_twin_signature_is_not() -> None:
    wallet = Account.create()
    raw = bytes(wallet.sign_message(encode_defunct(text="Grüße\n")).signature)
    assert PROOFS.signer_of("Grüße\n", "0x" + raw.hex()) == wallet.address
    assert PROOFS.signer_of("Grüße", "0x" + raw.hex()) != wallet.address
    # The other spelling of v names the same signature; the other half of s is refused.
    assert PROOFS.signer_of("Grüße\n", "0x" + (raw[:64] + bytes([raw[64] - 27])).hex()) == wallet.address
    twin = raw[:32] + (ORDER - int.from_bytes(raw[32:64], "big")).to_bytes(32, "big") + bytes([55 - raw[64]])
    with pytest.raises(InvalidProof):
        PROOFS.signer_of("Grüße\n", "0x" + twin.hex())


@pytest.mark.parametrize(
    "signature", ["", "0x", "0x" + "00" * 65, "0x" + "ff" * 65, "0x" + "01" * 64, "01" * 65, "0x" + "zz" * 65]
)
def test_broken_signatures_are_refused(signature: str) -> None:
    with pytest.raises(InvalidProof):
        PROOFS.signer_of("x", signature)


def test_loading_the_library_leaves_the_limit_of_recursion_alone() -> None:
    program = (
        "import sys; usual = sys.getrecursionlimit(); from sealwright.adapters.wallet_proofs import EthereumProofs\n"
        "proofs = EthereumProofs(); proofs.checksum('0x' + '1' * 40)\n"
        "try: proofs.signer_of('x', '0x' + '01' * 64 + '1b')\n"
        "except Exception: pass\n"
        "assert 'eth_account' in sys.modules\n"
        "assert sys.getrecursionlimit() == usual"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": "src"}, timeout=60)
