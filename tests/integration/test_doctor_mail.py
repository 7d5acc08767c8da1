"""What the doctor says of the records of our domain, and of the certificate."""

from __future__ import annotations

import subprocess

import pytest

from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings
from ingress.email import doctor
from ops.doctor import Verdict
from tests.servers.dns_server import name_server

SPF, DMARC = ['"v=spf1 mx -all"'], ['"v=DMARC1; p=reject"']
GOOD = {
    ("good.example", "MX"): ["10 mx.good.example."],
    ("good.example", "TXT"): [*SPF, '"another record"'],
    ("_dmarc.good.example", "TXT"): DMARC,
    ("mx.good.example", "A"): ["192.0.2.1"],
}
DOMAINS = [
    ("good.example", [(Verdict.OK, "MX 10 mx.good.example.")]),
    (
        "bare.example",
        [(Verdict.WARN, "no MX"), (Verdict.WARN, "no SPF"), (Verdict.WARN, "no DMARC")],
    ),
    ("lost.example", [(Verdict.FAIL, "has no address"), (Verdict.WARN, "2 SPF records")]),
    ("down.example", [(Verdict.WARN, "cannot be looked up")]),
]
ZONE = {
    **GOOD,
    ("lost.example", "MX"): ["10 mx.lost.example."],
    ("lost.example", "TXT"): SPF * 1 + ['"v=spf1 -all"'],
    ("_dmarc.lost.example", "TXT"): DMARC,
    ("down.example", "MX"): None,
}


@pytest.mark.parametrize(("domain", "expected"), DOMAINS, ids=[row[0] for row in DOMAINS])
def test_records(domain, expected):
    with name_server(ZONE) as address:
        found = list(
            doctor.records(
                Settings.from_env(mail_address=f"translate@{domain}", dns_server=address)
            )
        )
    assert [finding.verdict for finding in found] == [verdict for verdict, _ in expected]
    assert all(word in finding.said for finding, (_, word) in zip(found, expected, strict=True))
    assert all(finding.todo for finding in found if finding.verdict is not Verdict.OK)


@pytest.mark.parametrize(("days", "verdict"), [(90, Verdict.OK), (3, Verdict.WARN)])
def test_certificate(tmp_path, days, verdict):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        str(days),
        "-subj",
        "/CN=mx.example",
    ]
    subprocess.run(
        [*command, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True
    )
    [finding] = doctor.tls(Settings.from_env(smtp_tls_cert=cert, smtp_tls_key=key))
    assert finding.verdict is verdict
    with pytest.raises(SettingsInvalid):
        list(doctor.tls(Settings.from_env(smtp_tls_cert=cert, smtp_tls_key=tmp_path / "none.pem")))
