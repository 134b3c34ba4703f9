"""PyPI's `eth-tester` with `py-evm`, and `pymerkle`, as a child process: one JSON object a line in, one a line out.

A request has `number` and `command`, the answer the same `number` and either `result` or `error`. The chain is reached
as others are: by JSON-RPC over HTTP, on a port of the loopback that the command `chain` tells. Blocks are mined on
command.
"""

# mypy: ignore-errors
# Its packages are not in the environment that is checked.
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionNotFound
from pymerkle import InmemoryTree

TESTER = EthereumTester(PyEVMBackend())
TESTER.disable_auto_mine_transactions()
CHAIN_ID = TESTER.backend.chain.chain_id
LOCK = threading.Lock()
SENT = []


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def wired(value):
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, (list, tuple)):
        return [wired(one) for one in value]
    return {camel(name): wired(one) for name, one in value.items()}


def block_id(text):
    return int(text, 16) if text.startswith("0x") else text


def found(get, *arguments):
    try:
        return get(*arguments)
    except TransactionNotFound:
        return None


def send(raw):
    SENT.append(raw)
    return TESTER.send_raw_transaction(raw)


def transaction(value):
    known = wired(found(TESTER.get_transaction_by_hash, value))
    if known is not None:
        known["input"] = known.pop("data")
    return known


METHODS = {
    "eth_chainId": lambda: CHAIN_ID,
    "eth_blockNumber": lambda: TESTER.get_block_by_number("latest")["number"],
    "eth_gasPrice": lambda: 2 * 10**9,
    "eth_estimateGas": TESTER.estimate_gas,
    "eth_getTransactionCount": lambda address, at: TESTER.get_nonce(address, block_id(at)),
    "eth_getBlockByNumber": lambda at, _: TESTER.get_block_by_number(block_id(at)),
    "eth_getTransactionByHash": transaction,
    "eth_getTransactionReceipt": lambda value: found(TESTER.get_transaction_receipt, value),
    "eth_sendRawTransaction": send,
}


class Node(BaseHTTPRequestHandler):
    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"jsonrpc": "2.0", "id": question["id"]}
        try:
            with LOCK:
                answer["result"] = wired(METHODS[question["method"]](*question["params"]))
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            answer["error"] = {"code": -32000, "message": type(error).__name__}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def chain(_):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Node)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"url": f"http://127.0.0.1:{server.server_address[1]}/key-in-the-path", "chainId": CHAIN_ID}


def mine(request):
    with LOCK:
        TESTER.mine_blocks(request["blocks"])
    return TESTER.get_block_by_number("latest")["number"]


def take_nonce(request):
    """Let the account's owner send something else."""
    account = request["account"]
    with LOCK:
        return TESTER.send_transaction({"from": account, "to": account, "value": 1, "gas": 21_000})


def sent(_):
    """Every raw transaction that was handed in since the last question."""
    with LOCK:
        handed = list(SENT)
        SENT.clear()
    return handed


def merkle(request):
    tree = InmemoryTree(algorithm="sha256")
    for entry in request["entries"]:
        tree.append_entry(bytes.fromhex(entry))
    size = len(request["entries"])
    proofs = [tree.prove_inclusion(index + 1, size).serialize()["path"] for index in range(size)]
    # Its paths begin with the leaf itself.
    return {"root": tree.get_root(size).hex(), "leaves": [p[0] for p in proofs], "paths": [p[1:] for p in proofs]}


COMMANDS = {"chain": chain, "mine": mine, "takeNonce": take_nonce, "sent": sent, "merkle": merkle}

for line in sys.stdin:
    request = json.loads(line)
    reply = {"number": request["number"]}
    try:
        reply["result"] = COMMANDS[request["command"]](request)
    except Exception as error:  # noqa: BLE001 - told to whoever asked
        reply["error"] = f"{type(error).__name__}: {error}"
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()
