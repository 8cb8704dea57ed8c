"""Requests that are done once, by the key that their client gave them."""

from __future__ import annotations

from typing import Any

from models.database import Unit
from models.rows import Table
from models.statements import Statement, insert_or_lock, param
from models.tables import IdempotencyKey

_KEYS = Table(IdempotencyKey)
_CLAIM = insert_or_lock(IdempotencyKey, ("user_id", "operation", "key", "date_created"))
_NAMES = ("user_id", "operation", "key")
_IS_OLD = IdempotencyKey.date_created < param("before")


def _old() -> Any:
    columns = (getattr(IdempotencyKey, name) for name in _NAMES)
    return IdempotencyKey.select(*columns).where(_IS_OLD).order_by(IdempotencyKey.date_created).limit(_SWEPT)


# Keys that are over are deleted one by one, and those that another unit has in its hands are left: a DELETE of all would wait for them.
_OLD = Statement(_old, lambda: _old().for_update(skip_locked=True))
_FORGET = Statement(
    lambda: IdempotencyKey.delete().where(_IS_OLD, *(getattr(IdempotencyKey, name) == param(name) for name in _NAMES))
)
#: Keys that one call deletes at most, though it adds but one.
_SWEPT = 10


def claim(unit: Unit, *, user_id: str, operation: str, key: str, now: str, oldest: str) -> str | None:
    """The result that the key has already; None where the caller is the first, who must `keep` a result in this unit of work.

    A second caller at the same time waits until the first one's unit of work has ended; callers with other keys wait for nobody.

    :param oldest: an instant; what was kept before it is forgotten.
    """
    whose = {"user_id": user_id, "operation": operation, "key": key}
    # Where the key is another unit's that has not ended, this waits for its end.
    claimed = _CLAIM.execute(unit, **whose, date_created=now)
    if claimed.rowcount != 1:
        found = _KEYS.find(unit, **whose)
        if found.date_created >= oldest:
            return str(found.result)
        _KEYS.update(unit, whose, date_created=now, result=None)
    for old in _OLD.rows(unit, before=oldest):
        _FORGET.execute(unit, **dict(zip(_NAMES, old, strict=True)), before=oldest)
    return None


def keep(unit: Unit, *, user_id: str, operation: str, key: str, result: str) -> None:
    """Keep the result for the next callers."""
    _KEYS.update(unit, {"user_id": user_id, "operation": operation, "key": key}, result=result)
