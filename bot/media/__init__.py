"""From bytes that strangers sent to what a model can take."""
