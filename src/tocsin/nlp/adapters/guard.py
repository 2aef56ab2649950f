"""Where posts may be sent to.

Comes in: the address in the settings, and the machines that the operator allows. Goes out: the one
IP address to connect to. Always holds: this machine is reached by loopback addresses only, another
one only if the operator named it; the address that was checked is the address that is connected to,
so that a name cannot be turned towards another machine in between. Refused: addresses that are
neither `http` nor `https`, credentials in them, machines not named, plain `http` beyond this
machine unless it is allowed, and names that lead to loopback, link-local (where clouds keep their
keys), multicast or reserved addresses.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

import httpx

from tocsin.errors import InputError, OutsideServiceError

__all__ = ["checked_address", "checked_url", "is_allowed_address"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_HINT = "give it as `http://127.0.0.1:8080/v1`, or `https://machine/v1` with the machine allowed"


def checked_url(
    text: str, *, allow_hosts: Sequence[str] = (), plain_http: bool = False
) -> httpx.URL:
    """The address of an endpoint; without a path, `/v1` is meant.

    Raises:
        InputError: it cannot be used; says why and what was expected.
    """
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        raise InputError("the model's address is not a URL", where="base_url", hint=_HINT) from None
    problem = _problem(url, {host.lower() for host in allow_hosts}, plain_http=plain_http)
    if problem is not None:
        raise InputError(f"the model's address {problem}", where="base_url", hint=_HINT)
    return url.copy_with(path=url.path.rstrip("/") or "/v1")


def _problem(url: httpx.URL, allow_hosts: set[str], *, plain_http: bool) -> str | None:
    if url.scheme not in ("http", "https") or not url.host:
        return "is neither `http` nor `https`"
    if url.port is not None and not 0 < url.port < 65_536:  # noqa: PLR2004  # 16 bits
        return "has a port beyond 65535"
    if url.userinfo:
        return "holds credentials; pass the key beside the settings"
    if url.query or url.fragment:
        return "has a query or fragment"
    if _is_loopback_host(url.host):
        return None
    if url.host.lower() not in allow_hosts:
        return "is another machine, which the settings do not allow"
    if url.scheme == "http" and not plain_http:
        return "is plain `http`, so posts would leave this machine unencrypted"
    return None


def checked_address(url: httpx.URL) -> Address:
    """The IP address to connect to: all addresses of the name must be allowed.

    Raises:
        OutsideServiceError: the name leads nowhere, or to an address that is not allowed.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise OutsideServiceError("the name of the model's machine cannot be resolved") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(is_allowed_address(each, url.host) for each in addresses):
        raise OutsideServiceError("the model's machine leads to an address that is not allowed")
    return addresses[0]


def is_allowed_address(address: Address, host: str) -> bool:
    """Whether a host that the settings allow may stand at this address.

    >>> is_allowed_address(ipaddress.ip_address("10.0.0.7"), "gpu.internal")
    True
    >>> is_allowed_address(ipaddress.ip_address("169.254.169.254"), "gpu.internal")
    False
    """
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if _is_loopback_host(host):
        return address.is_loopback
    return not (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
    )


def _is_loopback_host(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
