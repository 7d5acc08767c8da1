"""Links: signed, expiring, revocable, and good for one purpose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from dragoman.adapters.signed_links import Links, Named
from dragoman.errors import Gone, NotFound, SettingsInvalid
from dragoman.settings import Settings
from tests import row_values

KEY = "a-key-for-links-in-tests"
JOB = row_values.job(id="4f" * 16, link_version=3)
DAY_S = 86_400


def links(**values: object) -> Links:
    return Links(Settings.from_env(**{"secret_key": KEY, **values}))


def earlier(seconds: int) -> type[TimestampSigner]:
    """A signer whose clock is `seconds` behind."""

    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - seconds

    return Earlier


def made_ago(seconds: int) -> str:
    """A page's token that was made `seconds` ago."""
    maker = URLSafeTimedSerializer(KEY, salt="dragoman.page", signer=earlier(seconds))
    return str(maker.dumps([JOB.id, JOB.link_version]))


def test_token_names_job_and_version():
    token = links().token("page", JOB)
    assert links().read("page", token) == Named(JOB.id, 3)


def test_raised_version_tells_a_revoked_link():
    token = links().token("page", JOB)
    assert links().read("page", token).version != 4


def test_link_for_one_purpose_is_none_for_another():
    token = links().token("page", JOB)
    with pytest.raises(NotFound):
        links().read("download", token)


def test_page_is_opened_by_either_kind_of_link_and_only_one_may_change_it():
    own, shared = links().token("own", JOB), links().token("page", JOB)
    assert links().read_page(own) == Named(JOB.id, 3, own=True)
    assert links().read_page(shared) == Named(JOB.id, 3, own=False)
    for token, purpose in ((shared, "own"), (own, "page")):
        with pytest.raises(NotFound):
            links().read(purpose, token)
    with pytest.raises(NotFound):
        links().read_page(links().token("download", JOB))


def test_expired_link_of_the_requester_is_gone():
    maker = URLSafeTimedSerializer(KEY, salt="dragoman.own", signer=earlier(8 * DAY_S))
    with pytest.raises(Gone, match="expired"):
        links().read_page(str(maker.dumps([JOB.id, JOB.link_version])))


def test_other_key_signs_nothing_of_ours():
    with pytest.raises(NotFound):
        links(secret_key="another-key-of-another-server").read("page", links().token("page", JOB))


def test_link_lives_as_long_as_the_settings_say():
    week = links(link_ttl_s=7 * DAY_S)
    assert week.read("page", made_ago(7 * DAY_S - 60)) == Named(JOB.id, 3)
    with pytest.raises(Gone, match="expired"):
        week.read("page", made_ago(7 * DAY_S + 60))


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_changed_token_is_worth_nothing(at, letter):
    token = links().token("page", JOB)
    at %= len(token)
    changed = token[:at] + letter + token[at + 1 :]
    try:
        named = links().read("page", changed)
    except (NotFound, Gone):
        return
    # The last letter of base64 has bits that count for nothing.
    assert named == Named(JOB.id, 3)


@given(st.text(max_size=60))
def test_junk_is_not_found(text):
    with pytest.raises(NotFound):
        links().read("page", text)


def test_token_does_not_show_the_key_and_fits_a_path():
    token = links().token("page", JOB)
    assert KEY not in token
    assert all(letter.isalnum() or letter in "._-" for letter in token)


def test_path_and_public_link():
    here = links(public_url="https://t.example.org/")
    assert here.path("page", JOB).startswith("/j/")
    assert here.path("download", JOB).startswith("/d/")
    assert here.public("page", JOB).startswith("https://t.example.org/j/")
    assert links().public("page", JOB) is None


def test_no_key_no_links():
    with pytest.raises(SettingsInvalid, match="DRAGOMAN_SECRET_KEY"):
        Links(Settings.from_env())
