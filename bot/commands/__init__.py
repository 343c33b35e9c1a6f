"""Commands: declared once as data, offered by every platform."""
