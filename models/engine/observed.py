"""Observe units of work, for example for traces. A database without an observer has no overhead."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

from models.engine.database import Budget, Database, Unit
from models.engine.pool import Held, Run


class Observation(Protocol):
    """A running transaction."""

    def statement(self, sql: str, began: int, ended: int) -> None:
        """Record a statement: its text without values, and when it began and ended, in nanoseconds since 1970. A statement ends when its
        first row can be read."""
        ...

    def end(self, outcome: str) -> None:
        """Record how the transaction ended: ``committed``, ``rolled back``, ``failed`` or ``unknown``. Called once."""
        ...


class Observer(Protocol):
    """An observer of transactions."""

    def transaction(self, dialect: str, *, writes: bool) -> Observation | None:
        """Record the beginning of a transaction and return its observation; None if it is not observed."""
        ...


def observe(database: Database, observer: Observer) -> None:
    """Report the transactions of a database from now on."""
    database.unit_type = partial(_ObservedUnit, observer)


class _ObservedUnit(Unit):
    """A unit of work that reports its transactions. A suspended unit has several."""

    __slots__ = ("_observation", "_observer", "_outcome")

    def __init__(self, observer: Observer, database: Database, writes: bool, budget: Budget | None = None) -> None:
        super().__init__(database, writes, budget)
        self._observer = observer
        self._observation: Observation | None = None
        self._outcome = ""

    def __enter__(self) -> Unit:
        self._observation = self._observer.transaction(self.dialect, writes=self.writes)
        # A transaction that fails to begin is rolled back, too.
        self._outcome = "failed"
        try:
            super().__enter__()
        except BaseException:
            self._end("failed")
            raise
        self._outcome = "rolled back"
        self._time_statements()
        return self

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each row of values. Raises Duplicate and Unavailable."""
        start = time.time_ns()
        try:
            super().execute_many(sql, rows)
        finally:
            if self._observation is not None:
                self._observation.statement(sql, start, time.time_ns())

    def _time_statements(self) -> None:
        if self._observation is not None:
            self.run, self.peek = _time_runs(self.run, self._observation), _time_runs(self.peek, self._observation)

    def _renew(self, held: Held) -> None:
        super()._renew(held)
        self._time_statements()

    def _count(self, outcome: str) -> None:
        super()._count(outcome)
        self._outcome = outcome

    def _commit(self) -> None:
        self._outcome = "committed"
        try:
            super()._commit()
        except BaseException:
            self._end("failed" if self._outcome == "committed" else self._outcome)
            raise
        self._end(self._outcome)

    def _roll_back(self) -> None:
        outcome = self._outcome
        try:
            super()._roll_back()
        finally:
            self._end(outcome)

    def _end(self, outcome: str) -> None:
        observation, self._observation = self._observation, None
        if observation is not None:
            observation.end(outcome)


def _time_runs(run: Run, observation: Observation) -> Run:
    def run_timed(sql: str, values: Sequence[Any]) -> Any:
        start = time.time_ns()
        try:
            return run(sql, values)
        finally:
            observation.statement(sql, start, time.time_ns())

    return run_timed
