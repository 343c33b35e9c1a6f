"""The steps that bring a database to the present tables; `bot.storage.migrate` runs them.

A new step is a new file in `versions`: the next number, `down_revision` naming the one before. It spells its columns
out instead of importing `bot.storage.tables`, because it must do the same thing for ever.
"""
