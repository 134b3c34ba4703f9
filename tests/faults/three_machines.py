"""Bulk issuing on three machines, of which something always breaks.

Three network namespaces: the database on one, a worker on each of the two others. While batches are issued, workers
are killed with SIGKILL, a wire is cut for half a minute, and the database server is ended as by a crash; each time
everything goes on by itself, and each batch is then held against every promise. Needs root.

    python -m tests.faults.three_machines --kills 50 --rows 20000 --report docs/benchmarks/three-machines.md
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from nacl.signing import SigningKey

from sealwright.domain.batches import BatchOptions
from sealwright.services.batch_desk import BatchWish
from sealwright.services.office import Office
from sealwright.services.row_intake import RowsWish
from sealwright.vc.keys.multikey import PublicKey
from tests.faults.judging import office_of
from tests.support import postgres
from tests.support.batch_checker import BatchFacts, check_batch
from tests.support.machines import Hub, Machine, machines
from tests.support.office import the_operator
from tests.support.rows import Rows
from tests.support.server import ISSUER, PROGRAM
from tests.support.site import Site, template

SCHEMA: Final = "did:adi:schema:university-degree-v1"
CLONE_NEWNET: Final = 0x40000000
RECOVERED_WITHIN_SECONDS: Final = 30.0
CUT_SECONDS: Final = 30.0
LOG_SHOWN: Final = 4_000
ENDED = ("done", "anchored", "canceled")


@dataclass(slots=True)
class Worker:
    """A worker on a machine of its own; started again after each death."""

    machine: Machine
    environment: dict[str, str] = field(repr=False)
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it may not be ready yet."""
        command = self.machine.command([*PROGRAM, "worker", "--concurrency", "1", "--json"])
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def revive(self) -> None:
        """Start it again if it has ended: whoever starts while the database is away ends, and is started anew."""
        if self.process is None or self.process.poll() is not None:
            self.start()

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(20)
        self.kill()
        return -9


@dataclass(slots=True)
class Fault:
    """Something that was broken, where, at what stage of the work, and how long until the work went on."""

    what: str
    where: str
    stage: str
    recovered_seconds: float | None = None


@dataclass(slots=True)
class Trial:
    """The three machines with everything on them."""

    hub: Hub
    server: postgres.PostgresServer
    site: Site
    office: Office
    workers: list[Worker]
    randomness: random.Random
    faults: list[Fault] = field(default_factory=list)
    facts: list[BatchFacts] = field(default_factory=list)

    @property
    def rows(self) -> Rows:
        """The tables, past the program."""
        return self.site.rows

    # -- batches -----------------------------------------------------------------------------------

    def begin_batch(self, count: int) -> str:
        """Send in a batch and start it; its id."""
        office, desk = self.office, self.office.bulk.desk
        caller = the_operator(office)
        wish = BatchWish(ISSUER, SCHEMA, BatchOptions())
        batch = office.acts.run(caller, lambda uow, me: desk.create(uow, me, wish))
        office.bulk.intake.take_in(
            caller, batch.batch_id, _lines(count, self.randomness), RowsWish("application/x-ndjson")
        )
        office.acts.run(the_operator(office), lambda uow, me: desk.start(uow, me, batch.batch_id))
        return batch.batch_id

    def has_ended(self, batch_id: str) -> bool:
        """Tell whether nothing is left to do for a batch; a database that is away has not ended anything."""
        with contextlib.suppress(Exception):
            return self.rows.value("SELECT status FROM batches WHERE batch_id = ?", (batch_id,)) in ENDED
        return False

    def done(self, batch_id: str) -> int:
        """Rows carried out so far."""
        return int(
            self.rows.value(
                "SELECT COALESCE(SUM(issued + failed), 0) FROM batch_chunks WHERE batch_id = ?", (batch_id,)
            )
        )

    def stage(self, batch_id: str) -> str:
        """How far the work was, in words for the report."""
        with contextlib.suppress(Exception):
            states = dict(
                self.rows.read(
                    "SELECT state, COUNT(*) FROM batch_chunks WHERE batch_id = ? GROUP BY state", (batch_id,)
                )
            )
            reserved = self.rows.value(
                "SELECT COUNT(*) FROM batch_chunks WHERE batch_id = ? AND state = 'running' AND run <> '[]'",
                (batch_id,),
            )
            return (
                f"{states.get('done', 0)} chunks done, {states.get('running', 0)} in work ({reserved} reserved), "
                f"{states.get('ready', 0)} waiting"
            )
        return "the database was away"

    def wait_progress(self, batch_id: str, since: int, limit: float) -> float:
        """Seconds until more rows than `since` are carried out, or the batch has ended.

        Raises:
            AssertionError: It did not go on in time.
        """
        begun = time.monotonic()
        while time.monotonic() - begun < limit:
            with contextlib.suppress(Exception):
                if self.has_ended(batch_id) or self.done(batch_id) > since:
                    return time.monotonic() - begun
            time.sleep(0.1)
        raise AssertionError(f"nothing went on within {limit:g} s: {self.stage(batch_id)}")

    def wait_connected(self, worker: Worker, since: object) -> None:
        """Wait until a worker talks to the database again; one that has ended is started again, as services are.

        Raises:
            AssertionError: It did not come back in time.
        """
        deadline = time.monotonic() + RECOVERED_WITHIN_SECONDS
        while time.monotonic() < deadline:
            worker.revive()
            with contextlib.suppress(Exception):
                if self.rows.value(
                    "SELECT COUNT(*) FROM pg_stat_activity WHERE client_addr = ?::inet AND state_change > ?",
                    (worker.machine.address, since),
                ):
                    return
            time.sleep(0.5)
        raise AssertionError(f"the worker at {worker.machine.address} did not come back")

    def _now(self) -> object:
        return self.rows.value("SELECT clock_timestamp()")

    def finish(self, batch_id: str, limit: float) -> None:
        """Wait for a batch's end and hold it against every promise."""
        begun = time.monotonic()
        while not self.has_ended(batch_id):
            if time.monotonic() - begun > limit:
                raise AssertionError(f"not done within {limit:g} s: {self.stage(batch_id)}")
            time.sleep(0.2)
        self.facts.append(check_batch(self.rows, batch_id))

    # -- faults ------------------------------------------------------------------------------------

    def kill_worker(self, batch_id: str) -> None:
        """SIGKILL to one worker at a random moment; it is started again at once."""
        number = self.randomness.randrange(len(self.workers))
        time.sleep(self.randomness.uniform(0.02, 0.6))
        worker = self.workers[number]
        fault = Fault("kill -9 of a worker", f"machine {number + 1}", self.stage(batch_id))
        worker.kill()
        since = self.done(batch_id)
        worker.start()
        fault.recovered_seconds = self.wait_progress(batch_id, since, RECOVERED_WITHIN_SECONDS)
        self.faults.append(fault)

    def cut_wire(self, batch_id: str) -> None:
        """No packet to or from one worker for half a minute; the other goes on."""
        number = self.randomness.randrange(len(self.workers))
        machine = self.workers[number].machine
        fault = Fault(f"wire cut for {CUT_SECONDS:g} s", f"machine {number + 1}", self.stage(batch_id))
        machine.cut()
        try:
            time.sleep(CUT_SECONDS)
        finally:
            machine.mend()
        since = self._now()
        fault.recovered_seconds = self.wait_progress(batch_id, self.done(batch_id), RECOVERED_WITHIN_SECONDS)
        self.wait_connected(self.workers[number], since)
        self.faults.append(fault)

    def restart_database(self, batch_id: str) -> None:
        """The database server ends without a shutdown and starts again over its data."""
        fault = Fault("database ended as by a crash, started again", "the database's machine", self.stage(batch_id))
        self.server.restart(signal.SIGQUIT)
        since = self._now()
        fault.recovered_seconds = self.wait_progress(batch_id, self.done(batch_id), RECOVERED_WITHIN_SECONDS)
        for worker in self.workers:
            self.wait_connected(worker, since)
        self.faults.append(fault)


@contextmanager
def trial(seed: int) -> Iterator[Trial]:
    """Three machines, founded and running."""
    with machines(2) as hub, _inside(hub.name), contextlib.ExitStack() as stack:
        server = _database(stack)
        site = stack.enter_context(stack.enter_context(template("postgresql", server)).site())
        office = stack.enter_context(office_of(site))
        workers = [
            Worker(machine, _environment(site, machine), site.folder / f"worker-{number + 1}.log")
            for number, machine in enumerate(hub.around)
        ]
        for worker in workers:
            worker.start()
            stack.callback(worker.stop)
        try:
            yield Trial(hub, server, site, office, workers, random.Random(seed))
        except AssertionError:
            for worker in workers:
                state = "runs" if worker.process is not None and worker.process.poll() is None else "is gone"
                _say(f"The worker at {worker.machine.address} {state}; its log ends so:")
                _say(worker.log.read_text(errors="replace")[-LOG_SHOWN:])
            raise


def run(kills: int, rows: int, *, seed: int = 0, harsh: bool = True, limit_seconds: float = 600.0) -> Trial:
    """Break things `kills` times and more, and check every batch.

    Args:
        rows: Of each batch; a new one is sent in whenever one has ended.
        harsh: Cut a wire and end the database, too.
    """
    with trial(seed) as at:
        begun = time.monotonic()
        others: list[Callable[[str], None]] = [at.cut_wire, at.restart_database] if harsh else []
        batch_id = at.begin_batch(rows)
        at.wait_progress(batch_id, 0, 60)
        for number in range(kills):
            _say(f"kill {number + 1} of {kills}: {at.stage(batch_id)}")
            if at.has_ended(batch_id):
                at.finish(batch_id, limit_seconds)
                batch_id = at.begin_batch(rows)
                at.wait_progress(batch_id, 0, 60)
            at.kill_worker(batch_id)
            if others and number % max(1, kills // 3) == kills // 4:
                others.pop(0)(batch_id)
        for other in others:
            if at.has_ended(batch_id):
                at.finish(batch_id, limit_seconds)
                batch_id = at.begin_batch(rows)
                at.wait_progress(batch_id, 0, 60)
            other(batch_id)
        at.finish(batch_id, limit_seconds)
        _say(f"{len(at.faults)} faults, {len(at.facts)} batches, {time.monotonic() - begun:.0f} s")
        return at


def report(at: Trial, kills: int) -> str:
    """The run as a page: which fault was where, and what came of it."""
    longest = max(fault.recovered_seconds or 0 for fault in at.faults)
    lines = [
        "# Three machines, of which something always breaks",
        "",
        "Made by `python -m tests.faults.three_machines` (needs root): the database in one network namespace, a",
        "worker in each of two others. A fault counts as recovered when further rows were stored. What is killed is",
        "started again at once, as a service manager does, and so is a worker that ended because the database was away",
        "while it started.",
        "",
        f"- Faults: {len(at.faults)} ({kills} of them kills of a worker), longest recovery {longest:.1f} s.",
        f"- Batches checked: {len(at.facts)}, rows {sum(one.total for one in at.facts):,}, "
        f"credentials {sum(one.issued for one in at.facts):,}.",
        "- Lost 0, doubled 0, status indexes used twice 0: rows, credentials, chunk roots, transaction hashes and",
        "  audit rows of every batch were made anew from the tables and were equal.",
        "",
        "| # | Fault | Where | When | Recovered after |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {number} | {one.what} | {one.where} | {one.stage} | {one.recovered_seconds or 0:.1f} s |"
            for number, one in enumerate(at.faults, 1)
        ),
        "",
    ]
    return "\n".join(lines)


def _database(stack: contextlib.ExitStack) -> postgres.PostgresServer:
    """A server of our own on this machine that lets in the machines around it."""
    server = postgres.start(postgres.program_folders()[0], {"listen_addresses": "*"})
    stack.callback(server.stop)
    assert server.folder is not None
    with (server.folder / "data" / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 10.77.0.0/16 trust\n")
    with server.connect() as connection:
        connection.execute("SELECT pg_reload_conf()")
    return server


def _environment(site: Site, machine: Machine) -> dict[str, str]:
    return {
        **site.environment,
        "SEALWRIGHT_DATABASE_URL": site.database_url.replace("127.0.0.1", machine.hub),
        "PYTHONPATH": os.environ.get("PYTHONPATH", "") or "src",
    }


@contextmanager
def _inside(namespace: str) -> Iterator[None]:
    """Be on a machine: what this thread, and whatever it starts, connects to."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        libc.setns(home, CLONE_NEWNET)
        os.close(home)
        os.close(there)


def _lines(count: int, randomness: random.Random) -> Iterator[bytes]:
    """Rows of degree credentials, each for a holder of its own."""
    for number in range(count):
        key = PublicKey("Ed25519", bytes(SigningKey(randomness.randbytes(32)).verify_key)).multikey
        row: dict[str, Any] = {
            "holderDid": f"did:key:{key}",
            "claims": {
                "degree": {
                    "type": "BachelorDegree",
                    "university": f"University {number % 97}",
                    "graduationYear": 1990 + number % 40,
                    "gpa": round(2 + number % 200 / 100, 2),
                }
            },
        }
        yield json.dumps(row).encode() + b"\n"


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it at full size and write the report; exit code 0 if nothing was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.three_machines", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--report", type=Path)
    given = parser.parse_args(arguments)
    at = run(given.kills, given.rows, seed=given.seed)
    page = report(at, given.kills)
    if given.report is not None:
        given.report.write_text(page)
    sys.stdout.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
