"""gateway backup and gateway restore, as operators call them, beside a running server."""

from __future__ import annotations

from tests.live.sessions import create, names
from tests.servers import FIRST_USER, GatewayFactory


def test_a_running_server_is_copied_and_put_back(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(**FIRST_USER, GATEWAY_WORKERS="1")
    missing = gateway.attempt("backup", "copy.db")
    assert missing.returncode == 1
    assert "There is no database" in missing.stderr
    gateway.start()
    first = create(gateway, "first")
    backup = gateway.attempt("backup", "copy.db")
    assert backup.returncode == 0, backup.stderr
    assert "gateway.db.secret" in backup.stderr
    assert "--replace" in gateway.attempt("backup", "copy.db").stderr
    create(gateway, "second")
    assert "--replace" in gateway.attempt("restore", "copy.db").stderr
    gateway.command("restore", "copy.db", "--replace")
    assert names(gateway, first) == ["first"]
    # A fire: nothing is left but the copy and the secret.
    gateway.stop()
    secret = (gateway.folder / "gateway.db.secret").read_text()
    for path in gateway.folder.glob("gateway.db*"):
        path.unlink()
    gateway.command("restore", "copy.db")
    (gateway.folder / "gateway.db.secret").write_text(secret)
    gateway.start()
    assert names(gateway, first) == ["first"]
