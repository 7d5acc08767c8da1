"""What every store promises: a folder, an S3 server, and the fake that unit tests use."""

from __future__ import annotations

import os
import shutil
import time
from io import BytesIO
from pathlib import Path

import pytest

from dragoman.adapters.storage import FolderStore, S3Store, open_store
from dragoman.app.store import marker
from dragoman.app.store.marker import Standing, StoreOfAnother
from dragoman.db.engine import Database
from dragoman.errors import Gone, NotAPdf, StoreUnavailable
from dragoman.ports import BlobStore
from tests.fakes import InMemoryStore
from tests.races import together

KEY = "jobs/4f/source.pdf"
BAD_KEYS = [
    "",
    "jobs",
    "/jobs/1/a",
    "jobs/../inbox/1/a",
    "jobs/1/../../a",
    "jobs//a",
    "Jobs/1/a",
    "jobs/.hidden",
    "jobs/1/a b",
]


@pytest.fixture(
    params=["folder", "s3", pytest.param("s3 prefix", marks=pytest.mark.more), "memory"]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "memory":
        return InMemoryStore()
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    url = request.getfixturevalue("s3_url")
    return open_store(url if request.param == "s3" else below(url, "team/one"))


def below(url: str, prefix: str) -> str:
    return url.replace("?", f"/{prefix}?")


class Pipe:
    """A body that can only be read forward, in small pieces; it raises `error` at its end."""

    def __init__(self, data: bytes, error: Exception | None = None) -> None:
        self._body, self._error = BytesIO(data), error

    def read(self, count: int = -1) -> bytes:
        chunk = self._body.read(min(count, 7) if count > 0 else 7)
        if not chunk and self._error:
            raise self._error
        return chunk

    def seekable(self) -> bool:
        return False


def put(store: BlobStore, key: str, data: bytes) -> bool:
    return store.put(key, BytesIO(data))


def get(store: BlobStore, key: str) -> bytes:
    with store.open(key) as body:
        return body.read()


def test_what_was_put_can_be_read(store):
    assert put(store, KEY, b"%PDF-1.7")
    assert get(store, KEY) == b"%PDF-1.7"
    assert store.size(KEY) == 8


def test_second_put_is_refused_and_changes_nothing(store):
    assert put(store, KEY, b"first")
    assert not put(store, KEY, b"second")
    assert get(store, KEY) == b"first"


def test_no_bytes_are_bytes_too(store):
    assert put(store, KEY, b"")
    assert store.size(KEY) == 0
    assert not put(store, KEY, b"late")


def test_one_of_many_writers_wins(store):
    wins = together(8, lambda number: put(store, KEY, b"%d" % number * 70_000))
    assert sum(wins) == 1
    assert get(store, KEY) == b"%d" % wins.index(True) * 70_000


def test_body_is_taken_from_its_position(store):
    body = BytesIO(b"skipped, taken")
    body.seek(9)
    store.put(KEY, body)
    assert get(store, KEY) == b"taken"


def test_body_may_be_a_stream(store):
    data = os.urandom(100_000)
    assert store.put(KEY, Pipe(data))
    assert get(store, KEY) == data


def test_body_that_fails_leaves_nothing(store):
    with pytest.raises(NotAPdf):
        store.put(KEY, Pipe(b"not a PDF", NotAPdf()))
    assert store.size(KEY) is None
    assert list(store.keys("jobs/")) == []
    assert put(store, KEY, b"second try")


def test_large_body_is_read_in_pieces(store):
    data = os.urandom(3 << 20)
    store.put(KEY, BytesIO(data))
    with store.open(KEY) as body:
        assert b"".join(iter(lambda: body.read(65_536), b"")) == data


def test_adopted_file_is_stored_and_gone(store, tmp_path):
    file = tmp_path / "spooled"
    file.write_bytes(b"a mail")
    assert store.adopt(KEY, file)
    assert get(store, KEY) == b"a mail"
    assert not file.exists()


def test_adopted_file_is_gone_where_the_key_is_taken(store, tmp_path):
    put(store, KEY, b"first")
    file = tmp_path / "spooled"
    file.write_bytes(b"second")
    assert not store.adopt(KEY, file)
    assert get(store, KEY) == b"first"
    assert not file.exists()


def test_missing_key_is_gone(store):
    with pytest.raises(Gone), store.open(KEY):
        pass
    assert store.size(KEY) is None


def test_deleted_key_is_gone_and_free(store):
    put(store, KEY, b"first")
    store.delete(KEY)
    store.delete(KEY)
    assert store.size(KEY) is None
    assert put(store, KEY, b"second")


def test_keys_are_listed_by_prefix(store):
    for key in (
        "jobs/1/source.pdf",
        "jobs/1/translate/2.json.gz",
        "jobs/12/source.pdf",
        "inbox/1/message",
    ):
        put(store, key, b"x")
    assert sorted(store.keys("jobs/1/")) == ["jobs/1/source.pdf", "jobs/1/translate/2.json.gz"]
    assert sorted(store.keys("jobs/1")) == [
        "jobs/1/source.pdf",
        "jobs/1/translate/2.json.gz",
        "jobs/12/source.pdf",
    ]
    assert list(store.keys("outbox/")) == []


@pytest.mark.parametrize("key", BAD_KEYS)
def test_key_outside_the_plan_is_a_bug(store, key):
    with pytest.raises(ValueError, match="not a key"):
        put(store, key, b"x")
    with pytest.raises(ValueError, match="not a key"), store.open(key):
        pass
    with pytest.raises(ValueError, match="not a key"):
        store.delete(key)


def test_trouble_of_the_reader_is_not_the_store_s(store, tmp_path):
    """A full disk on this side must not look like a store that is down, or a missing file like
    a deleted blob.
    """
    put(store, KEY, b"bytes")
    with pytest.raises(FileNotFoundError), store.open(KEY):
        (tmp_path / "nowhere" / "file").open("wb")


def test_many_threads_share_one_store(store):
    def write_and_read(number: int) -> bytes:
        put(store, f"jobs/{number}/source.pdf", b"%d" % number)
        return get(store, f"jobs/{number}/source.pdf")

    assert together(8, write_and_read) == [b"%d" % number for number in range(8)]


class TestFolder:
    def test_nothing_half_written_is_ever_listed(self, tmp_path):
        store = FolderStore(tmp_path / "store")
        seen: list[str] = []

        class Looking(BytesIO):
            def read(self, count: int | None = -1) -> bytes:
                seen.extend(store.keys(""))
                seen.extend(store.keys("jobs/"))
                return super().read(count)

        store.put(KEY, Looking(b"bytes"))
        assert seen == []
        assert list((tmp_path / "store" / ".partial").iterdir()) == []

    def test_what_a_killed_writer_left_half_written_goes_by_its_age(self, tmp_path):
        store = FolderStore(tmp_path / "store")
        put(store, KEY, b"bytes")
        for name, age_s in (("old", 2 * 86400), ("new", 3600)):
            file = store.root / ".partial" / name
            file.write_bytes(b"half")
            os.utime(file, (time.time() - age_s,) * 2)
        put(store, "jobs/50/source.pdf", b"bytes")
        assert [path.name for path in (store.root / ".partial").iterdir()] == ["new"]

    def test_only_the_owner_can_read_it(self, tmp_path):
        store = FolderStore(tmp_path / "store")
        put(store, KEY, b"bytes")
        for path in [store.root, *store.root.rglob("*")]:
            assert path.stat().st_mode & 0o077 == 0, path

    def test_empty_folders_are_tidied_away(self, tmp_path):
        store = FolderStore(tmp_path / "store")
        put(store, KEY, b"bytes")
        store.delete(KEY)
        assert [path.name for path in store.root.iterdir()] == [".partial"]

    def test_folder_that_is_no_folder_is_a_store_that_is_down(self, tmp_path):
        (tmp_path / "store").write_text("a file")
        assert_down(FolderStore(tmp_path / "store"), tmp_path)

    def test_writers_and_deleters_of_one_folder_do_not_trip_over_each_other(self, tmp_path):
        store = FolderStore(tmp_path / "store")

        def toggle(number: int) -> None:
            for _ in range(100):
                assert put(store, f"jobs/1/{number}", b"x")
                store.delete(f"jobs/1/{number}")

        together(4, toggle)


class TestS3:
    def test_two_prefixes_of_a_bucket_do_not_see_each_other(self, s3_url):
        one, two = (open_store(below(s3_url, prefix)) for prefix in ("team", "team2/"))
        put(one, KEY, b"one")
        assert put(two, KEY, b"two")
        assert (get(one, KEY), get(two, KEY)) == (b"one", b"two")
        assert list(one.keys("")) == list(two.keys("")) == [KEY]
        two.delete(KEY)
        assert get(one, KEY) == b"one"
        assert list(open_store(s3_url).keys("jobs/")) == [], (
            "the whole bucket's own files are others"
        )
        assert list(open_store(s3_url).keys("")) == [f"team/{KEY}"]

    def test_two_databases_have_a_prefix_each(
        self, s3_url, sqlite_database, tmp_path, migrated_sqlite
    ):
        shutil.copy(migrated_sqlite, tmp_path / "other.db")
        other = Database(f"sqlite:///{tmp_path / 'other.db'}")
        one, two = (open_store(below(s3_url, prefix)) for prefix in ("one", "two"))
        try:
            assert marker.admit(sqlite_database, one) is marker.admit(other, two) is Standing.OURS
            with pytest.raises(StoreOfAnother):
                marker.admit(other, one)
        finally:
            other.close()

    def test_refusing_server_is_a_store_that_is_down(self, seaweedfs, s3_url, tmp_path):
        store = open_store(s3_url)
        put(store, KEY, b"bytes")
        seaweedfs.stop()
        try:
            assert_down(store, tmp_path)
        finally:
            seaweedfs.start()
        assert get(store, KEY) == b"bytes"

    def test_wrong_secret_is_a_store_that_is_down(self, s3_url, tmp_path, monkeypatch):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        assert_down(open_store(s3_url), tmp_path)

    def test_no_credentials_are_a_store_that_is_down(self, s3_url, tmp_path, monkeypatch):
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        assert_down(open_store(s3_url), tmp_path)

    def test_missing_bucket_is_a_store_that_is_down(self, seaweedfs, s3_url, tmp_path):
        store = S3Store("no-such-bucket", endpoint_url=seaweedfs.endpoint_url)
        with pytest.raises(StoreUnavailable), store.open(KEY):
            pass

    def test_detail_of_a_failure_names_no_secret(self, s3_url, monkeypatch):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-but-secret")
        with pytest.raises(StoreUnavailable) as caught:
            put(open_store(s3_url), KEY, b"x")
        assert "wrong-but-secret" not in caught.value.detail

    def test_hundreds_of_keys_are_all_listed(self, s3_url):
        store = open_store(s3_url)
        together(
            8, lambda number: [put(store, f"jobs/{number}/{index}", b"") for index in range(130)]
        )
        assert len(list(store.keys("jobs/"))) == 1040  # a page of S3's list holds 1000


def assert_down(store: BlobStore, folder: Path) -> None:
    spooled = folder / "spooled"
    spooled.write_bytes(b"bytes")
    with pytest.raises(StoreUnavailable):
        put(store, "jobs/9/other", b"bytes")
    with pytest.raises(StoreUnavailable):
        store.adopt("jobs/9/other", spooled)
    assert spooled.exists(), "what could not be stored is still here"
    with pytest.raises(StoreUnavailable), store.open("jobs/9/other"):
        pass
    with pytest.raises(StoreUnavailable):
        store.size("jobs/9/other")
    with pytest.raises(StoreUnavailable):
        list(store.keys("jobs/"))
    with pytest.raises(StoreUnavailable):
        store.delete("jobs/9/other")
