"""The operations on subscriptions, as ServiceStack's clients call them."""

from __future__ import annotations

from gateway.contract import fields
from gateway.contract.dto import Dto
from gateway.contract.responses import ResponseStatus

NAMESPACE = "http://schemas.servicestack.net/types"


class GetEventSubscribers(Dto):
    """List the subscribers of event streams"""

    ordered = True
    interfaces = ("IGet",)

    channels = fields.List(fields.String(), "Return only subscribers of these channels")


class UpdateEventSubscriberResponse(Dto):
    """The channels of a subscription were changed"""

    ordered = True

    response_status = fields.Nested(ResponseStatus, "The error, if any")


class UpdateEventSubscriber(Dto):
    """Change the channels of a subscription"""

    ordered = True
    interfaces = ("IPost",)

    id = fields.String("The ID of the subscription")
    subscribe_channels = fields.List(fields.String(), "Channels to add")
    unsubscribe_channels = fields.List(fields.String(), "Channels to remove")
