"""Where a teacher may be: what an address says, and what whoever runs the site allows."""

import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from django.conf import settings

from projects.services.refusals import Refused


@dataclass(frozen=True)
class Address:
    """Where requests go. `is_here`: this very machine; `is_near`: that, or a private network.

    `host` has the port where the address names one; `name` never has.
    """

    host: str
    name: str
    scheme: str
    is_here: bool
    is_near: bool

    def is_among(self, hosts: Collection[str]) -> bool:
        """Whether one of these names it, with its port or for all of its ports."""
        return not {self.host, self.name}.isdisjoint(one.lower() for one in hosts)


def address_of(base_url: str) -> Address:
    """What `base_url` says, checked against what the operator allows now.

    Raises:
        Refused: it is no http(s) address, holds a password, would send texts in clear far away, or
            is not allowed.
    """
    try:
        parts = urlsplit(base_url)
        name, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Refused("base_url", "This is no address, such as https://host/v1.") from error
    if parts.scheme not in {"http", "https"} or not name or any(map(str.isspace, base_url)):
        raise Refused("base_url", "An address begins with https:// (or http://) and names a host.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Refused("base_url", "Leave out user, password, ? and #: keys have their own field.")
    address = Address(
        f"{name}:{port}" if port else name, name, parts.scheme, _is_here(name), _is_near(name)
    )
    if parts.scheme == "http" and not address.is_near:
        raise Refused("base_url", "Texts would travel in clear: an address far away needs https.")
    _check_allowed(address)
    return address


def _check_allowed(address: Address) -> None:
    allowed = settings.LABELER_TEACHER_HOSTS
    if allowed and not address.is_among(allowed):
        raise Refused(
            "base_url",
            f"Whoever runs this site allows these hosts only: {', '.join(sorted(allowed))}.",
        )
    number = _number(address.name)
    if not allowed and number is not None and number.is_link_local:
        raise Refused(
            "base_url",
            "Addresses like this tell a machine about itself. Whoever runs this site would have to "
            "allow it by name in LABELER_TEACHER_HOSTS.",
        )


def _number(name: str) -> IPv4Address | IPv6Address | None:
    """The address that a name is, in each way in which a system takes one; None for other names."""
    try:
        number = ip_address(name)
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(name))  # also 2852039166 and 0xa9fe.0xa9fe
        except (OSError, UnicodeError):
            return None
    mapped = number.ipv4_mapped if isinstance(number, IPv6Address) else None
    return mapped or number


def _is_here(name: str) -> bool:
    number = _number(name)
    if number is not None:
        return number.is_loopback
    return name == "localhost" or name.endswith(".localhost")


def _is_near(name: str) -> bool:
    number = _number(name)
    if number is not None:
        return number.is_private or number.is_loopback
    return "." not in name or name.endswith((".localhost", ".local", ".internal", ".lan"))
