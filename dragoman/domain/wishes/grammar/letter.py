"""What a sender wrote: without markup, quotes, greetings, signatures, as sentences (pure)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

LONGEST = 8000  # characters of a message that are read
_WRAPPED = 45  # characters of a line that a mail program may have broken
_MARKUP = re.compile(
    r"<(?:!--|/?(?:p|div|br|html|body|span|b|i|table|a|blockquote|ul|li)(?=[\s/>]))", re.IGNORECASE
)
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good\s+(?:morning|afternoon|evening|day)|hallo|moin|guten|liebe[rs]?|sehr"
    r"|bonjour|bonsoir|salut|chère?s?|hola|buen[oa]s|estimad[oa]s?|ciao|buongiorno|buonasera"
    r"|gentile|salve|olá|caro|cara|prezad[oa]s?|bom\s+dia|boa\s+(?:tarde|noite)|beste|hoi|geachte"
    r"|cześć|dzień\s+dobry|witam|szanown\w+|здравствуйте|добрый|привет|добрий|dobrý\s+den|ahoj"
    r"|bună|kedves|tisztelt|hej|hei|merhaba|sayın|γεια|καλημέρα|مرحبا|שלום|नमस्ते|สวัสดี|xin\s+chào"
    r"|halo|안녕하세요|こんにちは|您好|你好)(?!\w)",
    re.IGNORECASE,
)
# A greeting's name, up to its comma: "Hi German," but not "Hello, please" nor "Hi to French".
_GREETED = re.compile(r"^[^,!:.?，！。：]{0,40}[,!:，！：]\s*")
_GREETED_LINE = re.compile(r"^\s*(?:\S+)?\s*$")  # "Hi German" is no wish
_BANNER = re.compile(
    r"\bexternal\b|\[ext\]|\bcaution\b|originated\s+(?:from\s+)?outside|do\s+not\s+click"
    r"|outside\s+(?:of\s+)?(?:the|your|our)\s+organi[sz]ation|\bvorsicht\b|expéditeur\s+externe"
    r"|correo\s+externo|phishing",
    re.IGNORECASE,
)
_THE_REST_IS_OLD = re.compile(
    r"--\s*$|[-_]{5,}|(?:from|von|od|от|van|da|fra|差出人|发件人|寄件者)\s*[:：]\s|de\s*:\s.*@"
    r"|begin\s+forwarded|on\s.{1,100}\swrote:|am\s.{1,100}\sschrieb|le\s.{1,100}\sa\s+écrit"
    r"|el\s.{1,100}\sescribió|il\s.{1,100}\sha\s+scritto|em\s.{1,100}\sescreveu"
    r"|op\s.{1,100}\sschreef|w\s+dniu\s.{1,100}\s(?:na)?pisze|.{0,100}<\S+@\S+>.{0,40}[:：]\s*$"
    r"|\d{4}年.{1,100}[:：]\s*$|.{1,100}(?:写道|寫道)[:：]?\s*$|sent\s+from\s+my\s"
    r"|(?:von\s+meinem\s.{1,30}|gesendet\s+von|envoyé\s+de(?:puis)?|enviado\s+(?:desde|do)"
    r"|inviato\s+da|verzonden\s+vanaf|wysłane\s+z)\s|get\s+outlook\s+for",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:with\s+)?(?:(?:kind|best|warm|kindest|many)\s+)?(?:regards|wishes)|best|cheers|sincerely"
    r"|yours(?:\s+\w+)?|rgds|br|mit\s+(?:freundlichen|besten|lieben)\s+grüßen"
    r"|(?:viele|liebe|beste|freundliche|schöne)\s+grüße|gruß|grüße|mfg|lg|vg|(?:bien\s+)?cordialement"
    r"|bien\s+à\s+vous|(?:un\s+)?saludos?(?:\s+cordial(?:es)?)?|atentamente"
    r"|(?:cordiali|distinti)?\s*saluti|atenciosamente|(?:com\s+os\s+melhores\s+)?cumprimentos"
    r"|abraços?|met\s+vriendelijke\s+groet(?:en)?|(?:vriendelijke\s+)?groet(?:en|jes)?|mvg"
    r"|z\s+poważaniem|pozdrawiam|s\s+pozdravem|med\s+\w+\s+(?:hälsning(?:ar)?|hilsen)|mvh|terveisin"
    r"|üdvözlettel|saygılarımla|с\s+уважением|з\s+повагою|敬具|此致|祝好"
    r"|よろしくお願い(?:いた|致)?します)\s*(?:[,.!。、，\-–].*)?$"
    # A comma after thanks goes with a name; a mark of exclamation ends a sentence like any other.
    r"|(?:many\s+)?(?:thanks|thank\s+you|thx|danke|vielen\s+dank|merci|gracias|grazie|obrigad[oa]"
    r"|dank|bedankt|dziękuję)\s*,\s*(?:(?-i:[A-ZÀ-Þ])\w*\s*){0,3}$",
    re.IGNORECASE,
)
_THANKS_LINE = re.compile(
    r"(?:many\s+)?(?:thanks|thank\s+you|thx|danke|vielen\s+dank|merci|gracias|grazie|obrigad[oa]"
    r"|bedankt|dziękuję|tack|kiitos)(?:\s+(?:in\s+advance|im\s+voraus|d'avance|beaucoup))?[.!,]?\s*$",
    re.IGNORECASE,
)
# "Mr. German" is nobody's wish.
_TITLED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof|Herrn?|Frau|Sra?|Mme|Mlle|Monsieur|Madame|Sig|Dhr|Mevr|Pan|Pani)\.?"
    r"[ \t]+(?:Dr\.[ \t]+)?[A-ZÀ-Þ]\w+"
)
_BULLET = re.compile(r"^\s*(?:[-*•·–—]|\(?\d{1,2}[.)])\s+")
_CONTINUED = re.compile(
    r"(?:\b(?:into|to|in|from|and|ins|auf|und|en|vers|et|al|y|na|i|naar|het)|,)$"
)
_END = re.compile(r"(?<=[.!?])(?<!\b\w\.)\s+|(?<=[。！？；])|(?<=[!?;])|\n")


def without_markup(text: str) -> str:
    """The lines of an HTML body, without what it quotes and what it hides from most programs."""
    text = re.sub(r"<!--.*?(?:-->|\Z)", " ", text, flags=re.DOTALL)
    text = re.split(
        r"<blockquote\b|<div[^>]*\bgmail_quote\b", text, maxsplit=1, flags=re.IGNORECASE
    )[0]
    text = re.sub(r"(?is)<(style|script|head|title)\b.*?(?:</\1\s*>|\Z)", " ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"(?i)<(?:br|/?p|/?div|/?tr|/?li|/?h[1-6])\b[^<>]*>", "\n", text)
    return html.unescape(re.sub(r"</?[a-zA-Z!][^<>]*>", "", text)).replace("\xa0", " ")


def own(text: str) -> str:
    """What the sender wrote, a line that a mail program broke put together again."""
    plain = text[: 4 * LONGEST]
    if _MARKUP.search(plain):
        plain = without_markup(plain)
    return "".join(_joined(list(_own(_TITLED.sub("", plain[:LONGEST])))))


def sentences(text: str) -> list[str]:
    """The sentences of what `own` gave."""
    parts = [part.strip() for part in _END.split(text) if part and part.strip()]
    # "Cheers, Dan" at the end of a line is a signature, too.
    return [part for at, part in enumerate(parts) if at == 0 or not _CLOSING.match(part)]


def unquoted(text: str) -> Iterator[str]:
    """The lines that are the sender's own, greeting and signature among them."""
    for line in (line.strip() for line in text.splitlines()):
        if _THE_REST_IS_OLD.match(line[:400]):
            return
        if line and not line.startswith((">", "|")):
            yield line


def _own(text: str) -> Iterator[str]:
    """The lines of the sender, without greeting and signature."""
    signed = thanked = False
    for index, line in enumerate(unquoted(text)):
        if index < 5 and _BANNER.search(line):  # noqa: PLR2004
            continue
        if signed or (thanked and _is_name_line(line)):
            continue
        if _CLOSING.match(line):
            signed = True
            continue
        thanked = _THANKS_LINE.match(line) is not None
        rest = _without_greeting(line)
        if rest:
            yield rest


def _is_name_line(line: str) -> bool:
    """Whether a line below the thanks is a name: one to three words that begin with capitals."""
    words = line.split()
    return len(words) <= 3 and all(word[:1].isupper() for word in words)  # noqa: PLR2004


def _without_greeting(line: str) -> str:
    found = _GREETING.match(line)
    if found is None:
        return line
    rest = line[found.end() :]
    greeted = _GREETED.match(rest)
    if greeted:
        return rest[greeted.end() :]
    return "" if _GREETED_LINE.match(rest) else rest.strip()


def _joined(lines: list[str]) -> Iterator[str]:
    """Lines with what stands between them: a blank where one was broken, else a new line."""
    for index, line in enumerate(lines):
        if index:
            yield " " if _is_broken(lines[index - 1], line) else "\n"
        yield _BULLET.sub("", line)


def _is_broken(line: str, following: str) -> bool:
    if _BULLET.match(following) or line.endswith((".", "!", "?", ":", "。", "！", "？")):
        return False
    if _CONTINUED.search(line):
        return True
    starts_small = following[:1].islower()
    return len(line) >= _WRAPPED and (starts_small or len(line) >= _WRAPPED + 10)
