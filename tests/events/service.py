"""A service that says things in rooms, with a view and with rights that change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway import SIGNED_IN, Context, Credentials, Dto, Events, Instance, Principal, Service, fields
from models import Unit

NAMESPACE = "Tests.Events"


class Said(Dto):
    text = fields.String()
    room = fields.String()
    secret = fields.String()


class Plain(Dto):
    text = fields.String()


class Say(Dto):
    text = fields.String()
    room = fields.String()
    user = fields.String()
    secret = fields.String()
    fail = fields.Boolean()


@dataclass
class Rights:
    """Whom the service knows, by the token that they show."""

    users: dict[str, Principal] = field(default_factory=dict)

    def authenticate(self, credentials: Credentials) -> Principal | None:
        return self.users.get(credentials.bearer)


def apply_view(caller: Principal | None, _unit: Unit, message: Instance) -> Instance | None:
    """Clerks see everything, others no secret, and Mallory nothing."""
    assert caller is not None
    if caller.user_id == "mallory":
        return None
    if "Clerk" not in caller.roles:
        message.secret = None
    return message


def may_know(caller: Principal | None, subject: Any) -> bool:
    """Nobody knows of Mallory."""
    return bool(subject["user_id"] != "mallory")


def chat(rights: Rights) -> Service:
    """The service."""
    service = Service("Chat", roles=["Clerk"], authenticate=rights.authenticate)
    service.use(Events(shows={Said: apply_view}, knows=may_know))

    @service.post("/say", returns=Said, access=SIGNED_IN)
    class _Say(Say):
        pass

    @service.handles(_Say)
    def say(request: Any, context: Context) -> Instance:
        message = Said.new(text=request.text, room=request.room, secret=request.secret)
        context.events.publish("chat.said", message, channel=request.room or None, user=request.user or None)
        if request.fail:
            raise RuntimeError
        return message

    return service
