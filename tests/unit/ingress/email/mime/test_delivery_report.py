"""What is read from bounces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingress.email.mime import delivery_report

FAILED = b"""Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.test

Final-Recipient: rfc822; ann@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <ann@example.org>:
    no such user
--b--
"""

REPORTS = [
    (FAILED, "failed 5.1.1: smtp; 550 5.1.1 <(address)>: no such user"),
    (FAILED.replace(b"\n", b"\r\n"), "failed 5.1.1: smtp; 550 5.1.1 <(address)>: no such user"),
    (b"Action: delayed\nStatus: 4.4.1\n", "delayed 4.4.1"),
    (b"action : delivered\nStatus: 2.0.0\n", None),
    (b"no report at all", "failed"),
    (b"Status: 5.0.0 (unknown)\n", "failed 5.0.0"),
]


@pytest.mark.parametrize(("head", "expected"), REPORTS)
def test_report_is_told_without_addresses(head, expected):
    assert delivery_report.said(head) == expected


@given(st.binary(max_size=2000))
def test_anything_can_be_read(head):
    told = delivery_report.said(b"Action: failed\r\nDiagnostic-Code: " + head)
    assert told is None or len(told) <= delivery_report.LONGEST
