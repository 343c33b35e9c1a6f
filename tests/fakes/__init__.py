"""Servers that speak the platforms' own protocols over loopback sockets and enforce the platforms' own rules."""
