"""Who may use the bot."""
