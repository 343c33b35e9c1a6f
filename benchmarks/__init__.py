"""Measurements: figures beside a computed ideal, never assertions on time."""
