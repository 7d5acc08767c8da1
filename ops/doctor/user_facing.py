"""What people meet: the engine, the doors, the answers and the links in them, and Flower."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from ipaddress import ip_network
from typing import TYPE_CHECKING

from dragoman.app.capabilities import NoEngine
from dragoman.domain.specs import engine_specs
from dragoman.domain.specs.loading import load
from dragoman.errors import EngineMissing
from dragoman.settings import Settings
from ops.doctor.findings import Finding, Verdict

if TYPE_CHECKING:
    from pipeline.engines.deepl import DeepL
    from pipeline.engines.openai.engine import OpenAI

NEARLY_USED_UP = 0.9
SHOWN_PAIRS = 8
FREE_KEY = (
    "the key is one of DeepL API Free: its terms let DeepL keep the texts and train with them"
)
FREE_KEY_ADVICE = (
    "For confidential documents take a paid key, or say in DRAGOMAN_ENGINES_ALLOWED who may use"
    " DeepL. Its quota is 500,000 characters a month."
)
IMAP_TIMEOUT_S = 5.0


def engines(settings: Settings) -> Iterator[Finding]:
    """What the engines that are promised here can do.

    Raises what `Translator.capabilities` raises, and EngineMissing.
    """
    from pipeline.engines import registry

    offered = registry.offered(settings)
    if not offered and settings.engine != registry.AUTO:
        raise EngineMissing(f"The engine “{settings.engine}” is not set up on this server.")
    for engine in offered:
        capabilities = engine.capabilities()
        spec = engine_specs.by_name(engine.name)
        if engine_specs.is_real(engine.name):
            pairs = (
                _pairs(capabilities.pairs)
                if capabilities.pairs is not None
                else "from any language"
            )
            count = len(capabilities.targets)
            targets = f"{count} target language{'' if count == 1 else 's'}"
            yield Finding("engine", Verdict.OK, f"{engine.name}: {targets}, {pairs}")
        if spec and spec.doctor:
            yield from load(spec.doctor)(engine)
    if not offered:
        yield Finding(
            "engine", Verdict.FAIL, "none is set up: every document is refused", NoEngine.for_admin
        )
    elif not any(engine_specs.is_real(engine.name) for engine in offered):
        said = "pseudo, as you asked for: texts are only marked, not translated"
        yield Finding(
            "engine",
            Verdict.WARN,
            said,
            f"For real translations, remove that setting. {NoEngine.for_admin}",
        )


def _pairs(pairs: frozenset[tuple[str, str]]) -> str:
    from dragoman.domain import language

    names = [
        f"{language.name(source)} → {language.name(target)}" for source, target in sorted(pairs)
    ]
    more = f" and {len(names) - SHOWN_PAIRS} more" if len(names) > SHOWN_PAIRS else ""
    return ", ".join(names[:SHOWN_PAIRS]) + more if names else "no pair is installed"


def of_deepl(engine: DeepL) -> Iterator[Finding]:
    """How much of its quota is left, and what a free key means. Raises as `DeepL.usage`."""
    yield quota(engine)
    if engine.has_free_key:
        yield Finding("data terms", Verdict.WARN, FREE_KEY, FREE_KEY_ADVICE)


def of_language_model(engine: OpenAI) -> Iterator[Finding]:
    """Whether the model is there. Raises as `OpenAI.models`."""
    yield model(engine)


def model(engine: OpenAI) -> Finding:
    """Whether the server of the language model answers, and has the model.

    Raises as `OpenAI.models`.
    """
    known = engine.models()
    if known is None:
        said = "the server answers, and does not list its models"
        return Finding(
            "language model", Verdict.OK, f"{said}; `dragoman doctor --live` tries {engine.model}"
        )
    # Ollama lists `gemma3:latest`, which may be called `gemma3`.
    if engine.model in known or f"{engine.model}:latest" in known:
        return Finding("language model", Verdict.OK, f"the server answers and has {engine.model}")
    shown = ", ".join(sorted(known)[:SHOWN_PAIRS]) or "none"
    advice = f"Set DRAGOMAN_OPENAI_MODEL to one that it has: {shown}."
    return Finding(
        "language model", Verdict.FAIL, f"the server has no model {engine.model}", advice
    )


def quota(engine: DeepL) -> Finding:
    """How much of the period's characters DeepL has counted. Raises as `DeepL.usage`."""
    used = engine.usage()
    if used is None:
        return Finding("quota", Verdict.OK, "DeepL reports no limit")
    count, limit = used
    said = f"{count:,} of {limit:,} characters are used"
    if count >= limit:
        return Finding(
            "quota",
            Verdict.FAIL,
            said,
            "Raise it in your DeepL account; until then, documents fail.",
        )
    verdict = Verdict.WARN if count > NEARLY_USED_UP * limit else Verdict.OK
    return Finding(
        "quota", verdict, said, "It will soon be used up." if verdict is Verdict.WARN else ""
    )


def mail(settings: Settings) -> Iterator[Finding]:
    """Who may send, and who proves that it is they."""
    if not settings.allowed_senders:
        yield Finding(
            "mail in",
            Verdict.WARN,
            "all email is refused: nobody is allowed to send",
            "Set DRAGOMAN_ALLOWED_SENDERS.",
        )
        return
    for peer in settings.trusted_peers:
        try:
            ip_network(peer, strict=False)
        except ValueError:
            yield Finding(
                "mail in",
                Verdict.FAIL,
                f"{peer} is not an IP address or network",
                "Correct DRAGOMAN_TRUSTED_PEERS.",
            )
            return
    if settings.sender_auth == "none":
        said = "SENDER_AUTH=none: anybody can send with a forged From address"
        yield Finding(
            "mail in",
            Verdict.WARN,
            said,
            "Remove it, so that senders are verified (SENDER_AUTH=dmarc).",
        )
    elif settings.sender_auth == "trusted" and not settings.trusted_peers:
        said = "all email is refused: no mail server is trusted to verify the senders"
        yield Finding(
            "mail in",
            Verdict.WARN,
            said,
            "Set DRAGOMAN_TRUSTED_PEERS to the address of your mail server.",
        )
    elif settings.mail_address.endswith("@localhost"):
        said = f"nobody outside this machine can write to {settings.mail_address}"
        yield Finding(
            "mail in",
            Verdict.WARN,
            said,
            "Set DRAGOMAN_MAIL_ADDRESS to the address that people write to.",
        )
    else:
        said = (
            f"{settings.mail_address} accepts email from {len(settings.allowed_senders)} entries in"
            " ALLOWED_SENDERS"
        )
        yield Finding("mail in", Verdict.OK, f"{said}; {_proof(settings)}")


def _proof(settings: Settings) -> str:
    by_peer = (
        "the mail server in front reports SPF and DKIM"
        if settings.trusted_authserv_id
        else "a trusted mail server verifies them"
    )
    if settings.sender_auth == "trusted":
        return by_peer
    return (
        f"{by_peer}, otherwise we check"
        if settings.trusted_peers and settings.trusted_authserv_id
        else "we check SPF and DKIM"
    )


def outbound(settings: Settings) -> Iterator[Finding]:
    """Where answers go; a mail server is asked, and nothing is sent. Raises OutboundUnavailable."""
    from notifier.email.smtp_client import SmtpOutbound, open_outbound

    outbound = open_outbound(settings)
    if isinstance(outbound, SmtpOutbound):
        outbound.greet()
        yield Finding("mail out", Verdict.OK, "the mail server answers and accepts our login")
    else:
        said = f"answers are not sent, only kept in {settings.data_dir.absolute() / 'outbox'}"
        yield Finding("mail out", Verdict.WARN, said, "Set DRAGOMAN_OUTBOUND_SMTP_URL.")


def sent(settings: Settings) -> Iterator[Finding]:
    """The folder in which an answer is looked for before it is sent again.

    Raises OutboundUnavailable.
    """
    from notifier.email.smtp_client import open_sent_folder

    sent_folder = open_sent_folder(settings, IMAP_TIMEOUT_S)
    if sent_folder:
        sent_folder.greet()
        yield Finding("mail sent", Verdict.OK, "the folder of sent email can be read")


def links(settings: Settings) -> Iterator[Finding]:
    """Whether answers carry links, and what they are signed with."""
    if settings.secret_key is None and not (settings.data_dir / "secret_key").exists():
        todo = "`dragoman up` creates one; for single processes, `dragoman init` writes one."
        yield Finding(
            "links", Verdict.WARN, "there is no DRAGOMAN_SECRET_KEY to sign links with", todo
        )
    elif settings.public_url is None:
        yield Finding(
            "links",
            Verdict.OK,
            "answers contain the file and no links, since PUBLIC_URL is not set",
        )
    elif settings.public_url.startswith("http://"):
        todo = "Put a proxy with TLS in front of the web server, and use https://."
        yield Finding(
            "links",
            Verdict.WARN,
            f"{settings.public_url} is not encrypted: others on the network could read the links",
            todo,
        )
    else:
        yield Finding(
            "links",
            Verdict.OK,
            f"links to {settings.public_url} work for {settings.link_ttl_s / 86400:g} days",
        )


def fonts(settings: Settings) -> Iterator[Finding]:
    """What letters can be written with."""
    import pymupdf

    fallback = pymupdf.Font("cjk").name
    yield Finding(
        "fonts",
        Verdict.OK,
        f"PyMuPDF {version('pymupdf-lite')} includes them; for all other scripts: {fallback}",
    )


def ocr(settings: Settings) -> Iterator[Finding]:
    """Whether scans are read."""
    from pipeline.pdf.reading.ocr import languages

    known = sorted(languages())
    if known:
        yield Finding("OCR", Verdict.OK, f"Tesseract reads scans in {', '.join(known)}")
    else:
        todo = (
            "On Debian: apt-get install tesseract-ocr tesseract-ocr-deu, and the languages of your"
            " documents."
        )
        yield Finding("OCR", Verdict.WARN, "scans are refused: Tesseract is not installed", todo)


def sandbox(settings: Settings) -> Iterator[Finding]:
    """Which of the walls stand between a stranger's PDF and this server."""
    from pipeline.sandbox.calls import missing_walls

    missing = missing_walls()
    if missing:
        todo = (
            "Work goes on. For all of it: Linux 5.13 or later with Landlock and seccomp, on x86-64"
            " or arm64."
        )
        yield Finding(
            "sandbox",
            Verdict.WARN,
            f"PDFs and emails are read without {', '.join(missing)}, which this system lacks",
            todo,
        )
    else:
        yield Finding(
            "sandbox",
            Verdict.OK,
            "PDFs and emails are read behind Landlock, seccomp and hard limits, without secrets",
        )


def flower(settings: Settings) -> Iterator[Finding]:
    """Who can look at the tasks. Raises SettingsInvalid where anybody could."""
    from ops.flower import check

    check(settings)
    guarded = (
        "asks for a password"
        if settings.flower_auth
        else "has no password, and only this host can reach it"
    )
    yield Finding("Flower", Verdict.OK, f"{settings.flower_listen} {guarded}")
