"""Turns: their order, what is sent to the model, and what becomes of the answer."""
