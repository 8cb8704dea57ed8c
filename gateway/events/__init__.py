"""Server events, as ServiceStack's clients receive them: a part that a service may use."""
