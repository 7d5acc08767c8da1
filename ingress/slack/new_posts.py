"""From a post with PDFs to its card and its jobs: who may, which files, which languages, then
the download.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import structlog

from dragoman.app.capabilities import NoEngine
from dragoman.app.pdf_check import too_large
from dragoman.channels.slack import posts
from dragoman.channels.slack.slack_api import (
    CHANNEL,
    SlackClosed,
    SlackRefused,
    SlackScopeMissing,
    owner_of,
)
from dragoman.db.ledgers.lease import Lease
from dragoman.db.records import preferences
from dragoman.domain import engines
from dragoman.domain.job import Layout, Options, Tone, WaitingFor
from dragoman.domain.request import OnCard, Pdf, Request
from dragoman.domain.wishes import ChannelWishes, PersonWishes
from dragoman.errors import DragomanError, EmptyFile, NotAPdf, RequestError, StoreUnavailable
from ingress.slack import download, invitations, language_choice, lookup, parse
from ingress.slack.context import Context
from ingress.slack.lookup import Post, SlackFile
from ingress.slack.surfaces import dialogs
from ingress.slack.surfaces.commands import help_text

log = structlog.get_logger(__name__)

LANGUAGE_WAIT_S = 86_400.0
# jobs of one person at a time: further posts of theirs wait, and others' come in between
MOST_OPEN = 10
TURN_S = 5.0
SHARES_WAIT_S = 10.0  # Slack notes where a file is shared a little after it says that it is

OUTSIDERS = "Sorry, on this server only members of its own organisation can have PDFs translated."


@dataclass(frozen=True, slots=True)
class Call:
    """What somebody wants of a post.

    `asked`: they turned to us, so silence is no answer; `explicit`: languages named by them.

    `adds`: it may add languages to what a former call began.
    """

    post: Post
    user: str
    asked: bool
    explicit: tuple[str, ...] = ()
    adds: bool = False
    options: Options | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be made of a post: each file in each of `wanted`."""

    call: Call
    card_id: str
    files: tuple[SlackFile, ...]
    wanted: tuple[Options, ...]


def act(
    context: Context, held: Lease, event: parse.Posted | parse.Shared | parse.Flagged | parse.Wanted
) -> None:
    """Act on an event that may be about PDFs; it ends `held`."""
    try:
        call = _call(context, event)
    except SlackClosed as closed:
        if not isinstance(event, parse.Wanted) or not invitations.is_outside(closed):
            raise
        invitations.wait(context, held, event.place, event.user)
        return
    if call is None or call.post.bot or not call.user or call.user == context.bot_user:
        context.intake.drop(held, "no post by a person")
        return
    if not call.post.files:
        _without_files(context, held, call)
    elif posts.card_of_message(context.intake, held.id) and _takes_turns(context, held, call):
        # looked into before: while it waits nothing is asked of Slack, which counts the calls
        return
    else:
        _with_files(context, held, call)


def _call(
    context: Context, event: parse.Posted | parse.Shared | parse.Flagged | parse.Wanted
) -> Call | None:
    client = context.client
    match event:
        case parse.Posted():
            return _call_of_message(context, event)
        case parse.Shared():
            return _call_of_file(context, event)
        case parse.Flagged():
            found = lookup.post(client, event.place, event.ts)
            return (
                Call(found, event.user, asked=True, explicit=(event.language,), adds=True)
                if found and found.files
                else None
            )
        case parse.Wanted():
            found = lookup.post(client, event.place, event.ts)
            if found is None or not event.languages:
                return None
            options = Options(
                target_lang="",
                tone=Tone(event.tone) if event.tone else None,
                layout=Layout(event.layout) if event.layout else Layout.TRANSLATED,
                pages=event.pages or None,
                glossary=dialogs.terms(event.glossary),
            )
            return Call(
                found, event.user, asked=True, explicit=event.languages, adds=True, options=options
            )


def _call_of_message(context: Context, event: parse.Posted) -> Call | None:
    mentioned = f"<@{context.bot_user}>" in event.text
    found = Post(
        event.place, event.ts, event.thread_ts, event.user, event.text, event.files, bot=False
    )
    if mentioned and not event.files:  # `app_mention` may come without the files of its message
        found = lookup.post(context.client, event.place, event.ts, event.thread_ts) or found
    if mentioned and not found.files and found.thread_ts:
        above = lookup.post(context.client, event.place, found.thread_ts)
        if above and above.files:
            return Call(
                above,
                event.user,
                asked=True,
                explicit=language_choice.of_text(event.text)[0],
                adds=True,
            )
    return Call(
        found,
        event.user,
        asked=mentioned or event.direct,
        explicit=language_choice.of_text(found.text)[0],
    )


def _call_of_file(context: Context, event: parse.Shared) -> Call | None:
    """The message that brought a file, by the places where the file is shared."""
    file = lookup.file(context.client, event.file)
    if file is None or file.user == context.bot_user:
        return None
    entries = file.shares.get(event.place, ())
    if not entries:
        if not file.shares:
            raise StoreUnavailable(
                "Slack does not say yet where the file is shared.", detail=event.place
            )
        return None
    newest = max(entries, key=lambda entry: str(entry.get("ts", "")))
    found = lookup.post(context.client, event.place, str(newest.get("ts")), newest.get("thread_ts"))
    if found is None:
        return None
    mentioned = f"<@{context.bot_user}>" in found.text
    return Call(
        found,
        found.user,
        asked=mentioned or event.place.startswith("D"),
        explicit=language_choice.of_text(found.text)[0],
    )


def _without_files(context: Context, held: Lease, call: Call) -> None:
    """A word to us without a PDF: a language that was asked for, or a question."""
    if not call.asked:
        context.intake.drop(held, "no PDF")
        return
    if call.explicit and (
        waiting := posts.waiting_for_language(
            context.intake, context.team, call.post.place, call.user
        )
    ):
        context.intake.tell(waiting, WaitingFor.LANGUAGE, {"languages": list(call.explicit)})
        context.intake.drop(held, "chose a language")
        return
    thread_ts = call.post.thread_ts or (None if call.post.place.startswith("D") else call.post.ts)
    with suppress(SlackRefused):  # where nobody can be answered, nobody needs help
        context.say(call.post.place, help_text(context.intake), thread_ts=thread_ts)
    context.intake.drop(held, "helped")


def _with_files(context: Context, held: Lease, call: Call) -> None:
    channel, person_wishes = _wishes(context, call)
    if not call.asked and not channel.auto:
        context.intake.drop(held, "not asked in a quiet channel")
        return
    person = lookup.person(context.client, call.user, context.team)
    if person.bot:
        context.intake.drop(held, "a bot's")
        return
    if person.external and not context.settings.slack_external_users:
        _refuse_outsider(context, held, call)
        return
    files = [file for file in (lookup.file(context.client, one) for one in call.post.files) if file]
    files, notes = _sorted_out(context, call, files)
    if not files and not (notes and call.asked):
        context.intake.drop(held, "no PDF")
        return
    card, created = _card(context, held, call)
    if not created and card["message_id"] != held.id and not call.adds:
        context.intake.drop(held, "the same post")
        return
    chosen = tuple(held.row["payload"].get("languages") or ()) or language_choice.languages(
        call.explicit, channel, person_wishes, person.locale, context.settings.default_target_lang,
        direct=call.post.place.startswith("D"),
    )  # fmt: skip
    if files and (refused := _no_engine(context)):
        notes += [_note(file.name, refused) for file in files]
        files = []
    if files and not chosen:
        context.intake.wait(held, WaitingFor.LANGUAGE, LANGUAGE_WAIT_S, {"card_id": card["id"]})
        return
    if not _takes_turns(context, held, call):
        wanted = tuple(_options(call, tag, channel, person_wishes) for tag in chosen)
        _submit(context, held, Work(call, card["id"], tuple(files), wanted), notes)


def _no_engine(context: Context) -> NoEngine | None:
    """Why nothing can be translated at all; None: something can, or nobody knows yet."""
    try:
        context.intake.check_engine()
    except NoEngine as error:
        return error
    return None


def _takes_turns(context: Context, held: Lease, call: Call) -> bool:
    """Whether the message waits, since its sender has enough at work already."""
    waits = posts.take_turns(
        context.intake, held, owner_of(context.team, call.user), MOST_OPEN, TURN_S
    )
    if waits:
        log.info("slack_takes_turns", message_id=held.id)
    return waits


def _submit(context: Context, held: Lease, work: Work, notes: list[dict[str, str]]) -> None:
    requests: list[Request] = []
    try:
        for file in work.files:
            requests += _requests(context, work, file, notes)
        context.intake.submit(requests, message=held, on_card=OnCard(work.card_id, notes))
    except BaseException:
        if not held.ended:
            _forget(context, requests)
        raise


def _requests(
    context: Context, work: Work, file: SlackFile, notes: list[dict[str, str]]
) -> list[Request]:
    """A request for each language that is not there yet; what cannot be fetched becomes a note."""
    made: list[Request] = []
    post, owner = work.call.post, owner_of(context.team, work.call.user)
    for options in work.wanted:
        key = f"{CHANNEL}:{context.team}:{post.place}:{post.ts}:{file.id}:{_kind(options)}"
        if posts.job_by_key(context.intake, key):
            continue
        try:
            context.intake.check_request(options, owner=owner, channel=CHANNEL)
            pdf = (
                _again(context, made[0].pdf)
                if made
                else download.fetch(context.intake, context.settings, file)
            )
        except (RequestError, SlackScopeMissing) as error:
            note = _note(file.name, error)
            if note not in notes:
                notes.append(note)
            continue
        made.append(
            Request(pdf, options, owner, CHANNEL, key, work.card_id, f"{context.team}:{file.id}")
        )
    return made


def _kind(options: Options) -> str:
    """What makes two translations of a file differ; the language alone for one without further
    wishes.
    """
    more = [
        options.tone or "",
        "" if options.layout is Layout.TRANSLATED else options.layout,
        options.pages or "",
    ]
    more.append(sha256(repr(options.glossary).encode()).hexdigest()[:8] if options.glossary else "")
    return ":".join([options.target_lang, *more]).rstrip(":")


def _again(context: Context, pdf: Pdf) -> Pdf:
    """The same bytes for another job."""
    with context.intake.store.open(pdf.blob) as body:
        return context.intake.store_pdf(pdf.filename, body)


def _sorted_out(
    context: Context, call: Call, files: Sequence[SlackFile]
) -> tuple[list[SlackFile], list[dict[str, str]]]:
    """The PDFs of a post, and a note for each other file; a file that is not shared in the
    channel is not looked at.
    """
    good: list[SlackFile] = []
    notes: list[dict[str, str]] = []
    for file in files:
        if file.user == context.bot_user or (file.shares and call.post.place not in file.shares):
            log.info("slack_file_refused", file=file.id)
            continue
        error = _complaint(context, file)
        if error is None:
            good.append(file)
        elif call.asked or file.is_pdf:
            notes.append(_note(file.name, error))
    return good, notes


def _complaint(context: Context, file: SlackFile) -> RequestError | None:
    if not file.is_pdf:
        return NotAPdf()
    if file.size == 0:
        return EmptyFile()
    if file.size is not None and file.size > context.settings.max_pdf_bytes:
        return too_large(context.settings.max_pdf_bytes)
    return None


def _card(context: Context, held: Lease, call: Call) -> tuple[dict[str, Any], bool]:
    post = call.post
    key = f"{CHANNEL}:{context.team}:{post.place}:{post.ts}"
    return posts.open_card(
        context.intake,
        key=key,
        team=context.team,
        place=post.place,
        post_ts=post.ts,
        thread_ts=post.thread_ts or post.ts,
        requester=call.user,
        message_id=held.id,
    )


def _wishes(context: Context, call: Call) -> tuple[ChannelWishes, PersonWishes]:
    with context.intake.database.read() as connection:
        channel = preferences.channel_wishes(connection, context.team, call.post.place)
        person = preferences.person_wishes(connection, context.team, call.user)
    return channel, person


def _options(call: Call, tag: str, channel: ChannelWishes, person: PersonWishes) -> Options:
    in_house = engines.wants_in_house(call.post.text)
    if call.options:
        return replace(call.options, target_lang=tag, in_house=in_house)
    tone = language_choice.of_text(call.post.text)[1] or channel.tone
    if not call.post.place.startswith("D"):
        return Options(tag, tone=tone, in_house=in_house)
    layout = person.layout or Layout.TRANSLATED
    return Options(tag, tone=tone or person.tone, layout=layout, in_house=in_house)


def _refuse_outsider(context: Context, held: Lease, call: Call) -> None:
    if call.asked:
        with suppress(SlackRefused):
            context.whisper(call.post.place, call.user, OUTSIDERS, call.post.thread_ts)
    context.intake.drop(held, "external user")


def _forget(context: Context, requests: Sequence[Request]) -> None:
    for request in requests:
        with suppress(StoreUnavailable):
            context.intake.store.delete(request.pdf.blob)


def _note(filename: str, error: DragomanError) -> dict[str, str]:
    return {"filename": filename, "code": error.code, "message": str(error), "advice": error.advice}
