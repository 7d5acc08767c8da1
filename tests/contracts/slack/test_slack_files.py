"""The fake's files: downloads, uploads, shares."""

import urllib.error
import urllib.request

import pytest
from slack_sdk.errors import SlackApiError

from tests.patience import patience
from tests.servers.slack.model import Trouble

PDF = b"%PDF-1.7 " + bytes(200_000)


def fetch(url, token=None, most=None):
    request = urllib.request.Request(
        url, headers={"Authorization": f"Bearer {token}"} if token else {}
    )
    with urllib.request.urlopen(request, timeout=patience(5)) as response:
        return response.status, response.headers.get_content_type(), response.read(most)


@pytest.fixture
def file(slack, ann, general):
    file = slack.file("Überblick.PDF", PDF)
    slack.post(ann, general, files=[file])
    return file


@pytest.fixture
def url(client, file):
    return client.files_info(file=file.id)["file"]["url_private_download"]


def test_a_file_is_downloaded_with_the_token(slack, url):
    assert fetch(url, slack.bot_token) == (200, "application/pdf", PDF)
    assert slack.downloads[0].authorized


def test_without_a_token_that_may_read_it_the_answer_is_a_page_to_sign_in(slack, url):
    for token in (None, "xoxb-wrong"):
        status, kind, body = fetch(url, token)
        assert (status, kind) == (200, "text/html")
        assert b"Sign in" in body
    slack.here.scopes.discard("files:read")
    assert fetch(url, slack.bot_token)[1] == "text/html"


@pytest.mark.parametrize("kind", ["sign_in", "sign_in_redirect"])
def test_the_page_to_sign_in_comes_at_once_or_by_a_redirect(slack, file, url, kind):
    file.troubles.append(Trouble(kind))
    assert b"Sign in" in fetch(url, slack.bot_token)[2]
    assert fetch(url, slack.bot_token)[2] == PDF


def test_a_redirect_elsewhere_is_seen_there(slack, file, url):
    file.always = Trouble("redirect", url=slack.elsewhere.serve("/a.pdf", b"%PDF-other"))
    assert fetch(url, slack.bot_token)[2] == b"%PDF-other"
    assert [visit.path for visit in slack.elsewhere.visits] == ["/a.pdf"]
    # urllib sends it along
    assert slack.elsewhere.visits[0].authorization == f"Bearer {slack.bot_token}"


def test_downloads_fail_on_order(slack, file, url):
    file.troubles.extend(
        [Trouble("status", 429), Trouble("empty"), Trouble("truncated"), Trouble("cut")]
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(url, slack.bot_token)
    assert caught.value.headers["Retry-After"] == "1"
    caught.value.close()
    assert fetch(url, slack.bot_token)[2] == b""
    with pytest.raises(Exception, match="IncompleteRead"):
        fetch(url, slack.bot_token)
    with pytest.raises(OSError):  # noqa: PT011 (what the connection says differs)
        fetch(url, slack.bot_token)
    assert fetch(url, slack.bot_token)[2] == PDF


def test_a_file_without_end_is_sent_as_long_as_somebody_reads(slack, file, url):
    file.endless = True
    assert len(fetch(url, slack.bot_token, 10_000_000)[2]) == 10_000_000


def test_external_and_connect_files_look_as_slacks(slack, client, ann):
    shared = slack.channel("with-partners", ann, is_ext_shared=True)
    external = slack.file("b.pdf", b"", external_url=slack.elsewhere.serve("/b.pdf", PDF))
    post = slack.post(ann, shared, files=[slack.file("a.pdf", PDF), external])
    event = slack.deliveries("message/file_share")[0].payload
    assert event["is_ext_shared_channel"]
    assert [one["file_access"] for one in event["event"]["files"]] == ["check_file_info"] * 2
    hosted, elsewhere = (client.files_info(file=one)["file"] for one in post.files)
    assert hosted["url_private_download"].startswith(slack.file_host_url)
    assert (elsewhere["mode"], elsewhere["url_private"]) == ("external", external.external_url)
    assert "url_private_download" not in elsewhere


def test_the_sdk_uploads_into_a_thread_and_the_share_comes_later(slack, client, ann, general):
    slack.world.uploads.share_after_s = 0.1
    parent = slack.post(ann, general, "question")
    done = client.files_upload_v2(
        channel=general.id, thread_ts=parent.ts, filename="a.fr.pdf", content=PDF
    )
    assert client.files_info(file=done["file"]["id"])["file"]["shares"] == {}
    slack.wait_until(lambda: slack.thread(parent))
    assert slack.files_in(slack.thread(parent)) == [("a.fr.pdf", PDF)]
    share = client.files_info(file=done["file"]["id"])["file"]["shares"]["public"][general.id][0]
    assert share["thread_ts"] == parent.ts


def test_the_raw_upload_fails_on_order_and_can_be_sent_again(slack, client, general):
    begun = client.files_getUploadURLExternal(filename="a.pdf", length=len(PDF))
    slack.fail("upload", 503)
    for status in (503, 200):
        request = urllib.request.Request(begun["upload_url"], data=PDF, method="POST")
        assert status_of(request) == status
    client.files_completeUploadExternal(files=[{"id": begun["file_id"]}], channel_id=general.id)
    slack.wait_until(lambda: slack.files_in(slack.messages(general)) == [("a.pdf", PDF)])
    assert [one.status for one in slack.uploads] == [503, 200]


def test_an_upload_is_not_completed_without_its_bytes_or_where_the_bot_may_not_write(
    slack, client, ann, general
):
    begun = client.files_getUploadURLExternal(filename="a.pdf", length=3)
    files = [{"id": begun["file_id"]}]
    with pytest.raises(SlackApiError, match="file_not_found"):
        client.files_completeUploadExternal(files=files, channel_id=general.id)
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch_post(begun["upload_url"], b"four")
    caught.value.close()
    fetch_post(begun["upload_url"], b"abc")
    slack.archive(ann, general)
    with pytest.raises(SlackApiError, match="posting_to_channel_denied"):
        client.files_completeUploadExternal(files=files, channel_id=general.id)
    with pytest.raises(SlackApiError, match="invalid_channel"):
        client.files_completeUploadExternal(files=files, channel_id="C0")


def status_of(request):
    try:
        with urllib.request.urlopen(request, timeout=patience(5)) as response:
            return response.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def fetch_post(url, data):
    with urllib.request.urlopen(
        urllib.request.Request(url, data=data, method="POST"), timeout=patience(5)
    ) as response:
        return response.status


def test_a_deleted_file_is_gone(slack, client, file, url):
    slack.delete_file(file)
    with pytest.raises(SlackApiError, match="file_deleted"):
        client.files_info(file=file.id)
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(url, slack.bot_token)
    caught.value.close()
    assert {one.name for one in slack.sent} >= {"file_deleted", "message/message_deleted"}


def test_only_the_bots_own_files_can_be_deleted_and_only_what_it_sees_is_shown(
    slack, client, ann, file
):
    with pytest.raises(SlackApiError, match="cant_delete_file"):
        client.files_delete(file=file.id)
    hidden = slack.file("secret.pdf", PDF)
    slack.post(ann, slack.channel("secret", ann, bot=False, kind="private"), files=[hidden])
    with pytest.raises(SlackApiError, match="file_not_found"):
        client.files_info(file=hidden.id)
