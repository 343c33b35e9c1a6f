"""The model gateway: chat with any OpenAI-compatible provider, as one stream of events."""
