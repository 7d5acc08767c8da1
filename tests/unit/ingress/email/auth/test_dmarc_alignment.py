"""Which domains belong to one owner, by the public suffix list and its default rule."""

from __future__ import annotations

import pytest

from ingress.email.auth.dmarc_alignment import is_aligned, organisation


@pytest.mark.parametrize(
    ("domain", "owner"),
    [
        ("example.co.uk", "example.co.uk"),
        ("news.mail.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("a.b.kobe.jp", "a.b.kobe.jp"),  # *.kobe.jp
        ("x.city.kobe.jp", "city.kobe.jp"),  # !city.kobe.jp
        ("mail.bad.test", "bad.test"),
        ("dc1.head.office.internal", "office.internal"),
        ("mail.corp", "mail.corp"),
        ("printer", "printer"),
        ("shop.brandnewtld", "shop.brandnewtld"),
        ("a.bücher.brandnewtld".encode("idna").decode(), "xn--bcher-kva.brandnewtld"),
    ],
)
def test_the_owner_is_the_label_below_the_public_suffix(domain, owner):
    assert organisation(domain) == owner


@pytest.mark.parametrize("top", ["test", "internal", "lan", "corp", "home", "brandnewtld"])
def test_two_owners_below_a_top_level_domain_of_no_list_are_two(top):
    assert not is_aligned(f"evil.{top}", f"bad.{top}")
    assert not is_aligned(f"mail.evil.{top}", f"bad.{top}")
    assert not is_aligned(top, f"bad.{top}")
    assert is_aligned(f"mail.bad.{top}", f"bad.{top}")
    assert not is_aligned(f"mail.bad.{top}", f"bad.{top}", strict=True)
