"""What every `Outbound` promises, on a Maildir and on a real SMTP server; and what only a mail
server can do.
"""

# ruff: noqa: N802 - aiosmtpd chooses the names of its handler's methods

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from dragoman.errors import OutboundLoginRefused, OutboundRefused, OutboundUnavailable
from dragoman.settings import Settings
from notifier.delivery.channel import OutboundUncertain
from notifier.email.smtp_client import MaildirOutbound, Outbound, SmtpOutbound, open_outbound
from tests.patience import patience

MAIL = (
    b"Message-ID: <abc.1.final@example.org>\r\nSubject:"
    b" Hello\r\n\r\nfirst\r\n.hidden\r\n..\r\nlast\r\n"
)
FROM, TO = "translate@example.org", "ada@example.org"
TIMEOUT_S = 5.0


class Sink:
    """Keeps what it is sent; answers each command as the test says, with 250 otherwise."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.replies: dict[str, str] = {}
        self.users: list[bytes] = []

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.replies.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = self.replies.get("DATA", "250 2.0.0 queued as 17")
        if reply.startswith("250"):
            self.mails.append(
                (envelope.mail_from or "", envelope.rcpt_tos, bytes(envelope.content or b""))
            )
        return reply

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.users.append(data.login)
        # else nothing is replied
        return AuthResult(success=data.password == b"p@ss:word", handled=False)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def serve(sink: Sink) -> Iterator[Callable[..., int]]:
    """Starts an SMTP server with `sink` behind it; its port."""
    started: list[Controller] = []

    def start(**options: Any) -> int:
        controller = Controller(sink, hostname="127.0.0.1", port=_free_port(), **options)
        controller.start()
        started.append(controller)
        return int(controller.port)

    yield start
    for controller in started:
        controller.stop()


@pytest.fixture
def server(serve: Callable[..., int]) -> SmtpOutbound:
    return smtp(serve())


@pytest.fixture(params=["smtp", "maildir"])
def outbound(request: pytest.FixtureRequest, tmp_path: Path) -> Outbound:
    if request.param == "maildir":
        return MaildirOutbound(tmp_path / "outbox")
    found: Outbound = request.getfixturevalue("server")
    return found


@pytest.fixture
def arrived(outbound: Outbound, sink: Sink) -> Callable[[], list[bytes]]:
    """Reads what has come in on the other side."""

    def read() -> list[bytes]:
        if isinstance(outbound, MaildirOutbound):
            return [file.read_bytes() for file in (outbound.root / "new").iterdir()]
        return [mail for _, _, mail in sink.mails]

    return read


def smtp(port: int, timeout_s: float = TIMEOUT_S) -> SmtpOutbound:
    return SmtpOutbound(f"smtp://127.0.0.1:{port}", timeout_s, FROM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class TestOutbound:
    def test_the_bytes_arrive_as_they_are_and_get_a_name(
        self, outbound: Outbound, arrived: Any
    ) -> None:
        assert outbound.send(FROM, TO, MAIL)
        assert arrived() == [MAIL]

    def test_the_null_sender_is_taken(self, outbound: Outbound, arrived: Any) -> None:
        outbound.send("", TO, MAIL)
        assert len(arrived()) == 1

    def test_what_was_never_sent_is_not_found(self, outbound: Outbound) -> None:
        assert outbound.find("<abc.1.final@example.org>") is None

    def test_several_mails_all_arrive(self, outbound: Outbound, arrived: Any) -> None:
        for number in range(3):
            outbound.send(FROM, TO, MAIL.replace(b"abc", b"abc%d" % number))
        assert len(arrived()) == 3


class TestMaildir:
    @pytest.fixture
    def maildir(self, tmp_path: Path) -> MaildirOutbound:
        return MaildirOutbound(tmp_path / "outbox")

    def test_a_second_send_of_the_same_mail_writes_nothing(self, maildir: MaildirOutbound) -> None:
        refs = {maildir.send(FROM, TO, MAIL), maildir.send(FROM, TO, MAIL)}
        assert len(refs) == len(list((maildir.root / "new").iterdir())) == 1
        assert not list((maildir.root / "tmp").iterdir())

    def test_a_mail_is_found_by_its_id_even_after_it_was_read(
        self, maildir: MaildirOutbound
    ) -> None:
        ref = maildir.send(FROM, TO, MAIL)
        (maildir.root / "new" / ref).rename(maildir.root / "cur" / f"{ref}:2,S")
        assert maildir.find("<abc.1.final@example.org>") == ref
        assert maildir.send(FROM, TO, MAIL) == ref
        assert not list((maildir.root / "new").iterdir())

    @pytest.mark.parametrize(
        "hostile", ["<../../evil@x>", "<a/b@x>", "<.hidden@x>", f"<{'a' * 300}@x>", "<a:2,S@x>"]
    )
    def test_a_hostile_message_id_stays_in_its_folder(
        self, maildir: MaildirOutbound, hostile: str
    ) -> None:
        maildir.send(FROM, TO, MAIL.replace(b"<abc.1.final@example.org>", hostile.encode()))
        [file] = (maildir.root / "new").iterdir()
        assert not file.name.startswith(".")
        assert maildir.find(hostile) == file.name

    def test_a_folder_that_cannot_be_written_is_temporary_trouble(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("not a folder")
        with pytest.raises(OutboundUnavailable):
            MaildirOutbound(tmp_path / "file" / "outbox").send(FROM, TO, MAIL)


class TestSmtp:
    def test_the_envelope_is_what_was_asked_for(self, server: SmtpOutbound, sink: Sink) -> None:
        assert "queued as 17" in server.send(FROM, TO, MAIL)
        server.send("", TO, MAIL)
        assert [(sender, to) for sender, to, _ in sink.mails] == [(FROM, [TO]), ("<>", [TO])]

    @pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            ("450 4.2.1 later", OutboundUnavailable),
            ("421 4.3.2 shutting down", OutboundUnavailable),
            ("550 5.1.1 no such user", OutboundRefused),
            # a token revoked in mid-send
            ("530 5.7.57 Client not authenticated to send mail", OutboundLoginRefused),
        ],
    )
    def test_4xx_is_temporary_and_5xx_is_not(
        self, server: SmtpOutbound, sink: Sink, command: str, reply: str, error: type[Exception]
    ) -> None:
        sink.replies[command] = reply
        with pytest.raises(error) as raised:
            server.send(FROM, TO, MAIL)
        assert type(raised.value) is error  # not OutboundUncertain: the answer was clear
        assert raised.value.detail == reply
        assert raised.value.reply == (
            "" if error is OutboundLoginRefused else reply
        )  # for code that asks what it means
        assert sink.mails == []

    def test_nobody_there_is_temporary_and_certain(self) -> None:
        with pytest.raises(OutboundUnavailable) as raised:
            smtp(_free_port()).send(FROM, TO, MAIL)
        assert not isinstance(raised.value, OutboundUncertain)

    def test_a_connection_lost_after_the_final_dot_is_uncertain(self) -> None:
        with Scripted(hang_up_after=b"\r\n.\r\n") as port, pytest.raises(OutboundUncertain):
            smtp(port).send(FROM, TO, MAIL)

    def test_a_server_silent_after_the_final_dot_is_uncertain(self) -> None:
        with Scripted(silent_after=b"\r\n.\r\n") as port, pytest.raises(OutboundUncertain):
            smtp(port, timeout_s=patience(0.3)).send(FROM, TO, MAIL)

    @pytest.mark.parametrize("point", [b"EHLO", b"MAIL", b"RCPT", b"DATA"])
    def test_a_connection_lost_before_the_mail_is_certain(self, point: bytes) -> None:
        with Scripted(hang_up_after=point) as port, pytest.raises(OutboundUnavailable) as raised:
            smtp(port).send(FROM, TO, MAIL)
        assert not isinstance(raised.value, OutboundUncertain)

    def test_a_silent_server_is_given_up_in_time(self) -> None:
        with Scripted(silent_after=b"EHLO") as port, pytest.raises(OutboundUnavailable):
            smtp(port, timeout_s=patience(0.3)).send(FROM, TO, MAIL)

    def test_a_large_mail_arrives_whole(self, serve: Callable[..., int], sink: Sink) -> None:
        mail = MAIL + b".line that begins with a dot\r\n" * 100_000
        smtp(serve()).send(FROM, TO, mail)
        assert sink.mails[0][2] == mail

    def test_user_and_password_are_decoded_and_given(
        self,
        serve: Callable[..., int],
        sink: Sink,
        certificate: ssl.SSLContext,
        monkeypatch: pytest.MonkeyPatch,
        trusted: None,
    ) -> None:
        port = serve(tls_context=certificate, authenticator=sink.authenticate, auth_required=True)
        outbound = SmtpOutbound(
            f"smtp+starttls://ada%40x:p%40ss%3Aword@localhost:{port}", TIMEOUT_S, FROM
        )
        outbound.send(FROM, TO, MAIL)
        assert (sink.users, len(sink.mails)) == ([b"ada@x"], 1)

    def test_a_wrong_password_is_temporary_and_never_told(
        self, serve: Callable[..., int], sink: Sink, certificate: ssl.SSLContext, trusted: None
    ) -> None:
        port = serve(tls_context=certificate, authenticator=sink.authenticate, auth_required=True)
        outbound = SmtpOutbound(f"smtp+starttls://ada:hunter2@localhost:{port}", TIMEOUT_S, FROM)
        with pytest.raises(OutboundLoginRefused) as raised:
            outbound.send(FROM, TO, MAIL)
        assert "hunter2" not in raised.value.detail
        assert sink.mails == []

    def test_smtps_speaks_tls_from_the_start(
        self, serve: Callable[..., int], sink: Sink, certificate: ssl.SSLContext, trusted: None
    ) -> None:
        port = serve(ssl_context=certificate)
        SmtpOutbound(f"smtps://localhost:{port}", TIMEOUT_S, FROM).send(FROM, TO, MAIL)
        assert len(sink.mails) == 1

    def test_starttls_without_tls_on_the_other_side_sends_nothing(
        self, serve: Callable[..., int], sink: Sink
    ) -> None:
        outbound = SmtpOutbound(f"smtp+starttls://127.0.0.1:{serve()}", TIMEOUT_S, FROM)
        with pytest.raises(OutboundUnavailable):
            outbound.send(FROM, TO, MAIL)
        assert sink.mails == []

    def test_an_untrusted_certificate_sends_nothing(
        self, serve: Callable[..., int], sink: Sink, certificate: ssl.SSLContext
    ) -> None:
        port = serve(ssl_context=certificate)
        with pytest.raises(OutboundUnavailable):
            SmtpOutbound(f"smtps://localhost:{port}", TIMEOUT_S, FROM).send(FROM, TO, MAIL)
        assert sink.mails == []

    def test_an_address_beyond_ascii_goes_where_it_is_taken(
        self, serve: Callable[..., int], sink: Sink
    ) -> None:
        smtp(serve(enable_SMTPUTF8=True)).send(FROM, "jürgen@example.org", MAIL)
        assert sink.mails[0][1] == ["jürgen@example.org"]

    def test_an_address_beyond_ascii_is_refused_where_it_is_not(
        self, serve: Callable[..., int], sink: Sink
    ) -> None:
        with pytest.raises(OutboundRefused):
            smtp(serve(enable_SMTPUTF8=False)).send(FROM, "jürgen@example.org", MAIL)


def test_the_settings_choose_the_way_out(tmp_path: Path) -> None:
    assert isinstance(open_outbound(Settings.from_env(data_dir=tmp_path)), MaildirOutbound)
    assert isinstance(
        open_outbound(Settings.from_env(outbound_smtp_url="smtp://mail.example.org")), SmtpOutbound
    )


class Scripted:
    """A server that is polite up to a point in the dialogue, and then hangs up or falls silent."""

    def __init__(
        self, hang_up_after: bytes | None = None, silent_after: bytes | None = None
    ) -> None:
        self._point = hang_up_after or silent_after or b""
        self._silent = silent_after is not None
        self._done = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 scripted\r\n")
            in_data, seen = False, b""
            for line in lines:
                seen = (seen + line)[-100:]
                if self._point in seen.upper():
                    if self._silent:
                        self._done.wait()
                    return
                if in_data:
                    continue
                in_data = line.upper().startswith(b"DATA")
                connection.sendall(b"354 go on\r\n" if in_data else b"250 fine\r\n")


@pytest.fixture(scope="session")
def certificate_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost` with its key, valid for a day."""
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        *subject,
        *files,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "cert.pem"


@pytest.fixture
def certificate(certificate_file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, certificate_file.with_name("key.pem"))
    return context


@pytest.fixture
def trusted(certificate_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate is trusted by clients, as with an authority of the house (OpenSSL reads
    this variable).
    """
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate_file))
