"""What several parts of the API share."""

from __future__ import annotations

from gateway.contract import fields
from gateway.contract.dto import Dto

NAMESPACE = "Voice.Api"


class EntityInfo(Dto):
    id = fields.String("The ID of the object")
    date_created = fields.String("The date the object was created")
    date_last_modified = fields.String("The date the object was last modified")
    created_by = fields.String("The user that created this object")
    last_modified_by = fields.String("The user that last modified this object")
