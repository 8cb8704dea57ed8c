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
    done = subprocess.run([program, "check", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_understands_its_files() -> None:
    """The alerts, which the configuration names, too."""
    promtool("config", DEPLOY / "prometheus/scrape.yaml")


def test_prometheus_understands_the_panels(tmp_path: Path) -> None:
    dashboard = json.loads((DEPLOY / "grafana/gateway.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    # What Grafana fills in.
    filled = [re.sub(r"\[\$__\w+\]", "[5m]", re.sub(r"\$\{?(?!__)\w+\}?", ".*", each)) for each in expressions]
    assert len(filled) > 10
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(filled)]
    path = tmp_path / "panels.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("rules", path)


def test_kubernetes_understands_the_manifests() -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    documents = [*yaml.safe_load_all((DEPLOY / "kubernetes/gateway.yaml").read_text())]
    assert len(documents) >= 6
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
    documents = yaml.safe_load_all((DEPLOY / "kubernetes/gateway.yaml").read_text())
    return {each["kind"]: each for each in documents}


def test_pods_are_locked_probed_and_configured(manifests: dict[str, Any]) -> None:
    variables = {field.metadata["variable"] for field in Settings.__dataclass_fields__.values()}
    for kind in ("Job", "Deployment"):
        pod = manifests[kind]["spec"]["template"]["spec"]
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
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert container["livenessProbe"]["httpGet"]["path"] == container["startupProbe"]["httpGet"]["path"] == "/health"
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    # gunicorn's 30 s, after the time in which the pod leaves the service.
    assert pod["terminationGracePeriodSeconds"] > 35


def test_manifests_select_the_same_pods(manifests: dict[str, Any]) -> None:
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["Service"]["spec"]["selector"] == labels
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert manifests[kind]["spec"]["selector"]["matchLabels"] == labels
    assert manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    assert manifests["PodDisruptionBudget"]["spec"]["minAvailable"] < manifests["Deployment"]["spec"]["replicas"]
    images = {manifests[each]["spec"]["template"]["spec"]["containers"][0]["image"] for each in ("Job", "Deployment")}
    assert len(images) == 1


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
