"""The lines that a sender wrote, without greetings, banners, quotes, signatures and what was
there before (pure).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LINES = 5  # non-empty lines that are looked at
LONGEST_LINE = 200  # characters; a wish is short

_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good\s+(?:morning|afternoon|evening|day)|hallo|moin|guten|liebe[rs]?|sehr|bonjour|salut|chère?s?"
    r"|hola|buen[oa]s|estimad[oa]s?|ciao|buongiorno|gentile|olá|caro|cara|beste|hoi|cześć|dzień|szanown\w+|здравствуйте"
    r"|добрый|привет|こんにちは|お世話になって|您好|你好)(?!\w)",
    re.IGNORECASE,
)
_BANNER = re.compile(
    r"\bexternal\b|\[ext\]|\bcaution\b|originated\s+(?:from\s+)?outside|outside\s+(?:of\s+)?(?:the|your|our)\s+organi[sz]ation"
    r"|do\s+not\s+click|\bextern(?:e|er|es|en)?\b.*\bmail|\bvorsicht\b|expéditeur\s+externe|correo\s+externo|phishing",
    re.IGNORECASE,
)
_THE_REST_IS_OLD = re.compile(
    r"--\s*$|[-_]{5,}|(?:from|von|od|от|van|da|fra|差出人|发件人|寄件者)\s*[:：]\s|de\s*:\s.*@|begin\s+forwarded"
    r"|on\s.{1,100}\swrote:|am\s.{1,100}\sschrieb|le\s.{1,100}\sa\s+écrit|el\s.{1,100}\sescribió|il\s.{1,100}\sha\s+scritto"
    r"|em\s.{1,100}\sescreveu|op\s.{1,100}\sschreef|w\s+dniu\s.{1,100}\s(?:na)?pisze|.{0,100}<\S+@\S+>.{0,40}[:：]\s*$"
    r"|\d{4}年.{1,100}[:：]\s*$|.{1,100}(?:写道|寫道)[:：]?\s*$"
    r"|sent\s+from\s+my\s|(?:von\s+meinem\s.{1,30}|gesendet\s+von|envoyé\s+de(?:puis)?|enviado\s+(?:desde|do)|inviato\s+da|verzonden\s+vanaf|wysłane\s+z)\s",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:with\s+)?(?:(?:kind|best|warm|kindest|many)\s+)?(?:regards|wishes)|best|cheers|sincerely|yours(?:\s+\w+)?|rgds|br"
    r"|mit\s+(?:freundlichen|besten|lieben)\s+grüßen|(?:viele|liebe|beste|freundliche|schöne)\s+grüße|gruß|grüße|mfg|lg|vg"
    r"|(?:bien\s+)?cordialement|bien\s+à\s+vous|(?:un\s+)?saludos?(?:\s+cordial(?:es)?)?|atentamente|(?:cordiali|distinti)?\s*saluti"
    r"|atenciosamente|(?:com\s+os\s+melhores\s+)?cumprimentos|abraços?|met\s+vriendelijke\s+groet(?:en)?|(?:vriendelijke\s+)?groet(?:en|jes)?|mvg"
    r"|z\s+poważaniem|pozdrawiam|s\s+pozdravem|med\s+\w+\s+(?:hälsning(?:ar)?|hilsen)|mvh|terveisin|üdvözlettel|saygılarımla"
    r"|с\s+уважением|з\s+повагою|よろしくお願い(?:いた)?します|敬具|此致|祝好)\s*(?:[,.!。、，\-–].*)?$"
    # A comma after thanks goes with a name; a mark of exclamation ends a sentence like any other.
    r"|(?:many\s+)?(?:thanks|thank\s+you|thx|danke|vielen\s+dank|merci|gracias|grazie|obrigad[oa]|dank|bedankt|dziękuję)\s*,.*$",
    re.IGNORECASE,
)


def first_lines(words: str) -> Iterator[str]:
    """The first lines that the sender wrote, as far as a wish or an order may stand there."""
    return (line for line, is_signature in read(words) if not is_signature)


def read(words: str) -> Iterator[tuple[str, bool]]:
    """The first lines, and whether each stands below a "Kind regards"."""
    count, is_signature = 0, False
    for line in own(words):
        if len(line) > LONGEST_LINE or _BANNER.search(line):
            count += len(line) > LONGEST_LINE
            continue
        if _CLOSING.match(line):
            is_signature = True
        greeted = _GREETING.match(line) is not None
        rest = re.sub(r"^[^,!]{1,60}[,!]\s*", "", line) if greeted else line
        if rest:
            yield rest, is_signature
        count += not greeted
        if count >= LINES:
            return


def own(words: str) -> Iterator[str]:
    """The lines that are the sender's own: nothing quoted, nothing that is forwarded, nothing
    below a mark of the end.
    """
    for line in (line.strip() for line in words.splitlines()):
        if _THE_REST_IS_OLD.match(line[: 2 * LONGEST_LINE]):
            return
        if line and not line.startswith((">", "|")):
            yield line
