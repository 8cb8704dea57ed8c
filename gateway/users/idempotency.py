"""Calls that are done once: a repeated Idempotency-Key gets the first result again.

The call's unit of work stores the key and the result, so a failed call may be repeated. Only hashes of the key and of the request are
stored. The request's hash depends on the key, so that guesses of a password in the request can't be tested against it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.calls import Context, Principal, instant
from gateway.contract.catalog import Catalog, Operation
from gateway.errors import Conflict, FieldError, IdempotencyKeyReused, KeyInProgress, NotFound, ValidationFailed
from gateway.replies import Content
from gateway.transactions import unit_of_work
from models import Database
from models.users import idempotency

#: Time for which a key is stored.
REMEMBERED = timedelta(hours=24)
#: Time after which a claim without a result is lost: its worker has died.
LOST = timedelta(minutes=1)
#: Maximum length of a key.
LONGEST_KEY = 255
#: Maximum length of a stored result, in characters.
LONGEST_RESULT = 256 * 1024


@dataclass(frozen=True, slots=True)
class StoredResult:
    """The stored result of the first call.

    :ivar request: the keyed hash of the request's values.
    :ivar values: the result (`Operation.write_kept`); None without a result, or when it was too long to store.
    :ivar version: the version of the result, for its ETag.
    :ivar accounts: the caller's accounts at that time.
    :ivar roles: the caller's roles at that time.
    :ivar status: the status that the handler set, or None.
    :ivar headers: the headers that it set.
    """

    request: str
    values: str | None
    complete: bool
    version: int | None
    accounts: list[str]
    roles: list[str]
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


def applies(operation: Operation, context: Context) -> bool:
    """Return whether a call is done once."""
    return bool(context.idempotency_key) and operation.idempotent and context.caller is not None


@dataclass(frozen=True, slots=True)
class Keys:
    """Remembers the calls in a database."""

    database: Database

    def call(self, catalog: Catalog, operation: Operation, values: Mapping[str, Any], context: Context) -> Any:
        """Return the result of an operation, or of the first call by the same user under the same key within 24 hours.

        :raises ValidationFailed: when the key is too long, or the values break a rule.
        :raises IdempotencyKeyReused: when the first call had other values.
        :raises Conflict: when the first call is in progress, or its result was too long to store.
        :raises NotFound: when the caller lost the right to see the first result.
        """
        if not applies(operation, context):
            return catalog.call(operation, values, context)
        key = context.idempotency_key or ""
        if len(key) > LONGEST_KEY:
            message = f"An Idempotency-Key has at most {LONGEST_KEY} characters."
            raise ValidationFailed(operation.name, [FieldError("Length", "Idempotency-Key", message)])
        now = datetime.fromisoformat(context.now)
        request = _request_hash(key, values)
        owner = _get_owner(operation, context)
        try:
            stored_text = idempotency.claim(
                context.unit, **owner, now=context.now, oldest=instant(now - REMEMBERED), lost=instant(now - LOST)
            )
        except idempotency.InProgress:
            raise KeyInProgress from None
        if stored_text is not None:
            return _repeat_result(operation, StoredResult(**json.loads(stored_text)), request, context)
        result = catalog.call(operation, values, context)
        idempotency.keep(context.unit, **owner, result=_write_result(operation, result, request, context))
        return result

    def release(self, operation: Operation, context: Context) -> None:
        """Forget the claim of a call that failed after a part of its unit of work was committed."""
        with unit_of_work(self.database) as unit:
            idempotency.forget(unit, **_get_owner(operation, context))


def _get_owner(operation: Operation, context: Context) -> dict[str, str]:
    key = (context.idempotency_key or "").encode("utf-8", "surrogatepass")
    return {
        "user_id": context.principal.user_id,
        "operation": operation.name,
        "key": hashlib.sha256(key).hexdigest(),
    }


def _request_hash(key: str, values: Mapping[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, default=str)
    return hmac.new(key.encode("utf-8", "surrogatepass"), text.encode("ascii"), hashlib.sha256).hexdigest()


def _write_result(operation: Operation, result: Any, request: str, context: Context) -> str:
    caller, reply = context.principal, context.reply
    # Content that is sent unchanged may have any size, and may be read later. A redirect consists of its headers.
    is_content = isinstance(result, Content)
    values = None if result is None or operation.response is None or is_content else operation.write_kept(result)
    version = operation.stored_version(result)
    rights = {"accounts": list(caller.account_ids), "roles": sorted(caller.roles)}
    record = {
        "request": request,
        "values": values,
        "complete": not is_content or result.data == b"",
        "version": version,
        **rights,
    }
    if reply is not None:
        record |= {"status": reply.status, "headers": dict(reply.headers)}
    text = json.dumps(record)
    return text if len(text) <= LONGEST_RESULT else json.dumps({**record, "values": None, "complete": False})


def _repeat_result(operation: Operation, stored: StoredResult, request: str, context: Context) -> Any:
    """Return the first result. Raises IdempotencyKeyReused, NotFound, Conflict."""
    if not hmac.compare_digest(stored.request, request):
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used for another request. Take a new key for a new request."
        )
    if not stored.complete:
        words = "The request was done before; its result was too long to keep. Read it again."
        raise Conflict(words, error_code="IdempotentResultNotKept")
    caller = context.principal
    if stored.status is not None:
        context.status = stored.status
    if stored.headers:
        context.headers.update(stored.headers)
    if stored.values is None or operation.response is None:
        return None
    if _has_lost_rights(stored, caller, operation.access.administrator if operation.access else ""):
        raise NotFound("The request was done before, but you may no longer see its result.")
    result = operation.read_kept(stored.values)
    if stored.version is not None:
        result.version = stored.version
    return result


def _has_lost_rights(stored: StoredResult, caller: Principal, administrator: str) -> bool:
    """Return whether the caller has fewer rights than at the first call, and the result may need the lost ones."""
    if administrator in caller.roles:
        return False
    if not caller.roles.issuperset(stored.roles):
        return True
    lost_accounts = set(stored.accounts).difference(caller.account_ids)
    text = stored.values or "" if lost_accounts else ""
    return any(f'"{account}"' in text for account in lost_accounts)
