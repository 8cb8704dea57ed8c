"""Requests that are done once, by the key that their client gave them."""

from __future__ import annotations

from models.database import Unit
from models.rows import Table
from models.statements import Statement, insert_or_lock, param
from models.tables import IdempotencyKey

_KEYS = Table(IdempotencyKey)
_CLAIM = insert_or_lock(IdempotencyKey, ("user_id", "operation", "key", "date_created"))
_SWEEP = Statement(lambda: IdempotencyKey.delete().where(IdempotencyKey.date_created < param("before")))


def claim(unit: Unit, *, user_id: str, operation: str, key: str, now: str, oldest: str) -> str | None:
    """The result that the key has already; None where the caller is the first, who must `keep` a result in this unit of work.

    A second caller at the same time waits until the first one's unit of work has ended.

    :param oldest: an instant; what was kept before it is forgotten.
    """
    _SWEEP.execute(unit, before=oldest)
    # Where the key is another unit's that has not ended, this waits for its end.
    claimed = _CLAIM.execute(unit, user_id=user_id, operation=operation, key=key, date_created=now)
    if claimed.rowcount == 1:
        return None
    return str(_KEYS.find(unit, user_id=user_id, operation=operation, key=key).result)


def keep(unit: Unit, *, user_id: str, operation: str, key: str, result: str) -> None:
    """Keep the result for the next callers."""
    _KEYS.update(unit, {"user_id": user_id, "operation": operation, "key": key}, result=result)
