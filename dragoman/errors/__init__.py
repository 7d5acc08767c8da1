"""Every way a job can fail, and who has to know.

An error says what happened in words for the sender (`message`, which is `str(error)`), what the
sender can do (`advice`), what the one who runs the server can do (`for_admin`), whether another try
may help (`temporary`) and whose move it is (`blame`). What the words are about travels as values
(`facts`); details for the log travel in `detail`, never to a sender, and no code reads them.

    DragomanError
    ├── RequestError         the sender can mend it; permanent
    │   ├── NotAPdf  EmptyFile  DamagedPdf  EncryptedPdf  WrongPassword
    │   ├── NoText > OcrMissing  VerticalText
    │   ├── TooLarge  TooManyPages  TooComplex
    │   ├── UnknownLanguage  NoLanguage  UnsupportedTarget > EngineNotAllowed  UnsupportedPair
    UnsupportedOption
    │   └── NotAllowed  NotApprover  NotFound  AmbiguousId  Gone  Conflict  NoWord  LimitReached
    ├── OperatorError        the admin can mend it; permanent
    │   ├── SettingsInvalid  EngineKeyRejected  QuotaUsedUp  EngineMissing  ModelUnusable
    │   └── EngineMisbehaved  StageTimedOut  WorkerLost  OutboundRefused
    ├── TemporaryError       time mends it; tried again
    │   ├── EngineUnavailable  EngineBusy
    │   └── StoreUnavailable  DatabaseUnavailable  BrokerUnavailable  OutboundUnavailable >
    OutboundLoginRefused
    └── LeaseLost            another worker owns the row now: stop, write nothing, tell nobody
"""

from dragoman.errors.base import (
    Blame,
    DragomanError,
    LeaseLost,
)
from dragoman.errors.operator import (
    EngineKeyRejected,
    EngineMisbehaved,
    EngineMissing,
    ModelUnusable,
    OperatorError,
    OutboundRefused,
    QuotaUsedUp,
    SettingsInvalid,
    StageTimedOut,
    WorkerLost,
)
from dragoman.errors.request import (
    AmbiguousId,
    Conflict,
    DamagedPdf,
    EmptyFile,
    EncryptedPdf,
    EngineNotAllowed,
    Gone,
    Limit,
    Limited,
    LimitReached,
    NoLanguage,
    NotAllowed,
    NotAPdf,
    NotApprover,
    NoText,
    NotFound,
    NoWord,
    OcrMissing,
    RequestError,
    TooComplex,
    TooLarge,
    TooManyPages,
    UnknownLanguage,
    UnsupportedOption,
    UnsupportedPair,
    UnsupportedTarget,
    VerticalText,
    WrongPassword,
)
from dragoman.errors.temporary import (
    BrokerUnavailable,
    DatabaseUnavailable,
    EngineBusy,
    EngineUnavailable,
    OutboundLoginRefused,
    OutboundUnavailable,
    StoreUnavailable,
    TemporaryError,
)

__all__ = [
    "AmbiguousId",
    "Blame",
    "BrokerUnavailable",
    "Conflict",
    "DamagedPdf",
    "DatabaseUnavailable",
    "DragomanError",
    "EmptyFile",
    "EncryptedPdf",
    "EngineBusy",
    "EngineKeyRejected",
    "EngineMisbehaved",
    "EngineMissing",
    "EngineNotAllowed",
    "EngineUnavailable",
    "Gone",
    "LeaseLost",
    "Limit",
    "LimitReached",
    "Limited",
    "ModelUnusable",
    "NoLanguage",
    "NoText",
    "NoWord",
    "NotAPdf",
    "NotAllowed",
    "NotApprover",
    "NotFound",
    "OcrMissing",
    "OperatorError",
    "OutboundLoginRefused",
    "OutboundRefused",
    "OutboundUnavailable",
    "QuotaUsedUp",
    "RequestError",
    "SettingsInvalid",
    "StageTimedOut",
    "StoreUnavailable",
    "TemporaryError",
    "TooComplex",
    "TooLarge",
    "TooManyPages",
    "UnknownLanguage",
    "UnsupportedOption",
    "UnsupportedPair",
    "UnsupportedTarget",
    "VerticalText",
    "WorkerLost",
    "WrongPassword",
]
