"""Everything the example needs, in one program: an office with its demo data, a delegation, and the shop.

    .venv/bin/python examples/groceries/town.py

Pat (did:adi:human001) lets the purchasing agent (did:adi:agent:7f3a) buy groceries: 50 a purchase, 100 a week, in this
one shop, for a month. Enter takes that back; Ctrl-C ends the town and forgets everything.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from agent import SETTINGS
from shop import Shop, secret_of, serve

from sealwright.relying import Office
from sealwright.relying.shared_memory import DatabaseMemory

PERSON: Final = "did:adi:human001"
AGENT: Final = "did:adi:agent:7f3a"
PROGRAM: Final = (sys.executable, "-m", "sealwright")


@contextmanager
def office(port: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """A new office with the documentation's people, in a folder that is removed; its address, and their secrets."""
    with tempfile.TemporaryDirectory(prefix="groceries-") as home:
        bind = f"127.0.0.1:{port}"
        environment = {**os.environ, "SEALWRIGHT_HOME": home, "SEALWRIGHT_BIND": bind, "SEALWRIGHT_LOG_LEVEL": "error"}
        made = subprocess.run([*PROGRAM, "demo", "--json"], env=environment, stdout=subprocess.PIPE, check=True)
        server = subprocess.Popen([*PROGRAM, "serve", "--json"], env=environment, stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            ready = server.stdout.readline()
            if not ready:
                sys.exit("The office did not start.")
            print(f"At the terminal: SEALWRIGHT_HOME={home} SEALWRIGHT_BIND={bind}", file=sys.stderr, flush=True)
            yield json.loads(ready)["url"].rstrip("/"), json.loads(made.stdout)
        finally:
            server.terminate()
            server.wait()


def require_free(port: int, option: str) -> None:
    """End the program if somebody else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"Port {port} cannot be had ({error.strerror}); choose another by {option}.")


def post(url: str, key: str, body: object) -> dict[str, Any]:
    """Have the office do something."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)) as answer:
        return dict(json.load(answer))


def delegate(url: str, key: str, shop: str) -> str:
    """Let the agent buy groceries at the shop; gives the delegation's id."""
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    made = post(
        f"{url}/api/v1/delegations",
        key,
        {
            "delegatorDid": PERSON,
            "delegateDid": AGENT,
            "scope": ["purchase:groceries"],
            "constraints": {
                "maxSpendPerTransaction": 50,
                "maxSpendPerWeek": 100,
                "currency": "USD",
                "authorizedMerchants": [shop],
            },
            "expirationDate": ends.isoformat().replace("+00:00", "Z"),
        },
    )
    return str(made["delegationId"])


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, 0o600)) as file:
        file.write(text)


def main() -> None:
    """Bring the town up, and take the delegation back on Enter."""
    parser = argparse.ArgumentParser(description="An office, a delegation and a shop.")
    parser.add_argument("--office-port", type=int, default=8010)
    parser.add_argument("--shop-port", type=int, default=8090)
    parser.add_argument("--settings", type=Path, default=SETTINGS, help="where the agent looks for what it needs")
    options = parser.parse_args()
    shop_url = f"http://127.0.0.1:{options.shop_port}"
    require_free(options.office_port, "--office-port")
    require_free(options.shop_port, "--shop-port")
    print("The town is being built; that takes a few seconds.", file=sys.stderr, flush=True)
    with office(options.office_port) as (url, demo):
        person, merchant = demo["users"]["proposer"]["token"], demo["issuer_api_keys"]["did:adi:issuer001"]
        delegation = delegate(url, person, shop_url)
        key = post(f"{url}/api/v1/api-keys", person, {"name": "purchasing agent", "issuerDids": [AGENT]})["apiKey"]
        key_file = options.settings.with_name("agent.key").absolute()
        write_private(key_file, key)
        write_private(options.settings, json.dumps({"office": url, "shop": shop_url, "keyFile": str(key_file)}))
        # One process would do without; so the shop forgets no token that was used when the town is built anew.
        memory = DatabaseMemory(f"sqlite:///{options.settings.with_name('shop.sqlite').absolute()}")
        shop = Shop(shop_url, Office(url, api_key=merchant), {PERSON}, memory, secret_of(merchant))
        server = serve(shop, options.shop_port)
        threading.Thread(target=server.run, daemon=True).start()
        sign_in = demo["users"]["proposer"]["sign_in_url"]
        print(f"The office is at {url}, the shop at {shop_url}. Pat signs in by {sign_in}")
        print("Enter takes the delegation back.", flush=True)
        for _ in sys.stdin:
            try:
                post(f"{url}/api/v1/delegations/{delegation}/revoke", person, {"reason": "Pat has changed her mind"})
                print("The delegation is revoked.", flush=True)
            except urllib.error.HTTPError as error:
                # Somebody may have done so on the page or at the terminal.
                print(json.load(error)["detail"], flush=True)
            break
        threading.Event().wait()


if __name__ == "__main__":
    # However it is ended, the office ends with it and its folder is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        pass
