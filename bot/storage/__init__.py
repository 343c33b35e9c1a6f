"""What outlives a restart: conversations, preferences, personas and notes, in SQLite or PostgreSQL.

`bot.storage.database.open_store` is the door.
"""
