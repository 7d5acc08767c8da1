"""What goes wrong, what is sent twice, who may not: each ends in one right state, through the
real door over HTTP.
"""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from dragoman.channels.slack import slack_api as ours
from dragoman.db.ledgers.cards import CARDS
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.records import preferences
from dragoman.domain.wishes import ChannelWishes
from tests.integration.slack.house import House, opened
from tests.pdfs import LOREM, make
from tests.rows import change
from tests.servers.slack.model import Trouble
from tests.servers.slack.slack import FakeSlack

pytestmark = pytest.mark.more


def names(slack: FakeSlack, post: Any) -> list[str]:
    """The files that came into the thread of a post."""
    return sorted(name for name, _ in slack.files_in(slack.thread(post)))


def words(slack: FakeSlack, post: Any) -> str:
    """All that Dragoman wrote in a post's thread, cards and answers, as it stands now."""
    return "\n".join(f"{one.text} {one.blocks}" for one in slack.thread(post))


def states(http: House) -> list[str]:
    return [job["state"] for job in http.jobs]


def locked(path: Path, password: str) -> bytes:
    with pymupdf.open(stream=make(path, LOREM).read_bytes(), filetype="pdf") as pdf:
        out = io.BytesIO()
        pdf.save(
            out, encryption=pymupdf.mupdf.PDF_ENCRYPT_AES_256, user_pw=password, owner_pw=password
        )
        return out.getvalue()


# ---------- the same post, told more than once


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_three_events_of_a_post_in_any_order_make_one_job(
    http, slack, ann, general, pdf, order
) -> None:
    slack.hold()
    text = f"<@{slack.bot.id}> to French"
    post = slack.post(ann, general, text, files=[slack.file("a.pdf", pdf)])
    kinds = ["message/file_share", "file_shared", "app_mention"]
    assert sorted(one.name for one in slack.sent) == sorted(kinds)
    slack.let_go(lambda one: order[kinds.index(one.name)])
    http.quiet()
    assert len(http.jobs) == 1
    assert names(slack, post) == ["a.fr.pdf"]


def test_a_replay_after_a_restart_makes_nothing_new(http, slack, whole, ann, general, pdf) -> None:
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    first = slack.deliveries("message/file_share")[0]
    with opened(slack, whole, "http") as again:
        slack.replay(first)
        slack.replay(first, event_id="Ev0LATE")
        again.quiet()
        assert len(again.jobs) == 1
    assert names(slack, post) == ["a.fr.pdf"]


def test_a_retry_alone_is_served(http, slack, ann, general, pdf) -> None:
    slack.courier.retry_after_s = [1.0, 1.0, 1.0]
    # nobody listens there
    url, slack.app.request_url = slack.app.request_url, "http://127.0.0.1:9/slack/events"
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    slack.wait_until(lambda: slack.sent and slack.sent[0].attempts)
    assert slack.sent[0].attempts[0].status != 200
    assert http.rows(INBOX) == []
    slack.app.request_url = url
    http.quiet()
    assert slack.deliveries("message/file_share")[0].attempts[-1].number > 0
    assert names(slack, post) == ["a.fr.pdf"]


def test_killed_between_ack_and_download_nothing_is_lost(
    http, slack, whole, ann, general, pdf
) -> None:
    http.held_back.add("inbox")
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    slack.settle()
    assert http.jobs == []
    for row in http.rows(INBOX):  # a worker that died with the message in its hands
        change(
            http.database, INBOX, row["id"], state="running", attempts=1, epoch=1, lease_until=1.0
        )
    http.held_back.clear()
    http.quiet()
    assert names(slack, post) == ["a.fr.pdf"]


def test_an_edit_makes_no_second_job(http, slack, ann, general, pdf) -> None:
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    slack.edit(post, "to French, please")
    slack.unfurl(post)
    http.quiet()
    assert len(http.jobs) == 1


# ---------- Slack asks to wait, or fails


@pytest.mark.parametrize(
    "method",
    [
        "chat.postMessage", "chat.update", "reactions.add", "reactions.remove", "files.info", "files.getUploadURLExternal",
        "files.completeUploadExternal", "users.info", "conversations.replies",
    ],
)  # fmt: skip
def test_a_method_that_is_limited_ends_in_the_right_state(
    http, slack, ann, general, pdf, method
) -> None:
    slack.fail(method, 429, 2, 0)
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert names(slack, post) == ["a.fr.pdf"]
    assert {name for name, users in post.reactions.items() if users} == {"white_check_mark"}


@pytest.mark.parametrize("how", [503, "cut"])
def test_a_failing_upload_is_done_again(http, slack, ann, general, pdf, how) -> None:
    slack.fail("upload", how, 2)
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert names(slack, post) == ["a.fr.pdf"]


@pytest.mark.parametrize("how", [503, "internal_error"])  # the latter as JSON with status 200
def test_a_failing_download_is_done_again(http, slack, ann, general, pdf, how) -> None:
    slack.fail("download", how, 2)
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert names(slack, post) == ["a.fr.pdf"]


@pytest.mark.parametrize("how", ["sign_in", "sign_in_redirect"])
def test_a_sign_in_page_names_the_missing_permission(http, slack, ann, general, pdf, how) -> None:
    file = slack.file("a.pdf", pdf)
    file.always = Trouble(how)
    post = slack.post(ann, general, "to French", files=[file])
    http.quiet()
    assert http.jobs == []
    assert "does not let this server read files" in words(slack, post)
    assert {name for name, users in post.reactions.items() if users} == {"warning"}


# ---------- files


def test_each_file_has_a_result_or_a_reason(http, slack, ann, general, pdf) -> None:
    files = [
        slack.file("good.pdf", pdf),
        slack.file("empty.pdf", b""),
        slack.file("fake.pdf", b"PK\x03\x04 no pdf"),
        slack.file("notes.txt", b"hello"),
    ]
    post = slack.post(ann, general, f"<@{slack.bot.id}> to French", files=files)
    http.quiet()
    assert names(slack, post) == ["good.fr.pdf"]
    said = words(slack, post)
    for name in ("empty.pdf", "fake.pdf", "notes.txt"):
        assert name in said
    assert len([one for one in slack.thread(post) if not one.files]) == 1
    assert {name for name, users in post.reactions.items() if users} == {"warning"}


def test_what_is_no_pdf_is_passed_over_in_silence_unless_asked(http, slack, ann, general) -> None:
    post = slack.post(ann, general, "look", files=[slack.file("notes.txt", b"hello")])
    http.quiet()
    assert slack.thread(post) == []
    assert not any(post.reactions.values())
    asked = slack.post(
        ann, general, f"<@{slack.bot.id}> to French", files=[slack.file("notes.txt", b"hello")]
    )
    http.quiet()
    assert "notes.txt" in words(slack, asked)


def test_a_file_that_is_too_large_is_not_fetched(http, slack, whole, ann, general, pdf) -> None:
    http.close()
    with opened(slack, whole.model_copy(update={"max_pdf_bytes": 100}), "http") as small:
        post = slack.post(
            ann, general, f"<@{slack.bot.id}> to French", files=[slack.file("a.pdf", pdf)]
        )
        small.quiet()
        assert small.jobs == []
    assert slack.downloads == []
    assert "larger than" in words(slack, post)


def test_the_token_goes_to_no_other_host(http, slack, ann, general, pdf) -> None:
    away = slack.file("a.pdf", pdf)
    away.always = Trouble("redirect", url=slack.elsewhere.serve("/a.pdf", pdf))
    slack.post(ann, general, "to French", files=[away])
    outside = slack.file("b.pdf", pdf, external_url=slack.elsewhere.serve("/b.pdf", pdf))
    slack.post(ann, general, "to French", files=[outside])
    http.quiet()
    assert http.jobs == []
    assert not any("xoxb" in str(visit) for visit in slack.elsewhere.visits)


def test_a_locked_pdf_asks_for_its_password_in_a_dialog(
    http, slack, ann, general, tmp_path
) -> None:
    post = slack.post(
        ann,
        general,
        "to French",
        files=[slack.file("a.pdf", locked(tmp_path / "l.pdf", "s3same-open"))],
    )
    http.quiet()
    [job] = http.jobs
    assert (job["state"], job["waiting_for"]) == ("waiting", "password")
    card = next(one for one in slack.thread(post) if not one.files)
    for password, state in (("wrong-one", "waiting"), ("s3same-open", "done")):
        slack.click(ann, card, ours.PASSWORD)
        slack.submit(ann, {"password": password})
        http.quiet()
        [job] = http.jobs
        assert job["state"] == state
        card = next(one for one in slack.thread(post) if not one.files)
    assert names(slack, post) == ["a.fr.pdf"]
    kept = b"".join(file.read_bytes() for file in http.settings.data_dir.glob("dragoman.db*"))
    assert b"s3same-open" not in kept
    assert job["secret"] is None


# ---------- what goes away


@pytest.mark.parametrize("with_replies", [True, False])
def test_a_deleted_post_takes_all_of_it_along(http, slack, ann, general, pdf, with_replies) -> None:
    if not with_replies:
        http.held_back |= {"cards", "jobs"}
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    slack.delete(post)
    http.held_back.clear()
    http.quiet()
    [job] = http.jobs
    assert job["purged_at"]
    assert names(slack, post) == []
    assert not list(http.intake.store.keys("jobs/"))
    assert [card["state"] for card in http.rows(CARDS)] == ["cancelled"]


def test_a_file_deleted_in_mid_job_stops_it_unanswered(http, slack, ann, general, pdf) -> None:
    http.held_back.add("jobs")
    file = slack.file("a.pdf", pdf)
    post = slack.post(ann, general, "to French", files=[file])
    http.quiet()
    slack.delete_file(file)
    http.quiet()
    http.held_back.clear()
    http.quiet()
    assert states(http) == ["cancelled"]
    assert names(slack, post) == []


@pytest.mark.parametrize("how", ["uninstall", "revoke_tokens"])
def test_a_removed_app_stops_its_jobs(http, slack, ann, general, pdf, how) -> None:
    http.held_back.add("jobs")
    slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    getattr(slack, how)()
    http.quiet()
    http.held_back.clear()
    http.quiet()
    assert states(http) == ["cancelled"]


def test_an_archived_channel_is_answered_in_a_direct_message(
    http, slack, ann, general, pdf
) -> None:
    http.held_back |= {"jobs", "cards"}
    slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    slack.archive(ann, general)
    http.held_back.clear()
    http.quiet()
    assert [name for name, _ in slack.files_in(slack.messages(slack.dm(ann)))] == ["a.fr.pdf"]


# ---------- who may, and what is nobody's


def test_signatures(http, slack, ann, general, pdf) -> None:
    slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    first = slack.deliveries("message/file_share")[0]
    for signature in ("wrong", "stale", "missing"):
        assert slack.replay(first, signature, event_id=f"Ev{signature}").attempts[-1].status == 401
    http.quiet()
    assert len(http.jobs) == 1


def test_events_of_another_team_are_dropped(http, slack, ann, general, pdf) -> None:
    http.held_back.add("inbox")
    slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    slack.settle()
    before = len(http.rows(INBOX))
    first = slack.deliveries("message/file_share")[0]
    slack.replay(first, event_id="EvELSE", team_id="T0ELSE", authorizations=[{"team_id": "T0ELSE"}])
    assert len(http.rows(INBOX)) == before
    http.held_back.clear()


def test_pdfs_of_bots_are_left_alone(http, slack, ann, general, pdf) -> None:
    robot = slack.other_bot("builds")
    general.members.add(robot.id)
    slack.post(robot, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert http.jobs == []


def test_people_of_other_organisations_are_refused_unless_set(http, slack, general, pdf) -> None:
    stranger = slack.user("eve", team_id=slack.team("Elsewhere", "elsewhere").id)
    general.members.add(stranger.id)
    slack.post(stranger, general, f"<@{slack.bot.id}> to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert http.jobs == []


def test_only_those_who_may_can_cancel_and_twice_is_once(http, slack, ann, general, pdf) -> None:
    http.held_back.add("jobs")
    bob = slack.user("bob")
    general.members.add(bob.id)
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    card = next(one for one in slack.thread(post) if not one.files)
    slack.click(bob, card, ours.CANCEL)
    http.quiet()
    assert states(http) == ["ready"]
    assert slack.world.ephemerals
    slack.click(ann, card, ours.CANCEL)
    slack.click(ann, card, ours.CANCEL)
    http.quiet()
    http.held_back.clear()
    http.quiet()
    assert states(http) == ["cancelled"]
    assert names(slack, post) == []


def test_hostile_names_and_texts_do_no_harm(http, slack, ann, general, pdf) -> None:
    name = "<!channel> `x` \u202e" + "y" * 300 + ".pdf"
    post = slack.post(ann, general, "to French <!everyone> *hi*", files=[slack.file(name, pdf)])
    http.quiet()
    assert states(http) == ["done"]
    assert slack.world.broadcasts == []
    assert "\u202e" not in words(slack, post)


# ---------- languages


def test_a_language_that_nobody_named_is_asked_for_and_chosen(
    http, slack, ann, general, pdf
) -> None:
    post = slack.post(ann, general, "please look", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert http.jobs == []
    card = next(one for one in slack.thread(post) if not one.files)
    [message] = http.rows(INBOX, waiting_for="language")
    slack.choose(ann, card, ours.CHOOSE_LANGUAGE, f"{message['id']}:de")
    http.quiet()
    assert names(slack, post) == ["a.de.pdf"]


def test_a_question_that_is_ignored_ends_with_a_word(http, slack, ann, general, pdf) -> None:
    post = slack.post(ann, general, "please look", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    [message] = http.rows(INBOX, waiting_for="language")
    change(http.database, INBOX, message["id"], run_after=0.0)
    http.quiet()
    assert http.jobs == []
    assert [row["state"] for row in http.rows(INBOX, id=message["id"])] == ["dead"]
    assert "got no answer in time" in words(slack, post)


def test_a_channel_gets_all_its_languages_and_only_those_that_differ(
    http, slack, ann, general, pdf
) -> None:
    with http.database.write() as connection:
        preferences.keep_wishes(
            connection, slack.here.team_id, general.id, ChannelWishes(languages=("en", "de", "fr"))
        )
    post = slack.post(ann, general, "news", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert names(slack, post) == ["a.de.pdf", "a.fr.pdf"]
    assert sum(job["characters_billed"] for job in http.jobs if job["target_lang"] == "en") == 0


def test_an_invitation_is_greeted_once(http, slack, ann) -> None:
    quiet = slack.channel("quiet", ann, bot=False)
    slack.invite(ann, quiet)
    http.quiet()
    slack.kick(quiet)
    slack.invite(ann, quiet)
    http.quiet()
    greetings = [one for one in slack.messages(quiet) if "Which languages" in one.text]
    assert len(greetings) == 1


@pytest.mark.parametrize(
    ("word", "said"), [("help", "Post a PDF"), ("status", "no documents"), ("", "Post a PDF")]
)
def test_the_command_answers_its_caller_alone(http, slack, ann, general, word, said) -> None:
    delivery = slack.command(ann, general, "/translate", word)
    slack.settle()
    assert said in str(delivery.attempts[-1].answer)


def test_settings_of_a_channel_are_kept(http, slack, ann, general, pdf) -> None:
    slack.command(ann, general, "/translate", "settings")
    slack.submit(ann, {"languages": ["es"]})
    http.quiet()
    post = slack.post(ann, general, "news", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert names(slack, post) == ["a.es.pdf"]


def test_the_home_lists_a_persons_documents(http, slack, ann, general, pdf) -> None:
    slack.post(ann, general, "to French", files=[slack.file("contract.pdf", pdf)])
    http.quiet()
    slack.open_home(ann)
    http.quiet()
    home = slack.home(ann)
    assert home
    assert "contract.pdf" in str(vars(home))


# ---------- the rest of a bad week


def test_an_event_that_could_not_be_kept_is_taken_when_slack_sends_it_again(
    http, slack, ann, general, pdf
) -> None:
    away = http.settings.data_dir / "dragoman.db"
    http.held_back |= {"inbox", "jobs", "outbox", "cards"}
    slack.courier.retry_after_s = [1.0, 1.0, 1.0]
    http.break_database(away)
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    slack.wait_until(
        lambda: any(one.attempts and one.attempts[0].status == 500 for one in slack.sent), 10
    )
    http.mend_database(away)
    http.held_back.clear()
    http.quiet()
    assert len(http.jobs) == 1
    assert names(slack, post) == ["a.fr.pdf"]


def test_a_dialog_that_opens_too_late_is_offered_again(http, slack, ann, general, pdf) -> None:
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    slack.fail("views.open", "internal_error")
    slack.message_shortcut(ann, post, "translate_pdf")
    http.quiet()
    assert any("once more" in one.text for one in slack.world.ephemerals)


def test_a_long_document_waits_for_a_yes_on_its_card(
    http, slack, whole, ann, general, tmp_path
) -> None:
    http.close()
    long = make(tmp_path / "long.pdf", *[LOREM] * 3).read_bytes()
    with opened(slack, whole.model_copy(update={"approval_pages": 2}), "http") as careful:
        post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", long)])
        careful.quiet()
        [job] = careful.jobs
        assert job["waiting_for"] == "approval"
        slack.click(ann, next(one for one in slack.thread(post) if not one.files), ours.APPROVE)
        careful.quiet()
        assert names(slack, post) == ["a.fr.pdf"]


@pytest.mark.more
def test_where_others_approve_the_requesters_click_is_refused_and_theirs_counts(
    http, slack, whole, ann, general, tmp_path
) -> None:
    http.close()
    bob = slack.user("bob")
    long = make(tmp_path / "long.pdf", *[LOREM] * 3).read_bytes()
    changed = {"approval_pages": 2, "approvers": (f"slack:{bob.team_id}:{bob.id}".casefold(),)}
    with opened(slack, whole.model_copy(update=changed), "http") as careful:
        post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", long)])
        careful.quiet()
        card = next(one for one in slack.thread(post) if not one.files)
        slack.click(ann, card, ours.APPROVE)
        careful.quiet()
        assert [job["waiting_for"] for job in careful.jobs] == ["approval"]
        assert any("others decide about the cost" in one.text for one in slack.world.ephemerals)
        slack.click(bob, card, ours.APPROVE)
        careful.quiet()
        assert names(slack, post) == ["a.fr.pdf"]


def test_a_post_that_is_to_stay_in_house_is_given_to_no_engine_outside(
    http, slack, ann, general, pdf
) -> None:
    slack.post(ann, general, "to French, keep it in house", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert [job["options"]["in_house"] for job in http.jobs] == [True]
    slack.post(ann, general, "to French", files=[slack.file("b.pdf", pdf)])
    http.quiet()
    assert sorted(job["options"]["in_house"] for job in http.jobs) == [False, True]


def test_a_language_in_a_direct_message_answers_the_open_question(http, slack, pdf) -> None:
    bea = slack.user("bea", locale="")
    post = slack.post(bea, slack.dm(bea), files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert http.jobs == []
    slack.post(bea, slack.dm(bea), "to German")
    http.quiet()
    assert names(slack, post) == ["a.de.pdf"]


def test_a_file_taken_out_of_the_channel_stops_its_job(http, slack, ann, general, pdf) -> None:
    http.held_back.add("jobs")
    file = slack.file("a.pdf", pdf)
    post = slack.post(ann, general, "to French", files=[file])
    http.quiet()
    slack.unshare(file, post)
    http.quiet()
    http.held_back.clear()
    http.quiet()
    assert states(http) == ["cancelled"]
    assert names(slack, post) == []


def test_cancelled_after_the_end_it_stays_done(http, slack, ann, general, pdf) -> None:
    http.held_back.add("jobs")
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    card = next(one for one in slack.thread(post) if not one.files)
    http.held_back |= {"inbox", "cards"}
    slack.click(ann, card, ours.CANCEL)
    slack.settle()
    http.held_back -= {"jobs"}
    slack.wait_until(lambda: states(http) == ["done"], 20)
    http.held_back.clear()
    http.quiet()
    assert states(http) == ["done"]
    assert names(slack, post) == ["a.fr.pdf"]


def test_a_file_of_a_shared_channel_is_looked_up_first(http, slack, ann, pdf) -> None:
    shared = slack.channel("shared", ann, is_ext_shared=True)
    post = slack.post(ann, shared, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert names(slack, post) == ["a.fr.pdf"]
    assert slack.calls("files.info", ok=True)
