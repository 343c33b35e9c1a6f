"""Where the histograms draw their lines, in seconds. What falls between two lines cannot be told apart later, so they
are dense where a difference is felt or an alarm would be set. Each line costs a time series for each label."""

from __future__ import annotations

REQUEST = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0)
"""From the question to the model: a few reads of the database, as a rule; seconds where files are read or voices
written down, minutes where others wait in the lane before it."""

FIRST_WORD = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
"""What a model takes to its first word: most answer in 0.3 to 2 s, those that think in up to a minute; after 60 s of
silence the gateway gives up."""

DISPLAY = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.5, 5.0, 15.0, 60.0)
"""From the first word to the screen: up to 0.6 s of it are on purpose (the first look waits for about 30 characters),
the rest is the platform's call; beyond a few seconds a cool-down held it up."""

PATIENCE = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""What a person waits: for a sign of life, and for the whole answer. A long answer of a slow model takes minutes, one
behind a flood or an outage a quarter of an hour."""

PAUSE = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""Pauses that a platform asks for: one or two seconds are an accident, more than a minute is a punishment."""
