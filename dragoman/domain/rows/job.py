"""A job, and a part of a long one, as their rows say."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.domain.document import DocumentWarning
from dragoman.domain.job import (
    ApprovalReason,
    Options,
    RowState,
    Stage,
    Status,
    WaitingFor,
    status_of,
)
from dragoman.domain.rows.leased import Leased


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Leased):
    """One PDF to one language.

    `message_id`: the message that it came in, None for an upload. `card_id` and `file_ref`: the
    card that shows it, and the front end's own name of the file. `secret`: the PDF's password,
    encrypted, until the job ends. `run` counts from 1, one more with each retry. `team`: a hash of
    the owner's Slack workspace or mail domain.

    `source`, `artifact` and `result` are keys of the store: the PDF that came, what the last
    finished stage left, the translated PDF (None once it is gone). Sizes are bytes. `filename` is
    empty once the job's files are deleted (`purged_at`).

    `stage_since`: when it came to its stage. `progress`: percent of the whole. `parts`: how many a
    long document was cut into, 0: none; `parts_left`: those that have not finished the stage.
    `remade_in`: the run in which it began anew since its artifact was lost.

    `source_lang` and `engine` are None until they are known, `pages` and `characters` too. The
    estimate: `to_bill`, the characters that the engine will charge for, `remembered`, the share of
    the text (0 to 1) that was paid for before, `price` in `currency` (ISO 4217), None: nothing, or
    not known. `approval_reason`: why somebody has to agree, None: nobody has to; `approved_at`:
    when somebody did. What it came to: `characters_billed`, `tokens_read` and `tokens_written` of a
    language model, and `paid` in `paid_in`, at the prices that are set (None: there are none).
    `link_version`: of the links that are still good.
    """

    key: str = ""
    message_id: str | None = None
    card_id: str | None = None
    file_ref: str | None = None
    secret: str | None = None
    run: int = 1
    channel: str
    owner: str
    team: str | None = None
    filename: str = ""
    options: Options
    source: str = ""
    source_sha256: str = ""
    source_size: int = 0
    stage: Stage = Stage.EXTRACT
    stage_since: float = 0.0
    progress: int = 0
    artifact: str | None = None
    result: str | None = None
    result_size: int | None = None
    source_lang: str | None = None
    target_lang: str
    engine: str | None = None
    pages: int | None = None
    characters: int | None = None
    characters_billed: int = 0
    to_bill: int | None = None
    remembered: float | None = None
    approved_at: float | None = None
    price: float | None = None
    currency: str | None = None
    paid: float | None = None
    paid_in: str | None = None
    tokens_read: int = 0
    tokens_written: int = 0
    approval_reason: ApprovalReason | None = None
    parts: int = 0
    parts_left: int = 0
    remade_in: int | None = None
    warnings: tuple[DocumentWarning, ...] = ()
    link_version: int = 1
    purged_at: float | None = None

    @property
    def status(self) -> Status:
        """The outside's word for where it is."""
        return status_of(self.stage, self.state, self.epoch)

    @property
    def waits_for(self) -> WaitingFor | None:
        """What a person has to say before it goes on; None while nobody is waited for."""
        return self.waiting_for if self.state is RowState.WAITING else None

    @property
    def is_toned(self) -> bool:
        """Whether its sender asked for a tone."""
        return self.options.tone is not None

    @property
    def replied_by(self) -> str:
        """The channel that its answer goes by: the one it came by, unless its sender named
        another.
        """
        return self.options.reply_by or self.channel
