"""Creates and reads a session with the generated types and PyPI's servicestack."""

import os

from dtos import EndSession, FlowChannels, GetSession, ListResponse, ListSessions, NewSession, SessionInfo, SortOrders
from servicestack import JsonServiceClient

client = JsonServiceClient(os.environ["URL"])
client.bearer_token = os.environ["KEY"]
created = client.send(NewSession(display_name="From Python", channel=FlowChannels.CHAT, start_session=False))
read = client.send(GetSession(session_id=created.id))
listed = client.send(ListSessions(count_per_page=1, sort_order=SortOrders.DESCEND))
client.send(EndSession(session_id=created.id))
first, member = listed.items[0], read.members[0]
assert isinstance(first, SessionInfo)
assert isinstance(listed, ListResponse)
print(
    read.display_name,
    read.channel.value,
    read.ended,
    first.id == created.id,
    member.role.value,
    len(listed.items),
    listed.total_count > 0,
)
