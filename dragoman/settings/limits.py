"""How much is taken, from whom, and for how long it is kept."""

from __future__ import annotations

from pydantic import BaseModel, Field, field_validator

from dragoman.domain import language
from dragoman.errors import UnknownLanguage
from dragoman.settings.values import MIB


class LimitSettings(BaseModel):
    """Limits of documents, senders and teams; days that things are kept."""

    default_target_lang: str | None = None
    max_pdf_bytes: int = Field(default=50 * MIB, ge=1)
    max_pages: int = Field(default=3000, ge=1)
    pages_per_part: int = Field(default=40, ge=0)
    sender_jobs_per_day: int = Field(default=0, ge=0)
    sender_pages_per_day: int = Field(default=0, ge=0)
    sender_characters_per_month: int = Field(default=0, ge=0)
    team_jobs_per_day: int = Field(default=0, ge=0)
    team_pages_per_day: int = Field(default=0, ge=0)
    team_characters_per_month: int = Field(default=0, ge=0)
    retention_days: int = Field(default=7, ge=1)
    audit_days: int = Field(default=365, ge=1)
    memory_days: int | None = Field(default=None, ge=1)

    @property
    def memory_kept_days(self) -> int:
        """For how many days a remembered text is kept that nobody needs."""
        return self.memory_days or self.retention_days

    @property
    def memory_outlives_documents(self) -> bool:
        """Whether the texts of a document stay when it is forgotten for its age."""
        return self.memory_kept_days > self.retention_days

    @field_validator("default_target_lang")
    @classmethod
    def _language(cls, value: str | None) -> str | None:
        try:
            return language.parse(value) if value else None
        except UnknownLanguage as error:
            raise ValueError(f"{error} {error.advice}") from error
