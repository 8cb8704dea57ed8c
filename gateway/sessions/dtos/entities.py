"""What all entities have."""

from __future__ import annotations

from gateway import Dto, fields

NAMESPACE = "Voice.Api"


class EntityInfo(Dto):
    id = fields.String("The ID of the object")
    date_created = fields.String("The date the object was created")
    date_last_modified = fields.String("The date the object was last modified")
    created_by = fields.String("The user that created this object")
    last_modified_by = fields.String("The user that last modified this object")
