"""Metrics: counted by closed sets of labels, readable also when something they ask is down."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from sealwright.adapters.metrics import OfficeMetrics
from sealwright.services.ports import Metrics
from sealwright.vc.canon import CanonStats


def office() -> OfficeMetrics:
    return OfficeMetrics(lambda: CanonStats(hits=7, fallbacks=3, compiles=2, evictions=1, refusals=0, mismatches=0))


def sample(metrics: OfficeMetrics, name: str, **labels: str) -> float | None:
    text = metrics.render().decode()
    for family in text_string_to_metric_families(text):
        for found in family.samples:
            if found.name == name and found.labels == labels:
                return float(found.value)
    return None


def test_metrics_fulfil_the_port() -> None:
    metrics: Metrics = office()
    assert metrics.render().endswith(b"\n")


def test_acts_are_counted() -> None:
    metrics = office()
    metrics.count_issued("Ed25519Signature2020")
    metrics.count_issued("Ed25519Signature2020")
    metrics.count_refused("SCHEMA_NOT_FOUND")
    metrics.observe_round(3)
    metrics.observe_task("mail", "done", 0.2)
    metrics.observe_task("mail", "failed", 0.1)
    metrics.observe_request("/api/v1/credentials/{id}", "GET", 404, 0.004)
    assert sample(metrics, "sealwright_credentials_issued_total", suite="Ed25519Signature2020") == 2
    assert sample(metrics, "sealwright_refusals_total", code="SCHEMA_NOT_FOUND") == 1
    assert sample(metrics, "sealwright_issuing_round_orders_sum") == 3
    assert sample(metrics, "sealwright_task_duration_seconds_count", task="mail", outcome="failed") == 1
    labels = {"route": "/api/v1/credentials/{id}", "method": "GET", "status": "4xx"}
    assert sample(metrics, "sealwright_request_duration_seconds_count", **labels) == 1
    assert sample(metrics, "sealwright_request_duration_seconds_bucket", **labels, le="0.005") == 1
    assert sample(metrics, "sealwright_request_duration_seconds_bucket", **labels, le="0.0025") == 0


def test_plans_and_watched_values_are_asked_when_read() -> None:
    metrics = office()
    depth = 4
    metrics.watch_queue(lambda: depth)
    metrics.watch_audit(lambda: 1000)
    metrics.watch_sealed(lambda: True)
    assert sample(metrics, "sealwright_plan_events_total", event="hits") == 7
    assert sample(metrics, "sealwright_plan_events_total", event="fallbacks") == 3
    assert sample(metrics, "sealwright_queue_depth") == 4
    depth = 5
    assert sample(metrics, "sealwright_queue_depth") == 5
    assert sample(metrics, "sealwright_audit_sequence") == 1000
    assert sample(metrics, "sealwright_sealed") == 1
    assert b"process_resident_memory_bytes" in metrics.render()


def test_what_cannot_answer_is_left_out() -> None:
    def fail() -> CanonStats:
        raise RuntimeError("canary")

    metrics = OfficeMetrics(fail)
    metrics.watch_audit(lambda: 1 / 0)
    metrics.watch_queue(lambda: 1)
    text = metrics.render().decode()
    assert "sealwright_queue_depth 1.0" in text
    assert "sealwright_audit_sequence" not in text
    assert "canary" not in text


def test_labels_take_no_values_of_callers() -> None:
    metrics = office()
    metrics.count_refused("canary\nsealwright_fake 1")
    metrics.count_refused("canary secret")
    metrics.count_issued("canary suite!")
    metrics.observe_request("/users/canary@example.org", "GET", 200, 0.1)
    metrics.observe_request("canary", "CANARY", 999, 0.1)
    text = metrics.render().decode()
    assert "canary" not in text.lower()
    assert sample(metrics, "sealwright_refusals_total", code="other") == 2
    assert sample(metrics, "sealwright_credentials_issued_total", suite="other") == 1


def test_labels_are_bounded_in_number() -> None:
    metrics = office()
    for number in range(2000):
        metrics.observe_request(f"/x/{number}", "GET", 200, 0.1)
        metrics.count_refused(f"CODE_{number}")
    text = metrics.render().decode()
    assert text.count("sealwright_request_duration_seconds_count{") <= 513
    assert text.count("sealwright_refusals_total{") <= 257
    assert sample(metrics, "sealwright_refusals_total", code="other") == 2000 - 256
