"""The spool holds what comes in, and forgets what nobody finished."""

from __future__ import annotations

import hashlib
import stat

from ingress.email.smtp.spool import Spool


def test_file_is_hashed_counted_and_gone_when_closed(tmp_path):
    file = Spool(tmp_path / "spool").new()
    file.write(b"hello ")
    file.write(b"world")
    file.sync()
    assert file.path.read_bytes() == b"hello world"
    assert (file.size, file.sha256) == (11, hashlib.sha256(b"hello world").hexdigest())
    file.close()
    file.close()
    assert not file.path.exists()


def test_file_that_was_taken_over_is_left_alone(tmp_path):
    file = Spool(tmp_path / "spool").new()
    file.path.rename(tmp_path / "taken")
    file.close()
    assert (tmp_path / "taken").exists()


def test_sweeping_spares_what_is_being_written(tmp_path):
    spool = Spool(tmp_path / "spool")
    (spool.folder / "left-over.part").write_bytes(b"x")
    writing = spool.new()
    assert spool.sweep() == 1
    assert [path.name for path in spool.folder.iterdir()] == [writing.path.name]
    writing.close()


def test_only_the_owner_may_look(tmp_path):
    spool = Spool(tmp_path / "deep" / "spool")
    file = spool.new()
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    file.close()


def test_folder_that_was_removed_is_made_again(tmp_path):
    spool = Spool(tmp_path / "spool")
    spool.folder.rmdir()
    file = spool.new()
    file.write(b"hello")
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    file.close()
