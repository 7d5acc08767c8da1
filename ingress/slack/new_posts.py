"""From a post with PDFs to its card and its jobs: who may, which files, which languages, then
the download.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256

import structlog

from dragoman.app.capabilities import NoEngine
from dragoman.app.pdf_check import too_large
from dragoman.channels.slack import posts
from dragoman.channels.slack.slack_api import (
    CHANNEL,
    SlackClosed,
    SlackRefused,
    SlackScopeMissing,
    our_errors,
    owner_of,
)
from dragoman.db.ledgers.lease import Lease
from dragoman.db.records import preferences
from dragoman.domain import engines
from dragoman.domain.job import Layout, Options, WaitingFor
from dragoman.domain.request import OnCard, Pdf, Request
from dragoman.domain.rows.card import Card
from dragoman.domain.rows.message import InboxMessage
from dragoman.domain.wishes import ChannelWishes, Intent, Origin, PersonWishes
from dragoman.domain.wishes.understood import Understood, settled
from dragoman.errors import (
    DragomanError,
    EmptyFile,
    Gone,
    NoLanguage,
    NotAPdf,
    RequestError,
    StoreUnavailable,
)
from ingress.slack import calls, download, invitations, language_choice, lookup, parse
from ingress.slack.calls import Call
from ingress.slack.context import Context
from ingress.slack.lookup import Person, SlackFile
from ingress.slack.surfaces.commands import help_text

log = structlog.get_logger(__name__)

LANGUAGE_WAIT_S = 86_400.0
# jobs of one person at a time: further posts of theirs wait, and others' come in between
MOST_OPEN = 10
TURN_S = 5.0
THANKS = "heart"  # the name of an emoji
SHARES_WAIT_S = 10.0  # Slack notes where a file is shared a little after it says that it is

SEEN_BY_ALL = (
    "Please never write a password where others can read it. I have not used it; it is safest to"
    " delete that message. If a PDF turns out to be locked, I ask you with a button that only you"
    " can use."
)
UNSEEN = Gone(
    "Slack does not show me this file.",
    advice="Please post it here once more, or share it in this channel.",
)
OUTSIDERS = "Sorry, on this server only members of its own organisation can have PDFs translated."


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be made of a post: each file in its languages, with the options of `each`."""

    call: Call
    card_id: str
    files: tuple[SlackFile, ...]
    understood: Understood
    each: Options

    def wanted(self, file: SlackFile) -> tuple[Options, ...]:
        """The options of each translation of a file."""
        targets = self.understood.targets_for(file.name)[: language_choice.MOST_LANGUAGES]
        return tuple(replace(self.each, target_lang=target) for target in targets)


def act(context: Context, held: Lease[InboxMessage], event: calls.Asking) -> None:
    """Act on an event that may be about PDFs; it ends `held`."""
    if isinstance(event, parse.Posted) and event.told_password:
        _warn(context, event)
    if isinstance(event, parse.Posted | parse.Edited) and _chose(context, held, event):
        return
    try:
        call = calls.of(context, event)
    except SlackClosed as closed:
        if not isinstance(event, parse.Wanted) or not invitations.is_outside(closed):
            raise
        invitations.wait(context, held, event.place, event.user)
        return
    if call is None or not call.user or call.user == context.bot_user:
        context.intake.drop(held, "no post by a person")
    elif not call.post.files:
        _without_files(context, held, call)
    elif posts.card_of_message(context.intake, held.id) and _takes_turns(context, held, call):
        # looked into before: while it waits nothing is asked of Slack, which counts the calls
        return
    else:
        _with_files(context, held, call)


def _warn(context: Context, event: parse.Posted) -> None:
    with suppress(SlackRefused):
        context.whisper(event.place, event.user, SEEN_BY_ALL, event.thread_ts)


def _chose(context: Context, held: Lease[InboxMessage], event: parse.Posted | parse.Edited) -> bool:
    """Whether a line answers our question for a language: in its thread, in a direct message, or
    by an edit of the post itself; then it ends `held`.
    """
    if isinstance(event, parse.Posted) and event.files:
        return False
    targets = language_choice.read(event.text, is_reply=True).targets
    if not targets:
        return False
    if isinstance(event, parse.Edited):
        waiting = posts.asked_about(context.intake, _key(context, event.place, event.ts))
    elif event.thread_ts:
        waiting = _asked_in(context, event)
    else:
        intake, team = context.intake, context.team
        waiting = posts.waiting_for_language(intake, team, event.place, event.user)
    answer = {"languages": list(targets), "answer": event.text[: language_choice.LONGEST_ANSWER]}
    if not waiting or not context.intake.tell(waiting, WaitingFor.LANGUAGE, answer):
        return False
    context.intake.drop(held, "chose a language")
    return True


def _asked_in(context: Context, event: parse.Posted) -> str | None:
    """The message that waits for a language in a thread, if this person may choose it."""
    card = posts.asking_in(context.intake, context.team, event.place, event.thread_ts or "")
    if card is None:
        return None
    may = lookup.may_steer(
        context.client,
        context.settings,
        context.team,
        event.place,
        user=event.user,
        requester=card.requester,
    )
    return card.message_id if may else None


def _without_files(context: Context, held: Lease[InboxMessage], call: Call) -> None:
    """A word to us without a PDF: thanks, or a question."""
    if not call.asked:
        context.intake.drop(held, "no PDF")
        return
    if call.reading.intent is Intent.THANKS:
        _like(context, call)
        context.intake.drop(held, "thanks")
        return
    thread_ts = call.post.thread_ts or (None if call.post.place.startswith("D") else call.post.ts)
    with suppress(SlackRefused):  # where nobody can be answered, nobody needs help
        context.say(call.post.place, help_text(context.intake), thread_ts=thread_ts)
    context.intake.drop(held, "helped")


def _like(context: Context, call: Call) -> None:
    with suppress(SlackRefused), our_errors():
        context.client.reactions_add(channel=call.post.place, timestamp=call.post.ts, name=THANKS)


def _with_files(context: Context, held: Lease[InboxMessage], call: Call) -> None:
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
    found = [lookup.file(context.client, one) for one in call.post.files]
    files, notes = _sorted_out(context, call, [file for file in found if file])
    if call.asked and None in found:
        notes.append(_note("a file", UNSEEN))
    if not files and not (notes and call.asked):
        context.intake.drop(held, "no PDF")
        return
    card, created = _card(context, held, call)
    if not created and card.message_id != held.id and not call.adds:
        context.intake.drop(held, "the same post")
        return
    understood = _understood(context, held, call, (channel, person_wishes, person))
    if files and (refused := _no_engine(context)):
        notes += [_note(file.name, refused) for file in files]
        files = []
    if files and not understood:
        context.intake.wait(held, WaitingFor.LANGUAGE, LANGUAGE_WAIT_S, {"card_id": card.id})
        return
    if not _takes_turns(context, held, call):
        nothing = Understood((), Origin.WORDS)  # there are only notes to show
        told = understood.of_files(file.name for file in files) if understood else nothing
        each = _options(call, told, channel, person_wishes)
        _submit(context, held, Work(call, card.id, tuple(files), told, each), notes)


def _understood(
    context: Context,
    held: Lease[InboxMessage],
    call: Call,
    wishes: tuple[ChannelWishes, PersonWishes, Person],
) -> Understood | None:
    """What is to be made of a post's files; None: somebody has to be asked."""
    reading, payload = call.reading, held.row.payload
    if answer := payload.get("answer"):
        said = language_choice.read(answer, is_reply=True)
        reading = replace(
            said,
            pages=said.pages or reading.pages,
            layout=said.layout or reading.layout,
            tone=said.tone or reading.tone,
        )
    if told := tuple(payload.get("languages") or ()) or call.explicit:
        # Files that the text names keep their languages only where the text itself is followed.
        files = reading.files if set(told) == set(reading.targets) else {}
        reading = replace(reading, targets=told, origin=Origin.WORDS, files=files)
    if not call.asked and reading.in_doubt:
        reading = replace(reading, in_doubt=False)  # people talk of languages to each other
    channel, person, someone = wishes
    server, direct = context.settings.default_target_lang, call.post.place.startswith("D")
    return settled(
        reading,
        language_choice.defaults(channel, person, someone.locale, server, direct=direct),
    )


def _no_engine(context: Context) -> NoEngine | None:
    """Why nothing can be translated at all; None: something can, or nobody knows yet."""
    try:
        context.intake.check_engine()
    except NoEngine as error:
        return error
    return None


def _takes_turns(context: Context, held: Lease[InboxMessage], call: Call) -> bool:
    """Whether the message waits, since its sender has enough at work already."""
    waits = posts.take_turns(
        context.intake, held, owner_of(context.team, call.user), MOST_OPEN, TURN_S
    )
    if waits:
        log.info("slack_takes_turns", message_id=held.id)
    return waits


def _submit(
    context: Context, held: Lease[InboxMessage], work: Work, notes: list[dict[str, str]]
) -> None:
    requests: list[Request] = []
    try:
        for file in work.files:
            if not work.wanted(file):
                notes.append(_note(file.name, NoLanguage()))
            requests += _requests(context, work, file, notes)
        told = replace(work.understood, password=False, always=False, glossary=False)
        said = {"understood": told.as_json()} if told.targets else {}
        on_card = OnCard(work.card_id, notes)
        context.intake.submit(requests, message=held, notes=said, on_card=on_card)
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
    for options in work.wanted(file):
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


def _card(context: Context, held: Lease[InboxMessage], call: Call) -> tuple[Card, bool]:
    post = call.post
    return posts.open_card(
        context.intake,
        key=_key(context, post.place, post.ts),
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


def _options(
    call: Call, understood: Understood, channel: ChannelWishes, person: PersonWishes
) -> Options:
    """What all translations of a post have in common; their language is put in for each."""
    in_house = engines.wants_in_house(call.post.text)
    if call.options:
        return replace(call.options, in_house=in_house)
    direct = call.post.place.startswith("D")
    own = person if direct else PersonWishes()
    told = understood.options("", in_house=in_house)
    return replace(
        told,
        tone=told.tone or channel.tone or own.tone,
        layout=understood.layout or own.layout or Layout.TRANSLATED,
    )


def _key(context: Context, place: str, ts: str) -> str:
    """The key of a post's card."""
    return f"{CHANNEL}:{context.team}:{place}:{ts}"


def _refuse_outsider(context: Context, held: Lease[InboxMessage], call: Call) -> None:
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
