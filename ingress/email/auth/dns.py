"""Who is asked for DNS records.

What cannot be known now is DnsTrouble: the mail is put off, never refused for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dragoman.settings import host_port

if TYPE_CHECKING:
    import dns.resolver

LIFETIME_S = 8.0  # for one question, with all tries


class DnsTrouble(Exception):
    """The name servers do not answer, or answer that something is wrong with them."""


class Resolver(Protocol):
    """Answers questions; may be asked by several threads."""

    def lookup(self, name: str, kind: str) -> list[str]:
        """Records of `kind` (`TXT`, `A`, `AAAA`, `MX`, `PTR`) as text; of a TXT its strings joined,
        of an MX `10 host.`.

        Empty if there are none. Raises DnsTrouble.
        """


class SystemResolver:
    """dnspython, with the name servers of this machine or one of the admin's choice."""

    def __init__(self, nameserver: tuple[str, int] | None = None) -> None:
        """Nothing is asked, or read from the system, before the first question."""
        self._nameserver = nameserver

    def lookup(self, name: str, kind: str) -> list[str]:
        """As `Resolver.lookup`."""
        import dns.exception
        import dns.name
        import dns.resolver

        try:
            answer = self._made().resolve(
                name.rstrip(".") + ".", kind, lifetime=LIFETIME_S, search=False
            )
        except (
            dns.resolver.NXDOMAIN,
            dns.resolver.NoAnswer,
            dns.name.LabelTooLong,
            dns.name.EmptyLabel,
        ):
            return []
        except (dns.name.NameTooLong, dns.name.BadEscape, UnicodeError):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise DnsTrouble(type(error).__name__) from error
        if kind == "TXT":
            return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
        return [record.to_text() for record in answer]

    def _made(self) -> dns.resolver.Resolver:
        import dns.resolver

        if self._nameserver is None:
            return dns.resolver.get_default_resolver()
        made = dns.resolver.Resolver(configure=False)
        made.nameservers, made.port = [self._nameserver[0]], self._nameserver[1]
        return made


def open_resolver(dns_server: str | None) -> Resolver:
    """The resolver that the settings name."""
    return SystemResolver(host_port(dns_server) if dns_server else None)
