"""Compare several processes that store new sessions in SQLite at once with one process.

    python benchmarks/writers.py [--rounds N] [--seconds S] [--threads N]

Each process stores sessions with two members from several threads, all in one file. The numbers of processes are interleaved. A ratio is
the median of the rounds' ratios of sessions per second; the longest wait is that of one session in all rounds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import threading
import time
from itertools import count
from multiprocessing.queues import Queue
from pathlib import Path

from storage import make_lines, make_members, make_values

from models import connect
from models.engine import migrations
from models.sessions import ROWS as SESSIONS
from models.sessions import session
from models.users import ROWS as USERS

PROCESSES = (1, 2, 4)


def store(url: str, threads: int, begin: float, seconds: float, results: Queue[tuple[int, float]]) -> None:
    """Store sessions from several threads for some seconds. Put the number of sessions and the longest wait into the queue."""
    database = connect(url)
    numbers = count()
    waits: list[float] = []

    def run() -> None:
        time.sleep(max(0.0, begin - time.time()))
        while (now := time.time()) < begin + seconds:
            number = next(numbers)
            with database.unit_of_work() as unit:
                session.insert(unit, make_values(number), make_members(number, 2), make_lines(number, 1))
            waits.append(time.time() - now)

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    database.dispose()
    results.put((len(waits), max(waits)))


def measure_rate(folder: Path, processes: int, threads: int, seconds: float) -> tuple[float, float]:
    """Return sessions per second, and the longest wait."""
    url = f"sqlite:///{folder / f'{time.monotonic_ns()}.db'}"
    database = connect(url)
    migrations.apply(database, (USERS, SESSIONS))
    database.dispose()
    context = multiprocessing.get_context("spawn")
    queue: Queue[tuple[int, float]] = context.Queue()
    begin = time.time() + 1.5
    children = [context.Process(target=store, args=(url, threads, begin, seconds, queue)) for _ in range(processes)]
    for child in children:
        child.start()
    results = [queue.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    return sum(number for number, _ in results) / seconds, max(wait for _, wait in results)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--threads", type=int, default=8)
    arguments = parser.parse_args()
    ratios: dict[int, list[float]] = {number: [] for number in PROCESSES}
    longest = dict.fromkeys(PROCESSES, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.rounds):
            rates = {}
            for processes in PROCESSES[:: 1 if number % 2 else -1]:
                rates[processes], wait = measure_rate(Path(folder), processes, arguments.threads, arguments.seconds)
                longest[processes] = max(longest[processes], wait)
            for processes, rate in rates.items():
                ratios[processes].append(rate / rates[1])
    for processes in PROCESSES:
        ratio = statistics.median(ratios[processes])
        print(f"{processes} processes: {ratio:.2f} of one, longest wait {longest[processes] * 1000:.0f} ms")


if __name__ == "__main__":
    main()
