"""The sessions API of a voice, chat and fax platform, as a service (`gateway.sessions.service`)."""
