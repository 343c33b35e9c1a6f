"""The Telegram adapter; `adapters.telegram.adapter.TelegramPlatform` is its door."""
