"""Where things are kept: database, broker, store, data folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator

from dragoman.settings import bucket_paths


class PlaceSettings(BaseModel):
    """Where a process finds what is kept."""

    data_dir: Path = Path("dragoman-data")
    database_url: str = Field(default="", repr=False)  # may hold a password
    broker_url: str = Field(default="", repr=False)
    storage_url: str = Field(default="", repr=False)

    @property
    def database(self) -> str:
        """The database to use: the one named, else SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'dragoman.db'}"

    @property
    def storage(self) -> str:
        """The object store to use: the one named, else a folder in the data folder."""
        return self.storage_url or f"file://{self.data_dir.absolute() / 'store'}"

    @property
    def maildir(self) -> Path:
        """Where answers go on a server that has no OUTBOUND_SMTP_URL."""
        return self.data_dir / "outbox"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("use sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME")
        return value

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "redis+socket://")):
            raise ValueError("use redis://HOST:PORT/0, rediss://… or redis+socket:///PATH")
        return value

    @field_validator("storage_url")
    @classmethod
    def _known_storage(cls, value: str) -> str:
        parts = urlsplit(value)
        if (
            value
            and not (parts.scheme == "file" and parts.path)
            and not (parts.scheme == "s3" and parts.netloc)
        ):
            raise ValueError("use file:///FOLDER or s3://BUCKET/PREFIX?endpoint_url=https://HOST")
        if parts.scheme == "s3":
            bucket_paths.check(parts)
        return value
