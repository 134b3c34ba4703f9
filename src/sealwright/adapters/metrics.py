"""What the office counts and times, in Prometheus' text form; labels come from closed sets, never from values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sealwright.vc.canon import CanonStats

CONTENT_TYPE: Final = "text/plain; version=1.0.0; charset=utf-8"
OTHER: Final = "other"
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_SUITE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_ROUTE: Final = re.compile(r"/[A-Za-z0-9/_{}:.*-]{0,199}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Label values are remembered for the life of the process, so no caller may bring ever new ones.
_MOST_CODES: Final = 256
_MOST_SUITES: Final = 32
_MOST_ROUTES: Final = 512
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ORDERS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class _Labels:
    """Admits the words of one label: of the right form, and only so many; all others are ``other``."""

    def __init__(self, form: re.Pattern[str], most: int) -> None:
        self._form = form
        self._most = most
        self._known: set[str] = set()

    def admit(self, word: str) -> str:
        """Give the word, or ``other``."""
        if word in self._known:
            return word
        if len(self._known) >= self._most or not self._form.fullmatch(word):
            return OTHER
        self._known.add(word)
        return word


class OfficeMetrics:
    """Counters and timings of one server process.

    Args:
        plan_stats: Counts of the canonicalization plans since the start.
    """

    def __init__(self, plan_stats: Callable[[], CanonStats]) -> None:
        self.registry = CollectorRegistry()
        self._suites = _Labels(_SUITE, _MOST_SUITES)
        self._codes = _Labels(_CODE, _MOST_CODES)
        self._routes = _Labels(_ROUTE, _MOST_ROUTES)
        self._issued = Counter(
            "sealwright_credentials_issued", "Credentials issued, by suite.", ["suite"], registry=self.registry
        )
        self._refused = Counter("sealwright_refusals", "Calls refused, by code.", ["code"], registry=self.registry)
        self._rounds = Histogram(
            "sealwright_issuing_round_orders",
            "Orders that shared one commit of the issuing line.",
            buckets=_ORDERS,
            registry=self.registry,
        )
        self._requests = Histogram(
            "sealwright_request_duration_seconds",
            "Time to answer, by path template, method and class of status.",
            ["route", "method", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._tasks = Histogram(
            "sealwright_task_duration_seconds",
            "Time that one run of a background task took, by task and outcome.",
            ["task", "outcome"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._request_children: dict[tuple[str, str, int], Histogram] = {}
        self._facts = _Facts(plan_stats)
        self.registry.register(self._facts)
        ProcessCollector(registry=self.registry)

    def count_issued(self, proof_type: str, credentials: int = 1) -> None:
        """Count credentials that were signed and stored."""
        self._issued.labels(self._suites.admit(proof_type)).inc(credentials)

    def count_refused(self, code: str) -> None:
        """Count one refused call by its wire code."""
        self._refused.labels(self._codes.admit(code)).inc()

    def observe_round(self, orders: int) -> None:
        """Record how many orders shared one commit of the issuing line."""
        self._rounds.observe(orders)

    def observe_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Record one answered call.

        Args:
            route: The path template, never the path itself.
            status: The HTTP status; its class is kept.
        """
        key = (route, method, status // 100)
        child = self._request_children.get(key)
        if child is None:
            child = self._requests.labels(
                self._routes.admit(route),
                method if method in _METHODS else OTHER,
                f"{status // 100}xx" if 100 <= status < 600 else OTHER,
            )
            if len(self._request_children) < _MOST_ROUTES * 8:
                self._request_children[key] = child
        child.observe(seconds)

    def observe_task(self, name: str, outcome: str, seconds: float) -> None:
        """Record one run of a background task; both words come from the program itself."""
        self._tasks.labels(name, outcome).observe(seconds)

    def watch_queue(self, depth: Callable[[], float]) -> None:
        """Read the number of orders that wait each time the metrics are read."""
        self._facts.gauges["sealwright_queue_depth"] = ("Orders that wait for the issuing line.", depth)

    def watch_audit(self, sequence: Callable[[], float]) -> None:
        """Read the last position of the audit trail each time the metrics are read."""
        self._facts.gauges["sealwright_audit_sequence"] = ("Last position of the audit trail.", sequence)

    def watch_parcels(self, waiting: Callable[[], float]) -> None:
        """Read the number of messages that wait for strangers' machines each time the metrics are read."""
        self._facts.gauges["sealwright_parcels_waiting"] = ("Webhook and DIDComm messages on their way.", waiting)

    def watch_sealed(self, is_sealed: Callable[[], bool]) -> None:
        """Read whether the key store is sealed each time the metrics are read."""
        self._facts.gauges["sealwright_sealed"] = ("1 while signing is closed for lack of its key.", is_sealed)

    def render(self) -> bytes:
        """Everything, in Prometheus' text form of `CONTENT_TYPE`."""
        return generate_latest(self.registry)


class _Facts(Collector):
    """Values that others keep and that are asked for when somebody reads."""

    def __init__(self, plan_stats: Callable[[], CanonStats]) -> None:
        self._plan_stats = plan_stats
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}

    def collect(self) -> Iterator[Metric]:
        """Ask everybody; who cannot answer is left out, and the others are still told."""
        stats = _asked(self._plan_stats)
        if stats is not None:
            family = CounterMetricFamily(
                "sealwright_plan_events",
                "Canonicalization plans: what became of documents and plans.",
                labels=["event"],
            )
            for event in ("hits", "fallbacks", "compiles", "evictions", "refusals", "mismatches"):
                family.add_metric([event], getattr(stats, event))
            yield family
        for name, (help_text, ask) in list(self.gauges.items()):
            value = _asked(ask)
            if value is not None:
                yield GaugeMetricFamily(name, help_text, value=float(value))


AnswerT = TypeVar("AnswerT")


def _asked(ask: Callable[[], AnswerT]) -> AnswerT | None:
    try:
        return ask()
    except Exception:  # noqa: BLE001  (a store that is down must not take the metrics down with it)
        return None
