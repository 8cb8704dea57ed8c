"""Addresses of databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import connect
from models.engine import address
from models.engine.address import Host, MysqlAddress, SqliteAddress, parse


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///gateway.db", "gateway.db"),
        ("sqlite:////var/lib/gateway.db", "/var/lib/gateway.db"),
        ("sqlite:///with%20blank%25%3F%23.db", "with blank%?#.db"),
        ("sqlite:///a,b@c:d.db", "a,b@c:d.db"),
    ],
)
def test_files(url: str, path: str) -> None:
    assert parse(url) == SqliteAddress(path)
    assert address.find_sqlite_path(url) == Path(path)


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ("h", [("h", 3306)]),
        ("h:3307", [("h", 3307)]),
        ("", [("localhost", 3306)]),
        ("a,b,c", [("a", 3306), ("b", 3306), ("c", 3306)]),
        ("a:1,b,[::1]:65535,[fe80::1]", [("a", 1), ("b", 3306), ("::1", 65535), ("fe80::1", 3306)]),
    ],
)
def test_hosts(hosts: str, expected: list[tuple[str, int]]) -> None:
    parts = parse(f"mysql://u:p@{hosts}/db")
    assert isinstance(parts, MysqlAddress)
    assert list(parts.hosts) == [Host(*host) for host in expected]
    assert (parts.user, parts.password, parts.database) == ("u", "p", "db")
    assert address.find_sqlite_path(f"mysql://u:p@{hosts}/db") is None


def test_escapes() -> None:
    parts = parse("mariadb://u%40x:p%3A%2F%3F%23%25@h/d%2Fb?init_command=SET%20wait_timeout%3D9")
    assert isinstance(parts, MysqlAddress)
    assert (parts.user, parts.password) == ("u@x", "p:/?#%")
    assert parts.init_command == "SET wait_timeout=9"


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("postgresql://x/y", "the scheme 'postgresql' is none of sqlite, mysql, mariadb"),
        ("x.db", "scheme ''"),
        ("", "scheme ''"),
        ("mysql+pool://h/x", "scheme 'mysql"),
        ("sqlite://", "is a file"),
        ("sqlite:///:memory:", "is a file"),
        ("sqlite://host/x.db", "has no host: write sqlite:///host/x.db"),
        ("sqlite:///x.db?mode=ro", "has no options"),
        ("sqlite:///x%00.db", "NUL"),
        ("mysql://h/", "names no database"),
        ("mysql://h", "names no database"),
        ("mysql://u:a/b@h/x", "%2F"),
        ("mysql://h:abc/x", "the port of the host 'h' is not a number"),
        ("mysql://h:/x", "the port of the host 'h'"),
        ("mysql://a:3306,b:70000/x", "the port of the host 'b'"),
        ("mysql://a,b:0/x", "the port of the host 'b'"),
        ("mysql://a:1:2/x", "the port of the host 'a'"),
        ("mysql://::1/x", "host ''"),
        ("mysql://[::1/x", "Invalid IPv6"),
        ("mysql://a b/x", "'a b' is not a host"),
        ("mysql://h/x?nonsense=1", "the option 'nonsense' is none of bind_address, "),
        ("mysql://h/x?ssl_ca=/none.pem", "the option ssl_ca names the file '/none.pem': No such file"),
        ("mysql://h/x?ssl_key=", "the option ssl_key names the file ''"),
        ("mysql://h/x?ssl_verify_cert=maybe", "neither true nor false"),
        ("mysql://h/x?max_allowed_packet=big", "not a number"),
        ("mysql://h/x?charset=latin1", "the option charset is always utf8mb4"),
        ("mysql://h/x?sql_mode=ANSI", "the option sql_mode can't be set"),
        ("mysql://h/x?read_timeout=5", "the option read_timeout can't be set"),
        ("mysql://h/x?init_command=SET%20NAMES%20latin1", "the option init_command can't change NAMES"),
        ("mysql://h/x?init_command=SET%20sql_mode%3D%27%27", "can't change sql_mode"),
        ("mysql://h/x?init_command=", "is empty"),
        ("mysql://h/x?ssl_ca=/etc/passwd&ssl_ca=/etc/passwd", "given twice"),
    ],
)
def test_addresses_that_are_none(url: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r".") as error_info:
        connect(url)
    assert wrong in str(error_info.value)
    assert "\n" not in str(error_info.value)


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ValueError, match="the driver refuses an option"):
        connect(f"mysql://h/x?ssl_ca={tmp_path}/ca.pem")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///x@y.db", "sqlite:///x@y.db"),
        ("mysql://h/x", "mysql://h/x"),
        ("mysql://u@h/x", "mysql://u@h/x"),
        ("mysql://u:p@a,b/x", "mysql://u:(hidden)@a,b/x"),
        ("mysql://u:p:@q@h/x", "mysql://u:(hidden)@h/x"),
        ("mysql://h/x?ssl_key_password=p&ssl_disabled=0", "mysql://h/x?ssl_key_password=(hidden)&ssl_disabled=0"),
    ],
)
def test_secrets_are_hidden(url: str, shown: str) -> None:
    assert address.hide_secrets(url) == shown
