"""What is shipped for those who run the gateway, read by the tools that it is for where these are installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import metrics
from gateway.settings import Settings
from tests.events.service import Rights, chat
from tests.servers import FIRST_USER, GatewayFactory, end, free_port, wait_until

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SYSTEMD = DEPLOY / "systemd"
KNOWN = {
    *(f"{each}_total" for each in metrics.COUNTERS),
    *metrics.GAUGES,
    *(f"{metrics.DURATIONS}{each}" for each in ("_bucket", "_sum", "_count")),
}


def names(expression: str) -> set[str]:
    """The metrics of the gateway in an expression."""
    return set(re.findall(r"\bgateway_\w+", re.sub(r'"[^"]*"', "", expression)))


def test_alerts_and_panels_name_metrics_that_exist() -> None:
    rules = [
        rule
        for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
        for rule in group["rules"]
    ]
    dashboard = json.loads((DEPLOY / "grafana/gateway.json").read_text())
    expressions = [each["expr"] for each in rules]
    expressions += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    used = set().union(*map(names, expressions))
    assert used <= KNOWN
    assert len(used) > 20


def test_every_alert_is_explained() -> None:
    rules = [
        rule
        for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
        for rule in group["rules"]
    ]
    page = (ROOT / "docs" / "operating.rst").read_text()
    assert [each["alert"] for each in rules if f"``{each['alert']}``" not in page] == []
    assert all(
        each["labels"]["severity"] in ("critical", "warning") and each["annotations"]["summary"] for each in rules
    )


def promtool(*arguments: str | Path) -> None:
    """Run it; fail with what it prints."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_understands_its_files() -> None:
    """The alerts, which the configuration names, too."""
    promtool("check", "config", DEPLOY / "prometheus/scrape.yaml")


def test_prometheus_understands_the_panels(tmp_path: Path) -> None:
    dashboard = json.loads((DEPLOY / "grafana/gateway.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    # What Grafana fills in.
    filled = [re.sub(r"\[\$__\w+\]", "[5m]", re.sub(r"\$\{?(?!__)\w+\}?", ".*", each)) for each in expressions]
    assert len(filled) > 10
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(filled)]
    path = tmp_path / "panels.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", path)


def test_a_lost_redis_and_late_events_are_alerts(tmp_path: Path) -> None:
    """By promtool's own tests of rules."""
    rules = {"rule_files": [str(DEPLOY / "prometheus/alerts.yaml")], "evaluation_interval": "1m"}
    series = {
        'gateway_event_wakeups_connected{instance="a",worker="1"}': "1x9",
        'gateway_event_wakeups_connected{instance="a",worker="2"}': "1 0x8",
        'gateway_event_wakeups_connected{instance="b",worker="1"}': "1x9",
        'gateway_events_delayed_total{instance="a"}': "0+60x9",
        'gateway_events_delayed_total{instance="b"}': "0+60x9",
        'gateway_events_delay_seconds_total{instance="a"}': "0+180x9",
        'gateway_events_delay_seconds_total{instance="b"}': "0+6x9",
    }
    expected = {
        "GatewayEventsWithoutRedis": "a can't reach Redis (GATEWAY_EVENTS_URL): server events arrive later.",
        "GatewayEventsLate": "Server events reach subscribers of a more than 2 s late on average.",
    }
    alerts = [
        {
            "eval_time": "8m",
            "alertname": name,
            "exp_alerts": [
                {
                    "exp_labels": {"severity": "warning", "instance": "a"},
                    "exp_annotations": {"summary": summary},
                }
            ],
        }
        for name, summary in expected.items()
    ]
    given = [{"series": name, "values": values} for name, values in series.items()]
    test = {"interval": "1m", "input_series": given, "alert_rule_test": alerts}
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump({**rules, "tests": [test]}))
    promtool("test", "rules", path)


@pytest.mark.parametrize(("name", "count"), [("gateway.yaml", 6), ("gateway-events.yaml", 5)])
def test_kubernetes_understands_the_manifests(name: str, count: int) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    documents = [*yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text())]
    assert len(documents) >= count
    for document in documents:
        # Unknown names are refused.
        validate.validate(document, "1.33", strict=True)


def test_haproxy_understands_its_file() -> None:
    program = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("haproxy is not installed")
    path = DEPLOY / "haproxy/haproxy.cfg"
    done = subprocess.run([program, "-c", "-f", path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    # One node writes; the others take over.
    servers = re.findall(r"^    server \S+ \S+ check(.*)$", path.read_text(), re.MULTILINE)
    assert servers == ["", " backup", " backup"]


def test_units_are_understood() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    units = sorted(SYSTEMD.iterdir())
    assert [each.name for each in units] == [
        "gateway-events.service",
        "gateway-retention.service",
        "gateway-retention.timer",
        "gateway.service",
        "gateway.socket",
    ]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60)
    lines = [each for each in done.stderr.splitlines() if "gateway" in each and "is not executable" not in each]
    assert lines == []
    for unit in (each for each in units if each.suffix == ".service"):
        command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(unit)]
        assert subprocess.run(command, capture_output=True, text=True, timeout=60).returncode == 0, unit


@pytest.fixture(scope="module")
def manifests() -> dict[str, Any]:
    return _manifests("gateway.yaml")


@pytest.fixture(scope="module")
def events() -> dict[str, Any]:
    """The manifests of `gateway events`."""
    return _manifests("gateway-events.yaml")


def _manifests(name: str) -> dict[str, Any]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text())
    return {each["kind"]: each for each in documents}


def test_pods_are_locked_probed_and_configured(manifests: dict[str, Any], events: dict[str, Any]) -> None:
    variables = {field.metadata["variable"] for field in Settings.__dataclass_fields__.values()}
    for workload in (manifests["Job"], manifests["Deployment"], events["Deployment"]):
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {each["name"] for each in container["env"]} <= variables
        mounted = {each["name"] for each in container["volumeMounts"]}
        assert mounted == {each["name"] for each in pod["volumes"]}
        for each in container["env"]:
            if "valueFrom" in each:
                assert each["valueFrom"]["secretKeyRef"]["key"] in manifests["Secret"]["stringData"]
    for workload in (manifests["Deployment"], events["Deployment"]):
        pod = workload["spec"]["template"]["spec"]
        container = pod["containers"][0]
        probes = [container[each]["httpGet"] for each in ("livenessProbe", "startupProbe", "readinessProbe")]
        assert [each["path"] for each in probes] == ["/health", "/health", "/ready"]
        assert {each["port"] for each in probes} <= {each["name"] for each in container["ports"]}
        # gunicorn's 30 s, after the time in which the pod leaves the service.
        assert pod["terminationGracePeriodSeconds"] > 35


def test_the_ingress_passes_streams_to_their_pods(manifests: dict[str, Any], events: dict[str, Any]) -> None:
    (container,) = events["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["events"]
    bind = next(each["value"] for each in container["env"] if each["name"] == "GATEWAY_EVENTS_BIND")
    assert container["ports"] == [{"name": "events", "containerPort": int(bind.rpartition(":")[2])}]
    assert events["Service"]["spec"]["ports"][0]["targetPort"] == "events"
    (rule,) = events["Ingress"]["spec"]["rules"]
    assert {each["backend"]["service"]["name"] for each in rule["http"]["paths"]} == {
        events["Service"]["metadata"]["name"]
    }
    with chat(Rights({})).client() as client:
        # Those that have a route and are not operations.
        served = {
            path for path in (each["path"] for each in rule["http"]["paths"]) if client.get(path).status_code != 404
        }
    assert served == {"/event-stream", "/event-heartbeat", "/event-unregister"}
    image = manifests["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"]
    assert container["image"] == image


@pytest.mark.parametrize("name", ["manifests", "events"])
def test_manifests_select_the_same_pods(name: str, request: pytest.FixtureRequest) -> None:
    manifests = request.getfixturevalue(name)
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["Service"]["spec"]["selector"] == labels
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert manifests[kind]["spec"]["selector"]["matchLabels"] == labels
    assert manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    assert manifests["PodDisruptionBudget"]["spec"]["minAvailable"] < manifests["Deployment"]["spec"]["replicas"]
    workloads = [manifests[each] for each in ("Job", "Deployment") if each in manifests]
    assert len({each["spec"]["template"]["spec"]["containers"][0]["image"] for each in workloads}) == 1


def test_systemds_socket_is_served_and_the_start_is_notified(make_gateway: GatewayFactory, tmp_path: Path) -> None:
    program = shutil.which("systemd-socket-activate")
    if program is None:
        pytest.skip("systemd-socket-activate is not installed")
    port, metrics_port = free_port(), free_port()
    gateway = make_gateway(**FIRST_USER, GATEWAY_METRICS_BIND=f"127.0.0.1:{metrics_port}")
    gateway.environment = {**gateway.environment, "NOTIFY_SOCKET": str(tmp_path / "notify")}
    gateway.url = f"http://127.0.0.1:{port}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(60)
        passed = [f"--setenv={each}" for each in gateway.environment]
        with gateway.output.open("ab") as output:
            gateway.process = subprocess.Popen(
                [program, f"--listen=127.0.0.1:{port}", *passed, sys.executable, "-m", "gateway", "serve"],
                cwd=gateway.folder,
                env=dict(gateway.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_until(gateway.healthy, "the gateway behind systemd's socket", gateway.process)
        assert notified.recv(1000).startswith(b"READY=1")
    with socket.create_connection(("127.0.0.1", metrics_port), 10) as connection:
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert b"200 OK" in connection.recv(1000)
    assert end(gateway.process) == 0
