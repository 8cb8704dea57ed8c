"""What is shipped around the gateway, read by the tools that it is for."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from gateway.redis_address import parse
from gateway.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "gateway.service"


def test_the_unit_exposes_little() -> None:
    """At most 2.0 of 10 by systemd's own measure."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    found = re.search(r"Overall exposure level for gateway.service: ([0-9.]+)", done.stdout)
    assert found is not None
    assert float(found[1]) <= 2.0


def test_the_unit_is_understood() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True, timeout=60)
    lines = [each for each in done.stderr.splitlines() if "gateway.service" in each]
    assert [each for each in lines if "is not executable" not in each] == []


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_docker_compose_understands_its_file(tmp_path: Path) -> None:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed")
    # Debian's version 1 lacks one option of version 2.
    text, number = re.subn(r"(condition: service_\w+), restart: true", r"\1", (DEPLOY / "compose.yaml").read_text())
    assert number == 2
    (tmp_path / "compose.yaml").write_text(text)
    command = [
        program,
        "--project-directory",
        str(DEPLOY),
        "--file",
        str(tmp_path / "compose.yaml"),
        "config",
        "--quiet",
    ]
    secrets = {"GATEWAY_SECRET": "s" * 40, "DATABASE_PASSWORD": "p"}
    for given, status in ((secrets, 0), ({}, 1)):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **given}
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
        assert done.returncode == status, done.stderr
    assert "set DATABASE_PASSWORD" in done.stderr


def test_the_dockerfile_has_no_faults() -> None:
    """By hadolint, whose advice counts, too."""
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([program, "--no-color", DEPLOY / "Dockerfile"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_container_is_locked(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
    assert {name for name, service in compose["services"].items() if "ports" in service} == {"nginx"}
    assert "cap_add" not in compose["services"]["gateway"]


def test_only_nginx_reaches_the_gateway(compose: Any) -> None:
    for name in ("gateway", "events"):
        service = compose["services"][name]
        assert service["network_mode"] == "service:nginx"
        assert service["environment"]["GATEWAY_BIND"] == "127.0.0.1:8000"
        assert service["environment"]["GATEWAY_TRUSTED_PROXIES"] == "127.0.0.1"
    assert compose["networks"]["storage"]["internal"] is True
    assert "GATEWAY_BIND=127.0.0.1:8000" in (DEPLOY / "Dockerfile").read_text()


def test_a_process_of_its_own_serves_events_behind_nginx(compose: Any) -> None:
    """nginx includes the upstream of the process, whose address is the default, and both processes know the Redis of this file."""
    services = compose["services"]
    assert services["events"]["command"] == ["events"]
    included = "./nginx/gateway-events.conf:/etc/nginx/gateway-events.conf:ro"
    assert included in services["nginx"]["volumes"]
    assert "include gateway-events.con[f];" in (DEPLOY / "nginx/gateway.conf").read_text()
    assert f"server {Settings.defaults().events_bind} " in (DEPLOY / "nginx/gateway-events.conf").read_text()
    for name in ("gateway", "events"):
        assert parse(services[name]["environment"]["GATEWAY_EVENTS_URL"]).host in services
    assert services["redis"]["networks"] == services["database"]["networks"] == ["storage"]


def test_volumes_are_of_files_that_are_there(compose: Any) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (DEPLOY / source).is_file(), volume


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert all((ROOT / each).exists() for each in kept)
    text = (DEPLOY / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert source == "." or source in kept
    for each in re.findall(r"-r (\S+)", text):
        assert each in kept


def pinned(name: str) -> dict[str, Requirement]:
    """The requirements of a lock file by name."""
    text = (DEPLOY / name).read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        assert hashes, line
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each.strip()) for each in hashes)
        parsed = Requirement(requirement)
        assert str(parsed.specifier).startswith("=="), line
        found[parsed.name.lower()] = parsed
    return found


@pytest.mark.parametrize("name", ["requirements.txt", "build-requirements.txt"])
def test_lock_files_name_versions_and_hashes_and_no_place(name: str) -> None:
    assert pinned(name)
    assert "://" not in (DEPLOY / name).read_text()


def test_the_lock_file_has_what_the_package_needs() -> None:
    """In the versions that setup.cfg allows: `make lock` writes it anew."""
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]
    runtime = [text for name, text in extras.items() if name not in ("test", "docs", "check")]
    lines = "\n".join([setup["options"]["install_requires"], *runtime]).splitlines()
    locked = pinned("requirements.txt")
    for wanted in (Requirement(line) for line in lines if line.strip()):
        version = str(locked[wanted.name.lower()].specifier).removeprefix("==")
        assert wanted.specifier.contains(version), wanted
