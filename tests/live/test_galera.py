"""Gateways on the nodes of a Galera cluster: acknowledged changes are on every node, even if nodes are killed, join and are suspended."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Sequence

from tests.databases import Galera, new_database
from tests.live.test_killed import check, under_load
from tests.live.test_nodes import SHARED
from tests.servers import GatewayFactory, wait_until

NAME = "gateway"


def test_one_killed_one_joining_one_stopped(make_gateway: GatewayFactory, galera_nodes: Sequence[Galera]) -> None:
    """Each gateway prefers a different node, and knows the others."""
    nodes = galera_nodes
    new_database(nodes[0].url, NAME)

    def url(*order: int) -> str:
        return f"mysql://root@{','.join(f'127.0.0.1:{nodes[index].port}' for index in order)}/{NAME}"

    gateways = [
        make_gateway(
            GATEWAY_DATABASE_URL=url(first, (first + 1) % 3, (first + 2) % 3),
            GATEWAY_GALERA_SYNC="true",
            **{**SHARED, "GATEWAY_WORKERS": "1"},
        )
        for first in range(3)
    ]
    gateways[0].command("migrate")
    for gateway in gateways:
        gateway.start()

    def kill() -> None:
        nodes[0].stop(signal.SIGKILL)

    def join() -> None:
        """Let the node return without data, and get the state of another node."""
        shutil.rmtree(nodes[0].folder / "data")
        nodes[0].cluster = (nodes[1], nodes[2])
        nodes[0].start()

    def stop() -> None:
        assert nodes[1].process is not None
        nodes[1].process.send_signal(signal.SIGSTOP)

    def go_on() -> None:
        assert nodes[1].process is not None
        nodes[1].process.send_signal(signal.SIGCONT)

    clients = under_load([kill, join, stop, go_on], *gateways, clustered=True)
    wait_until(nodes[1].ready, "the node that was stopped", nodes[1].process)
    assert all(gateway.healthy() for gateway in gateways)
    assert sum(client.statuses[200] for client in clients) > 0
    for index in range(3):
        check(url(index), clients, sync_wait=True)
