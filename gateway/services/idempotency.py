"""Calls that are done once: what a client repeats under the same Idempotency-Key gets the first result again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from gateway.contract.catalog import Operation
from gateway.errors import FieldError, ValidationFailed
from gateway.services.context import Context, instant
from models import idempotency

#: How long a key is remembered.
REMEMBERED = timedelta(hours=24)
#: Characters of a key.
LONGEST_KEY = 255


def once(operation: Operation, context: Context, run: Callable[[], Any]) -> Any:
    """The result of `run`, or of the first call of the operation by the same user under the same key within 24 hours.

    The key and the result are stored in the call's own unit of work, so a call that failed may be repeated.
    Raises ValidationFailed for a key that is too long.
    """
    key = context.idempotency_key
    if not key:
        return run()
    if len(key) > LONGEST_KEY:
        message = f"An Idempotency-Key has at most {LONGEST_KEY} characters."
        raise ValidationFailed(operation.name, [FieldError("Length", "Idempotency-Key", message)])
    oldest = instant(datetime.fromisoformat(context.now) - REMEMBERED)
    whose = {"user_id": context.principal.user_id, "operation": operation.name, "key": key}
    known = idempotency.claim(context.unit, **whose, now=context.now, oldest=oldest)
    if known is not None:
        assert operation.returns is not None
        return operation.returns.instance(operation.returns.schema().load(json.loads(known)))
    result = run()
    idempotency.keep(context.unit, **whose, result=json.dumps(operation.dump(result)))
    return result
