"""No test reaches a machine outside this one.

Comes in: the interpreter's audit events. Goes out: `OutsideNetworkError` at the first attempt
to connect or send beyond this machine, or to look up a name other than `localhost`. It binds
this process; a program that a test starts is held to the rule by its own settings.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

__all__ = ["OutsideNetworkError", "block_outside_network"]

WATCHED = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


class OutsideNetworkError(RuntimeError):
    """A test tried to reach a machine outside this one."""


def block_outside_network() -> None:
    """From now on, for the life of this process."""
    sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event in WATCHED:
        address = args[1]
        if isinstance(address, tuple) and not _is_here(str(address[0])):
            raise OutsideNetworkError(event)
    elif event == "socket.getaddrinfo":
        host = args[0]
        if host and not _is_here(_text(host)) and not _is_ip(_text(host)):
            raise OutsideNetworkError(event)


def _text(host: str | bytes) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else host


def _is_here(host: str) -> bool:
    return host in {"localhost", ""} or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
