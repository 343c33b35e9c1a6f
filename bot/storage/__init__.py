"""What outlives a restart: conversations with their pictures, preferences, personas and notes, in SQLite or PostgreSQL.

`bot.storage.database.open_store` is the door.
"""
