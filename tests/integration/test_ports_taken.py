"""Addresses that cannot be had: one line that says which, and which setting moves it; an exit
code; no traceback.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dragoman.adapters import listen_addresses
from dragoman.adapters.listen_addresses import Address, CannotListen
from dragoman.errors import SettingsInvalid
from tests.servers.process import LOOPBACK, free_port, listens, wait_until

NOWHERE = "192.0.2.7"  # RFC 5737: nobody's


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of 127.0.0.1 that somebody listens on."""
    with closing(socket.create_server((LOOPBACK, 0))) as holder:
        yield holder.getsockname()[1]


def environment(data: Path, **more: str) -> dict[str, str]:
    ports = [f"{LOOPBACK}:{free_port()}" for _ in range(3)]
    listen = dict(zip(("web_listen", "smtp_listen", "flower_listen"), ports, strict=True))
    chosen = {
        **listen,
        "data_dir": str(data),
        "engine": "pseudo",
        "allowed_senders": "@example.org",
        **more,
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, **{f"DRAGOMAN_{name.upper()}": value for name, value in chosen.items()}}


def run(name: str, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dragoman", name]
    return subprocess.run(
        command, env=given, capture_output=True, text=True, timeout=120, check=False
    )


def refused(listen: str) -> str:
    with pytest.raises(CannotListen) as found:
        listen_addresses.check(Address("DRAGOMAN_WEB_LISTEN", listen))
    assert "\n" not in str(found.value)
    assert str(found.value).startswith(listen)
    assert "DRAGOMAN_WEB_LISTEN" in str(found.value)
    return str(found.value)


@pytest.mark.some(1)
@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("web", "WEB_LISTEN"),
        ("smtp", "SMTP_LISTEN"),
        ("smtp", "LMTP_LISTEN"),
        ("flower", "FLOWER_LISTEN"),
    ],
)
def test_a_process_says_which_address_is_taken_and_ends(tmp_path, taken, name, setting) -> None:
    more = {
        "broker_url": "redis://127.0.0.1:1/0",  # nobody is asked before the address is looked at
        "secret_key": "a-secret-key-for-tests-only",
        setting.lower(): f"{LOOPBACK}:{taken}",
    }
    ended = run(name, environment(tmp_path, **more))
    assert ended.returncode == CannotListen.exit_code
    assert "Traceback" not in ended.stderr
    (said,) = [
        line
        for line in ended.stderr.splitlines()
        if str(taken) in line and line.startswith("Error: ")
    ]
    assert said.startswith(f"Error: {LOOPBACK}:{taken} is taken by another program.")
    assert f"DRAGOMAN_{setting}" in said


def test_up_names_all_that_is_taken_and_starts_nothing(tmp_path, taken) -> None:
    with closing(socket.create_server((LOOPBACK, 0))) as holder:
        other = holder.getsockname()[1]
        more = {"web_listen": f"{LOOPBACK}:{taken}", "flower_listen": f"{LOOPBACK}:{other}"}
        ended = run("up", environment(tmp_path / "data", **more))
    assert ended.returncode == CannotListen.exit_code
    assert ended.stdout == ""  # no banner with somebody else's address
    assert "Traceback" not in ended.stderr
    assert (
        f"{LOOPBACK}:{taken} is taken by another program. Set DRAGOMAN_WEB_LISTEN" in ended.stderr
    )
    assert (
        f"{LOOPBACK}:{other} is taken by another program. Set DRAGOMAN_FLOWER_LISTEN"
        in ended.stderr
    )
    assert "process_died" not in ended.stderr
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["lock"]


@pytest.mark.more
def test_up_waits_a_moment_for_what_is_about_to_end(tmp_path) -> None:
    holder = socket.create_server((LOOPBACK, 0))
    given = environment(tmp_path / "data", web_listen=f"{LOOPBACK}:{holder.getsockname()[1]}")
    with (tmp_path / "log").open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "dragoman", "up"], env=given, stdout=log, stderr=log
        )
    try:
        wait_until((tmp_path / "data" / "lock").exists, 60, "up has begun")
        holder.close()
        web = int(given["DRAGOMAN_WEB_LISTEN"].rpartition(":")[2])
        wait_until(lambda: listens(web), 90, "the web page is there")
    finally:
        holder.close()
        up.terminate()
        assert up.wait(60) == 0


@pytest.mark.more
def test_up_ends_in_words_where_an_address_is_taken_after_it_has_looked(tmp_path) -> None:
    given = environment(tmp_path / "data")
    where = given["DRAGOMAN_FLOWER_LISTEN"]
    with (tmp_path / "log").open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "dragoman", "up"], env=given, stdout=log, stderr=log
        )
    try:
        # `up` makes the token after it has looked at the addresses, and long before Flower has
        # loaded its libraries.
        wait_until((tmp_path / "data" / "secret_key").exists, 60, "up has looked", every_s=0.001)
        with closing(socket.create_server((LOOPBACK, int(where.rpartition(":")[2])))):
            assert up.wait(90) == CannotListen.exit_code
    finally:
        up.kill()
        up.wait()
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said
    assert f"{where} is taken by another program. Set DRAGOMAN_FLOWER_LISTEN" in said
    assert "`dragoman flower` could not start, 3 times in a row" in said


@pytest.mark.more
def test_up_does_not_start_for_ever_what_only_a_person_can_mend(tmp_path) -> None:
    ended = run("up", environment(tmp_path / "data", trusted_peers="mail.example.org"))
    assert ended.returncode == SettingsInvalid.exit_code
    assert "DRAGOMAN_TRUSTED_PEERS" in ended.stderr
    assert "`dragoman smtp` could not start, 3 times in a row" in ended.stderr


def test_one_address_for_two_is_said(tmp_path) -> None:
    same = f"{LOOPBACK}:{free_port()}"
    ended = run("up", environment(tmp_path / "data", web_listen=same, flower_listen=same))
    assert ended.returncode == CannotListen.exit_code
    assert f"{same} is named by DRAGOMAN_WEB_LISTEN and by DRAGOMAN_FLOWER_LISTEN" in ended.stderr


def test_ipv6_that_is_taken() -> None:
    with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)) as holder:
        assert "is taken by another program" in refused(f"[::1]:{holder.getsockname()[1]}")


def test_all_addresses_where_one_is_taken(taken) -> None:
    assert "is taken by another program" in refused(f"0.0.0.0:{taken}")


def test_an_address_of_another_machine() -> None:
    assert "is not an address of this machine" in refused(f"{NOWHERE}:{free_port()}")
    assert "is not an address of this machine" in refused(f"[2001:db8::7]:{free_port()}")


def test_a_host_that_is_not_known() -> None:
    assert "names a host that is not known" in refused(f"no-such-host.invalid:{free_port()}")


def test_a_port_that_needs_a_right(tmp_path) -> None:
    """As somebody who has no rights, below a port that Linux keeps for those who have."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if lowest == 0:
        pytest.skip("this machine lets everybody listen on any port")
    # Loaded as root, since nobody else may be able to read where the libraries are; the rights are
    # given up after that.
    script = (
        "import os; from dragoman.adapters import listen_addresses\n"
        "address = listen_addresses.Address('DRAGOMAN_SMTP_LISTEN', '127.0.0.1:25')\n"
        "list(listen_addresses._resolved('127.0.0.1', 25)); os.getuid() or os.setuid(65534)\n"
        "try: listen_addresses.check(address)\n"
        "except listen_addresses.CannotListen as error: print(error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith(
        "127.0.0.1:25 needs the right to listen on ports below 1024. Set DRAGOMAN_SMTP_LISTEN"
    )


def test_a_free_address_is_given_back() -> None:
    port = free_port()
    address = Address("DRAGOMAN_WEB_LISTEN", f"{LOOPBACK}:{port}")
    listen_addresses.check(address)
    listen_addresses.check(address)
    with closing(socket.create_server((LOOPBACK, port))):
        assert listens(port)
