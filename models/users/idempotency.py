"""Idempotency keys: requests that run once, by the key that the client sends."""

from __future__ import annotations

from typing import Any

from models.engine.database import Unit
from models.engine.errors import StorageError, Unavailable
from models.engine.failures import is_locked
from models.engine.rows import Table
from models.engine.statements import Statement, insert_or_lock, param
from models.users.tables import IdempotencyKey

_KEYS = Table(IdempotencyKey)
_CLAIM = insert_or_lock(IdempotencyKey, ("user_id", "operation", "key", "date_created"))
_NAMES = ("user_id", "operation", "key")
_IS_OLD = IdempotencyKey.date_created < param("before")
#: Keys that one call deletes at most.
_SWEPT = 10


def _match_key() -> tuple[Any, ...]:
    return tuple(getattr(IdempotencyKey, name) == param(name) for name in _NAMES)


def _select_key() -> Any:
    return IdempotencyKey.select(IdempotencyKey.result, IdempotencyKey.date_created).where(*_match_key())


def _select_old() -> Any:
    columns = (getattr(IdempotencyKey, name) for name in _NAMES)
    return IdempotencyKey.select(*columns).where(_IS_OLD).order_by(IdempotencyKey.date_created).limit(_SWEPT)


# A row that another unit has just inserted is locked: this statement fails at once instead of waiting for it or missing it.
_KNOWN = Statement(_select_key, lambda: _select_key().for_update(nowait=True))
# NOTE: a search that locks would lock the oldest key that is still in use, too: MariaDB keeps the lock of the row where a search ends.
_OLD = Statement(_select_old)
# Expired keys are deleted one by one, except those that another unit has locked: a DELETE of all would wait for them.
_FREE = Statement(_select_key, lambda: _select_key().for_update(skip_locked=True))
_FORGET_OLD = Statement(lambda: IdempotencyKey.delete().where(_IS_OLD, *_match_key()))
_FORGET = Statement(lambda: IdempotencyKey.delete().where(*_match_key()))


class InProgress(StorageError):
    """Another unit of work has claimed the key and has not ended."""


def claim(
    unit: Unit, *, user_id: str, operation: str, key: str, now: str, oldest: str, lost: str | None = None
) -> str | None:
    """Claim a key. Return its result, or None for the first caller, who must `keep` a result in this unit of work.

    On SQLite, and in the instant between a look and a claim, a second caller waits until the first one's unit of work has ended.
    Callers with other keys do not wait.

    :param oldest: an instant; results stored before it are deleted.
    :param lost: an instant; a claim before it without a result was abandoned. `oldest` if omitted.
    :raises InProgress: when another unit of work has claimed the key, and has neither kept a result nor been lost.
    """
    key_columns = {"user_id": user_id, "operation": operation, "key": key}
    row = _read_claim(unit, key_columns)
    if row is None:
        cursor = _CLAIM.execute(unit, **key_columns, date_created=now)
        row = None if cursor.rowcount == 1 else _read_claim(unit, key_columns)
    if row is not None:
        result, date_created = row
        if date_created >= oldest and result is not None:
            return str(result)
        if result is None and date_created >= (lost or oldest):
            raise InProgress
        _KEYS.update(unit, key_columns, date_created=now, result=None)
    for values in _OLD.rows(unit, before=oldest):
        old_columns = dict(zip(_NAMES, values, strict=True))
        if _FREE.row(unit, **old_columns) is not None:
            _FORGET_OLD.execute(unit, **old_columns, before=oldest)
    return None


def _read_claim(unit: Unit, key_columns: dict[str, str]) -> Any:
    try:
        return _KNOWN.row(unit, **key_columns)
    except Unavailable as error:
        if error.__cause__ is not None and is_locked(error.__cause__):
            raise InProgress from error
        raise


def keep(unit: Unit, *, user_id: str, operation: str, key: str, result: str) -> None:
    """Keep the result for the next callers."""
    _KEYS.update(unit, {"user_id": user_id, "operation": operation, "key": key}, result=result)


def forget(unit: Unit, *, user_id: str, operation: str, key: str) -> None:
    """Delete a key and its claim."""
    _FORGET.execute(unit, user_id=user_id, operation=operation, key=key)
