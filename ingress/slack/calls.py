"""What somebody wants of a post: an event, looked up in Slack, becomes a Call."""

from __future__ import annotations

from dataclasses import dataclass, field

from dragoman.domain.job import Layout, Options, Tone
from dragoman.domain.wishes import Intent, Reading
from dragoman.errors import StoreUnavailable
from ingress.slack import language_choice, lookup, parse
from ingress.slack.context import Context
from ingress.slack.lookup import Post
from ingress.slack.surfaces import dialogs

Asking = parse.Posted | parse.Edited | parse.Shared | parse.Flagged | parse.Wanted


@dataclass(frozen=True, slots=True)
class Call:
    """What somebody wants of a post.

    `asked`: they turned to us, so silence is no answer; `reading`: what their words want;
    `explicit`: languages that they chose without words.

    `adds`: it may add languages to what a former call began.
    """

    post: Post
    user: str
    asked: bool
    reading: Reading = field(default=Reading(Intent.NONE), hash=False)
    explicit: tuple[str, ...] = ()
    adds: bool = False
    options: Options | None = None


def of(context: Context, event: Asking) -> Call | None:
    """The call that an event is; None: nobody's. Raises as `lookup`."""
    match event:
        case parse.Posted():
            return _of_message(context, event)
        case parse.Edited():
            return _of_edit(context, event)
        case parse.Shared():
            return _of_file(context, event)
        case parse.Flagged():
            found = lookup.post(context.client, event.place, event.ts)
            languages = (event.language,)
            return (
                Call(found, event.user, asked=True, explicit=languages, adds=True)
                if found and found.files
                else None
            )
        case parse.Wanted():
            return _of_dialog(context, event)


def _of_dialog(context: Context, event: parse.Wanted) -> Call | None:
    found = lookup.post(context.client, event.place, event.ts)
    if found is None or not event.languages:
        return None
    options = Options(
        target_lang="",
        tone=Tone(event.tone) if event.tone else None,
        layout=Layout(event.layout) if event.layout else Layout.TRANSLATED,
        pages=event.pages or None,
        glossary=dialogs.terms(event.glossary),
    )
    return Call(found, event.user, asked=True, explicit=event.languages, adds=True, options=options)


def _of_message(context: Context, event: parse.Posted) -> Call | None:
    found = Post(
        event.place, event.ts, event.thread_ts, event.user, event.text, event.files, bot=False
    )
    mentioned = _names_us(context, event.text)
    if mentioned and not event.files:  # `app_mention` may come without the files of its message
        found = lookup.post(context.client, event.place, event.ts, event.thread_ts) or found
    asked = mentioned or event.direct
    reading = language_choice.read(event.text, is_reply=event.thread_ts is not None)
    if asked and not found.files and found.thread_ts and reading.intent is not Intent.THANKS:
        meant = _of_thread(context, found.place, found.thread_ts)
        if meant is not None:
            return Call(meant, event.user, asked=True, reading=reading, adds=True)
    return Call(found, event.user, asked=asked, reading=reading)


def _of_thread(context: Context, place: str, thread_ts: str) -> Post | None:
    """The post with files that a line in a thread is about: the thread's first, else its last."""
    first = lookup.post(context.client, place, thread_ts)
    if first and first.files and first.user != context.bot_user:
        return first
    return lookup.latest_with_files(context.client, place, thread_ts, without=context.bot_user)


def _of_edit(context: Context, event: parse.Edited) -> Call | None:
    found = lookup.post(context.client, event.place, event.ts)
    if found is None or found.bot or found.user != event.user:
        return None
    asked = _names_us(context, found.text) or event.place.startswith("D")
    reading = language_choice.read(found.text)
    return Call(found, found.user, asked=asked, reading=reading, adds=True)


def _of_file(context: Context, event: parse.Shared) -> Call | None:
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
    if found is None or found.bot:
        return None
    asked = _names_us(context, found.text) or event.place.startswith("D")
    return Call(found, found.user, asked=asked, reading=language_choice.read(found.text))


def _names_us(context: Context, text: str) -> bool:
    return f"<@{context.bot_user}>" in text
