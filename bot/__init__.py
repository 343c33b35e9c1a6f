"""Parley's platform-neutral core: conversations, replies, commands and the model gateway."""
