"""Ports of this machine for programs that must be told theirs."""

from __future__ import annotations

import random
import socket


def free_port() -> int:
    """A port at which nobody listens. It lies below those that outgoing connections take, so that none takes it before
    it is used."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as attempt:
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is free")
