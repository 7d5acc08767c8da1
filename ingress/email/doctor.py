"""What stands around the mail door: the server in front, TLS, limits, other hosts, and the
records of its domain in DNS.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509

from dragoman.domain.specs.findings import Finding, Verdict
from dragoman.settings import Settings, host_port

RENEW_BEFORE_S = 14 * 86_400


def door(settings: Settings) -> Iterator[Finding]:
    """Settings that contradict each other, or leave the door open wider than meant."""
    if settings.trusted_authserv_id and not settings.trusted_peers:
        said = (
            "TRUSTED_AUTHSERV_ID is set without TRUSTED_PEERS, so Authentication-Results are not"
            " read"
        )
        yield Finding(
            "mail proof",
            Verdict.WARN,
            said,
            "Set DRAGOMAN_TRUSTED_PEERS to the server that writes them.",
        )
    elif (
        settings.sender_auth == "dmarc"
        and settings.trusted_peers
        and not settings.trusted_authserv_id
    ):
        said = (
            "email from TRUSTED_PEERS is accepted by its DKIM signature alone, since a relay's"
            " address proves nothing"
        )
        yield Finding(
            "mail proof",
            Verdict.WARN,
            said,
            "Set DRAGOMAN_TRUSTED_AUTHSERV_ID to the name under which it writes its results.",
        )
    if "*" in settings.allowed_senders and not (
        settings.sender_hourly_limit or settings.sender_daily_limit
    ):
        said = "everybody may send, without a limit"
        yield Finding(
            "mail limits",
            Verdict.WARN,
            said,
            "Set DRAGOMAN_SENDER_HOURLY_LIMIT or DRAGOMAN_SENDER_DAILY_LIMIT.",
        )
    if settings.lmtp_listen and not _is_loopback(settings.lmtp_listen):
        said = f"other hosts can reach LMTP at {settings.lmtp_listen}"
        yield Finding(
            "mail LMTP",
            Verdict.WARN,
            said,
            "Let only your mail server through the firewall, or use 127.0.0.1.",
        )


def tls(settings: Settings) -> Iterator[Finding]:
    """Whether the door has a certificate that can be used. Raises SettingsInvalid."""
    from ingress.email.smtp.tls import Certificate

    if Certificate.of(settings) is None:
        if not _is_loopback(settings.smtp_listen):
            said = (
                f"no STARTTLS at {settings.smtp_listen}: others on the network could read the"
                " emails"
            )
            yield Finding(
                "mail TLS",
                Verdict.WARN,
                said,
                "Set DRAGOMAN_SMTP_TLS_CERT and DRAGOMAN_SMTP_TLS_KEY.",
            )
        return
    certificate = x509.load_pem_x509_certificate(Path(str(settings.smtp_tls_cert)).read_bytes())
    ends_at = certificate.not_valid_after_utc
    until = f"{ends_at.day} {ends_at:%B %Y, %H:%M} UTC"
    left_s = ends_at.timestamp() - time.time()
    if left_s < 0:
        yield Finding("mail TLS", Verdict.FAIL, f"the certificate expired on {until}", "Renew it.")
    elif left_s < RENEW_BEFORE_S:
        yield Finding("mail TLS", Verdict.WARN, f"the certificate expires on {until}", "Renew it.")
    else:
        yield Finding("mail TLS", Verdict.OK, f"STARTTLS, with a certificate until {until}")


def records(settings: Settings) -> Iterator[Finding]:
    """What DNS says of the domain of our address."""
    from ingress.email.auth.dns import DnsTrouble, open_resolver

    domain = settings.mail_address.rpartition("@")[2]
    if "." not in domain:
        return
    resolver = open_resolver(settings.dns_server)
    try:
        hosts = sorted(resolver.lookup(domain, "MX"))
        spf = [text for text in resolver.lookup(domain, "TXT") if text.startswith("v=spf1")]
        dmarc = [
            text
            for text in resolver.lookup(f"_dmarc.{domain}", "TXT")
            if text.startswith("v=DMARC1")
        ]
        lost = [host for host in hosts if not _has_address(resolver, host.partition(" ")[2])]
    except DnsTrouble as trouble:
        said = f"the records of {domain} cannot be looked up ({trouble})"
        yield Finding(
            "mail DNS",
            Verdict.WARN,
            said,
            "Fix this host's name servers, or set DRAGOMAN_DNS_SERVER.",
        )
        return
    if not hosts:
        todo = "Add an MX record that names your mail server, or this one."
        yield Finding(
            "mail DNS",
            Verdict.WARN,
            f"{domain} has no MX record, so other mail servers do not know where to deliver",
            todo,
        )
    for host in lost:
        yield Finding(
            "mail DNS",
            Verdict.FAIL,
            f"the MX “{host}” has no address",
            "Add an A or AAAA record for it.",
        )
    if len(spf) != 1:
        said = (
            f"{domain} has {len(spf) or 'no'} SPF record{'s' if len(spf) > 1 else ''}: others may"
            " take our answers for forged"
        )
        yield Finding(
            "mail DNS",
            Verdict.WARN,
            said,
            f"Add one TXT record at {domain}, such as “v=spf1 mx -all”.",
        )
    if len(dmarc) != 1:
        said = f"{domain} has {len(dmarc) or 'no'} DMARC record{'s' if len(dmarc) > 1 else ''}"
        yield Finding(
            "mail DNS",
            Verdict.WARN,
            said,
            f"Add one TXT record at _dmarc.{domain}, such as “v=DMARC1; p=quarantine”.",
        )
    if hosts and not lost and len(spf) == len(dmarc) == 1:
        yield Finding(
            "mail DNS", Verdict.OK, f"{domain}: MX {', '.join(hosts)}; SPF and DMARC are there"
        )


def _has_address(resolver: object, host: str) -> bool:
    return any(resolver.lookup(host, kind) for kind in ("A", "AAAA"))  # type: ignore[attr-defined]


def _is_loopback(listen: str) -> bool:
    host, _ = host_port(listen)
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
