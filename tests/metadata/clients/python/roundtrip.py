"""Creates and reads a session with the generated types and PyPI's servicestack."""

import os

from dtos import EndSession, FlowChannels, GetSession, ListSessions, NewSession
from servicestack import JsonServiceClient

client = JsonServiceClient(os.environ["URL"])
client.bearer_token = os.environ["KEY"]
made = client.send(NewSession(display_name="From Python", channel=FlowChannels.CHAT, start_session=False))
read = client.send(GetSession(session_id=made.id))
listed = client.send(ListSessions(count_per_page=1))
client.send(EndSession(session_id=made.id))
print(read.display_name, read.channel.value, read.ended, listed.items[0].id == made.id, read.members[0].role.value)
