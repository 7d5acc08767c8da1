"""What a stranger's code in the sandbox reaches: nothing, as root and as the image's user, and
with each wall left out work goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dragoman.adapters.confinement import walls
from dragoman.domain.job import Options
from ingress.email import sandboxed_parser
from pipeline.pdf.container.mark import Mark
from pipeline.sandbox import calls
from pipeline.sandbox.client import Call, Server
from tests.patience import patience
from tests.pdfs import LOREM, make
from tests.sandboxed.as_image_user import USER

ROOT = Path(__file__).parents[2]
REACHES = (
    "privileges",
    "environment",
    "environment_of_parents",
    "network",
    "database",
    "secret",
    "program",
    "process",
    "signals",
    "server_signals",
    "outside",
    "source",
    "link",
    "descriptors",
    "limits",
    "higher_limits",
    "trace",
    "other_numbers",
)
JOBS = {"root": "tests.sandboxed.reaches", "image": "tests.sandboxed.as_image_user"}
SECRETS = {"DRAGOMAN_SECRET_KEY": "k" * 40, "DRAGOMAN_DEEPL_AUTH_KEY": "s"}


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _accept(server):
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return


@pytest.fixture
def things(listening):
    """What there is to reach, all of it readable and writable for whoever asks."""
    folder = Path("/var/tmp") / f"reaches-{os.getpid()}"
    (folder / "scratch").mkdir(parents=True)
    with sqlite3.connect(folder / "jobs.db") as connection:
        connection.execute("create table jobs(a)")
    (folder / "secret_key").write_text("k" * 40)
    (folder / "source.pdf").write_bytes(b"%PDF-")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777)
    yield {
        "root": str(ROOT),
        "asker": os.getpid(),
        "port": listening,
        "database": str(folder / "jobs.db"),
        "secret": str(folder / "secret_key"),
        "outside": str(folder / "outside"),
        "source": str(folder / "source.pdf"),
        "scratch": str(folder / "scratch"),
    }
    shutil.rmtree(folder)


@pytest.fixture
def probed(things, monkeypatch):
    """What each reach answered, or the name of the error that it met, and the walls that did
    not stand.
    """
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    def probe(reaches, user="root", without=()):
        server = Server(jobs=JOBS[user], path=(str(ROOT),), without=without)
        same_user = {} if user == "root" else {"user": USER, "group": USER, "extra_groups": []}
        asker = subprocess.Popen(["/bin/sleep", "300"], env=SECRETS, **same_user)
        found = {}
        try:
            # else all would seem to be refused
            server.call(Call("nothing", {}, [], Path(things["scratch"])))
            for reach in reaches:
                given = {**things, "asker": asker.pid}
                call = Call(reach, given, [Path(things["source"])], Path(things["scratch"]))
                try:
                    found[reach] = server.call(call)
                except Exception as error:  # noqa: BLE001  # which one it is differs by layer
                    found[reach] = f"refused: {type(error).__name__}"
            return found, server.missing
        finally:
            asker.kill()
            asker.wait()
            server.close()

    return probe


@pytest.fixture
def read_mail(things, monkeypatch):
    """As `probed`, for the process that reads emails."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    def read(reaches, user=None, without=()):
        asker = subprocess.Popen(["/bin/sleep", "300"], env=SECRETS)
        given = {**things, "asker": asker.pid, "reaches": reaches, "without": without, "user": user}
        script = [sys.executable, "-m", "tests.sandboxed.reader_of_mail", json.dumps(given)]
        try:
            said = subprocess.run(
                script,
                check=True,
                capture_output=True,
                cwd=ROOT,
                env=sandboxed_parser.ENVIRONMENT,
                timeout=patience(60),
            )
            found = json.loads(said.stdout)
            return found, tuple(found.pop("missing"))
        finally:
            asker.kill()
            asker.wait()

    return read


def is_refused(answer):
    return answer is None or str(answer).startswith("refused")


@pytest.mark.parametrize("user", JOBS)
@pytest.mark.parametrize("reach", REACHES)
def test_no_reach_succeeds(probed, things, user, reach):
    found, missing = probed([reach], user)
    assert missing == ()
    assert is_refused(found[reach])
    assert not Path(things["outside"]).exists()


@pytest.mark.parametrize(
    ("layer", "reach"),
    [
        (walls.FILES, "secret"),
        (walls.CALLS, "process"),
        (walls.LIMITS, "limits"),
        (walls.PRIVILEGES, "privileges"),
    ],
)
def test_each_wall_keeps_something_from_somebody(probed, layer, reach):
    """Without it a reach succeeds that fails otherwise: the tests above would see if it stood
    no longer.
    """
    found, missing = probed([reach], without=(layer,))
    assert missing == (layer,)
    assert not is_refused(found[reach])


def test_without_no_new_privs_who_is_not_root_has_no_other_wall_of_the_kernel_and_it_is_said(
    probed,
):
    found, missing = probed(["privileges", "secret", "limits"], "image", (walls.PRIVILEGES,))
    assert missing == (walls.PRIVILEGES, walls.FILES, walls.CALLS)
    assert {name: is_refused(answer) for name, answer in found.items()} == {
        "privileges": False,
        "secret": False,
        "limits": True,
    }


@pytest.mark.parametrize("without", [(), *((one,) for one in walls.LAYERS), walls.LAYERS])
def test_work_goes_on_without_a_wall(tmp_path, without):
    source = make(tmp_path / "a.pdf", LOREM, LOREM)
    server = Server(without=without)
    try:
        document = calls.extract(server.call, tmp_path, source, Options("de"))
        assert not calls.reconstruct(
            server.call,
            tmp_path,
            source,
            document,
            tmp_path / "out.pdf",
            options=Options("de"),
            mark=Mark(),
        )
        assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF-")
        assert sorted(server.missing) == sorted(without)
    finally:
        server.close()


@pytest.mark.parametrize("user", [None, USER], ids=["root", "image"])
def test_the_reader_of_emails_reaches_nothing(read_mail, things, user):
    found, missing = read_mail(REACHES, user)
    assert missing == ()
    assert {name: answer for name, answer in found.items() if not is_refused(answer)} == {}
    assert not Path(things["outside"]).exists()


@pytest.mark.parametrize(("layer", "reach"), [(walls.FILES, "secret"), (walls.CALLS, "process")])
def test_each_wall_keeps_something_from_the_reader_of_emails(read_mail, layer, reach):
    found, missing = read_mail([reach], without=(layer,))
    assert missing == (layer,)
    assert not is_refused(found[reach])


def test_the_reader_of_emails_is_started_without_secrets(monkeypatch, tmp_path):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "mail").write_bytes(b"Subject: a\r\n\r\n")
    tell = (
        "import os, ingress.email.sandboxed_parser as d; d._top = lambda head: {'item': 'words',"
        " 'text': repr(dict(os.environ)), 'is_html': False}; d.main()"
    )
    monkeypatch.setattr(sandboxed_parser, "COMMAND", ("-I", "-c", tell))
    with (tmp_path / "mail").open("rb") as mail:
        words = next(sandboxed_parser.found_in(mail))
    assert words.text == repr(sandboxed_parser.ENVIRONMENT)


def test_the_asker_reaches_what_the_child_does_not(things):
    """The reaches are there to be reached: what refuses them is the sandbox."""
    from tests.sandboxed import reaches

    here = {**things, "asker": os.getpid()}
    for name in (
        "environment_of_parents",
        "network",
        "database",
        "secret",
        "program",
        "signals",
        "link",
        "outside",
    ):
        assert getattr(reaches, name)(Path(things["scratch"]), print, here) is not None


def test_a_link_that_a_child_left_is_not_followed(tmp_path):
    from dragoman.errors import DamagedPdf

    def do(call: Call):
        (call.scratch / "result").symlink_to("/etc/hostname")

    with pytest.raises(DamagedPdf):
        calls.unlock(do, tmp_path, tmp_path / "a.pdf", tmp_path / "b.pdf", "x")
