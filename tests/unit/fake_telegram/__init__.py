"""The fake Telegram keeps Telegram's rules, as python-telegram-bot sees them."""
