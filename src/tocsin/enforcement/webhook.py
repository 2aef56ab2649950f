"""The webhook connector: carries actions to a platform over HTTP.

Comes in: an action and the number of the attempt. Goes out: one signed POST, and a receipt.
Always holds: the receipt says what happened without repeating anything of the action, the
secret or the answer; the same action is sent with the same idempotency key and body at every
attempt; the address that was checked is the address that is connected to, so a name cannot be
turned towards another machine in between; nothing of the environment (proxies, `.netrc`) has a
say. Refused: addresses that are neither `http` nor `https`, `http` beyond the own machine,
credentials in the address, machines in private networks unless the operator names the network,
redirects, and answers longer than `MAX_ANSWER_BYTES`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, Self

import httpx
import msgspec
from msgspec import Struct

from tocsin.clock import Clock
from tocsin.enforcement.signing import SIGNATURE_HEADER, delivery_headers, sign
from tocsin.errors import InputError, OutsideServiceError
from tocsin.plugins import Receipt
from tocsin.records import Action, ActionKind, Subject

__all__ = [
    "DEFAULT_ACTIONS",
    "MAX_ATTEMPTS",
    "WebhookConnector",
    "WebhookSettings",
    "WireAction",
    "encode_action",
    "is_allowed_address",
    "next_attempt",
]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_ANSWER_BYTES = 65_536
"""More than any capabilities document needs; of the answer to a delivery nothing is used."""

CONNECT_TIMEOUT_S = 5.0
IDLE_TIMEOUT_S = 10.0
"""A platform should queue the action and answer at once; this bounds each wait for bytes."""

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
MAX_ATTEMPTS = 34
"""5 s doubling to 1 h takes 10 waits (85 min); 23 more of an hour each make 24.4 h in all, so
that a receiver that breaks in the evening can be mended in the morning."""
JITTER = 0.1
"""Waits differ by up to a tenth either way, so that what failed together is not retried
together."""

FINAL_STATUSES = frozenset({400, 410, 422})
"""The receiver understood and will never accept: trying again cannot help. Every other refusal
is tried again: a receiver that was deployed wrongly answers 401, 403, 404 or a redirect for an
hour, and then works."""

DEFAULT_ACTIONS: Mapping[ActionKind, bool] = MappingProxyType(
    {kind: kind is not ActionKind.REMOVE for kind in ActionKind}
)
"""Every action, each reversible (notices and warnings by a correcting one) but removal: many
platforms delete what they remove, and waiting is the safer mistake."""


class WireAction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the platform is told.

    `decided_by` says whether a person decided, which the platform owes to its user (DSA,
    Regulation (EU) 2022/2065, Article 17(3)(c)); the verdict itself stays with us.
    """

    id: str
    kind: ActionKind
    subject: Subject
    actor: str | None = None
    clause: str
    decided_by: Literal["person", "automatic"]
    expires_at: datetime | None = None
    country: str | None = None
    label: str | None = None
    undoes: str | None = None


class _Envelope(Struct, frozen=True, kw_only=True):
    version: Literal[1] = 1
    action: WireAction


class _Capabilities(Struct, frozen=True, kw_only=True):
    actions: dict[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Where and how to deliver.

    `secrets`: every one signs, so that the platform may know the old one or the new one;
    `actions`: what the platform has and whether it can be reversed; `networks`: private
    networks (`10.1.0.0/16`) in which the platform may stand; `tls`: a context that trusts the
    operator's own authority, where there is one.
    """

    url: str
    secrets: Sequence[bytes] = field(repr=False)
    actions: Mapping[ActionKind, bool] = field(default_factory=lambda: DEFAULT_ACTIONS)
    networks: Sequence[str] = ()
    tls: ssl.SSLContext | None = field(default=None, repr=False)


class WebhookConnector:
    """Implements `plugins.Connector` over one HTTP endpoint."""

    name = "webhook"

    def __init__(self, settings: WebhookSettings, clock: Clock) -> None:
        """Check the settings.

        Raises:
            InputError: an address, network or secret that cannot be used.
        """
        self._url = _checked_url(settings.url)
        self._networks = [_network(text) for text in settings.networks]
        self._secrets = tuple(settings.secrets)
        self._actions = dict(settings.actions)
        self._clock = clock
        sign(b"", self._secrets, clock.now())
        self._client = httpx.Client(
            verify=True if settings.tls is None else settings.tls,
            timeout=httpx.Timeout(IDLE_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "tocsin-webhook/1", "Accept-Encoding": "identity"},
        )

    def actions(self) -> Mapping[ActionKind, bool]:
        """The actions that the platform has, and whether each can be reversed."""
        return MappingProxyType(self._actions)

    def deliver(self, action: Action, attempt: int) -> Receipt:
        """Send one action; never raises for what the platform or the network does.

        A platform that stalls holds it for less than a minute (connecting, sending, waiting and
        reading each have a limit); only one that trickles its headers can hold it longer.
        """
        body = encode_action(action)
        headers = delivery_headers(body, action.id, attempt, self._secrets, self._clock.now())
        headers["Content-Type"] = "application/json"
        try:
            status, _ = self._exchange("POST", self._url, headers, body)
        except _FAILURES as failure:
            return Receipt(accepted=False, retry=True, note=_note(failure))
        return _receipt(status)

    def learn_actions(self) -> Mapping[ActionKind, bool]:
        """Ask `GET <url>/capabilities` and keep what both it and the settings say.

        The platform can only narrow: an action that the settings leave out stays out, and is
        reversible only where both say so. Kinds that we do not know are passed over.

        Raises:
            OutsideServiceError: the platform cannot be reached or does not answer in the form
                `{"actions": {"hide": true, …}}`; the actions stay as they were.
        """
        url = self._url.copy_with(path=self._url.path.rstrip("/") + "/capabilities")
        headers = {SIGNATURE_HEADER: sign(b"", self._secrets, self._clock.now())}
        try:
            status, answer = self._exchange("GET", url, headers, b"")
        except _FAILURES as failure:
            raise _unusable(_note(failure)) from None
        if status != httpx.codes.OK:
            raise _unusable(f"HTTP {status}")
        try:
            told = msgspec.json.decode(answer, type=_Capabilities).actions
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise _unusable("the answer has another form") from None
        self._actions = {
            kind: reversible and told[kind.value]
            for kind, reversible in self._actions.items()
            if kind.value in told
        }
        return self.actions()

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exchange(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        address = self._checked_address(url)
        request = self._client.build_request(
            method,
            url.copy_with(host=str(address)),
            headers={**headers, "Host": url.netloc.decode("ascii")},
            content=body,
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        response = self._client.send(request, stream=True)
        try:
            return response.status_code, self._bounded(response)
        finally:
            response.close()

    def _bounded(self, response: httpx.Response) -> bytes:
        """The beginning of the answer; a status stands even where the rest never comes."""
        answer = b""
        deadline = self._clock.now() + timedelta(seconds=IDLE_TIMEOUT_S)
        try:
            for chunk in response.iter_raw():
                answer += chunk
                if len(answer) > MAX_ANSWER_BYTES or self._clock.now() > deadline:
                    break
        except httpx.HTTPError:
            return b""
        return answer[: MAX_ANSWER_BYTES + 1]

    def _checked_address(self, url: httpx.URL) -> Address:
        """The address to connect to: all addresses of the name must be allowed."""
        port = url.port or (443 if url.scheme == "https" else 80)
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        allowed = (is_allowed_address(each, url.host, self._networks) for each in addresses)
        if not addresses or not all(allowed):
            raise _RefusedAddressError
        return addresses[0]


class _RefusedAddressError(Exception):
    """The name leads to an address that the settings do not allow."""


_FAILURES = (httpx.HTTPError, OSError, UnicodeError, _RefusedAddressError)


def encode_action(action: Action) -> bytes:
    """The body of a delivery: the same bytes for the same action at every attempt."""
    by_person = action.authority.startswith("verdict:")
    wire = WireAction(
        id=action.id,
        kind=action.kind,
        subject=action.subject,
        actor=action.actor,
        clause=action.clause,
        decided_by="person" if by_person else "automatic",
        expires_at=action.expires_at,
        country=action.country,
        label=action.label,
        undoes=action.undoes,
    )
    return msgspec.json.encode(_Envelope(action=wire))


def next_attempt(action_id: str, attempt: int) -> timedelta | None:
    """How long to wait after attempt number `attempt` (from 1) has failed; None: give up.

    The same for the same action and attempt, on every machine and after every crash.

    Example:
        >>> next_attempt("act_1", 1) < timedelta(seconds=6)
        True
        >>> next_attempt("act_1", MAX_ATTEMPTS) is None
        True
    """
    if attempt >= MAX_ATTEMPTS:
        return None
    doublings = min(max(attempt, 1) - 1, 30)  # beyond, the wait has long been the longest
    wait = min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
    digest = hashlib.sha256(f"{action_id}:{attempt}".encode()).digest()
    fraction = int.from_bytes(digest[:8], "big") / 2**64  # in [0, 1)
    return wait * (1 + JITTER * (2 * fraction - 1))


def is_allowed_address(address: Address, host: str, networks: Sequence[Network]) -> bool:
    """Whether a delivery to `host` may go to this address.

    `localhost` and loopback addresses lead to this machine and nowhere else; any other name
    leads to a public address or into one of `networks`.
    """
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if _is_loopback_host(host):
        return address.is_loopback
    if any(address in network for network in networks):
        return True
    return address.is_global and not address.is_multicast


def _receipt(status: int) -> Receipt:
    accepted = 200 <= status < 300  # noqa: PLR2004  # RFC 9110, section 15.3
    retry = not accepted and status not in FINAL_STATUSES
    return Receipt(accepted=accepted, retry=retry, note=f"HTTP {status}")


def _note(failure: BaseException) -> str:
    """What went wrong, in our words: the failure's own may quote the answer."""
    if isinstance(failure, _RefusedAddressError):
        return "the address is in a private network that the settings do not name"
    if isinstance(failure, httpx.TimeoutException | TimeoutError):
        return "timed out"
    if isinstance(failure, socket.gaierror | UnicodeError):
        return "the name of the machine cannot be resolved"
    if isinstance(failure, httpx.ConnectError):
        return "no connection"
    return "the connection broke or the answer is not HTTP"


def _unusable(note: str) -> OutsideServiceError:
    return OutsideServiceError(
        f"the platform's capabilities cannot be read: {note}",
        where="webhook",
        hint="it should answer `GET …/capabilities`; or list its actions in the settings",
    )


def _checked_url(text: str) -> httpx.URL:
    hint = "give `https://machine/path`, or `http://127.0.0.1:port/path` on this machine"
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        raise InputError("the webhook address is not a URL", hint=hint) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise InputError("the webhook address is neither `http` nor `https`", hint=hint)
    if url.port is not None and not 0 < url.port < 65_536:  # noqa: PLR2004  # 16 bits
        raise InputError("the webhook address has a port beyond 65535", hint=hint)
    if url.userinfo:
        raise InputError("the webhook address holds credentials; a secret signs instead")
    if url.query or url.fragment:
        raise InputError("the webhook address has a query or fragment", hint=hint)
    if url.scheme == "http" and not _is_loopback_host(url.host):
        raise InputError("plain `http` leaves this machine unencrypted", hint=hint)
    return url


def _is_loopback_host(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        hint = "give it as `10.1.0.0/16`"
        raise InputError("a webhook network is not in CIDR form", hint=hint) from None
