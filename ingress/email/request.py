"""What a sender wants: the language and the tone, from the address, the first lines, the subject, in this order (pure).

Half of the two-letter codes are words of some language ("it", "is", "no", "he"), so a code counts only where it can be
nothing else: in the address, after `to:`, in brackets, or as all that a line says. In a sentence only names count, and
only where the sentence ends with them: "into German, please" is a wish, "the German contract" and "to German law" are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from dragoman.domain import language
from dragoman.domain.job import Tone
from dragoman.errors import UnknownLanguage

LINES = 5  # non-empty lines that are looked at
LONGEST_LINE = 200  # characters; a wish is short
MOST_WORDS = 4  # of a language's name


@dataclass(frozen=True, slots=True)
class Wish:
    """What one source says. None: it says nothing of it. `unknown`: what stands where a language should.

    `is_lasting`: it is meant for all mails to come ("always German").
    """

    target_lang: str | None = None
    tone: Tone | None = None
    unknown: str | None = None
    is_lasting: bool = False


NOTHING = Wish()
_TONES = {tone.value: tone for tone in Tone}
_LONGER_CODES = frozenset({"fil", "yue", "ckb"})  # other codes of three letters are words or names ("was", "mari")
_REGIONAL = {
    "brazilian portuguese": "pt-BR", "portuguese brazil": "pt-BR", "português brasileiro": "pt-BR",
    "português do brasil": "pt-BR", "european portuguese": "pt-PT", "portuguese portugal": "pt-PT",
    "canadian french": "fr-CA", "mexican spanish": "es-MX", "latin american spanish": "es-419", "us english": "en-US",
    "uk english": "en-GB", "chinese simplified": "zh-Hans", "chinese traditional": "zh-Hant", "简体中文": "zh-Hans",
    "繁體中文": "zh-Hant", "繁体中文": "zh-Hant",
}  # fmt: skip
# Alone on a line these are words, names or abbreviations of people, whatever ISO 639 made of them.
_WORDS = frozenset({
    "am", "as", "be", "bi", "br", "co", "cv", "ee", "ff", "fj", "fy", "he", "hi", "ho", "id", "ie", "ii", "in", "io", "is", "kw",
    "lo", "mi", "mr", "ms", "my", "na", "ne", "ng", "no", "oj", "om", "or", "os", "pa", "pi", "ps", "qu", "sa", "se",
    "sg", "si", "sn", "so", "ss", "st", "su", "ta", "te", "ti", "to", "ts", "tw", "ve", "vo", "za",
    "yo", "ha", "an", "oc", "shona", "ewe", "akan", "ido", "tonga", "afar", "sango",
})  # fmt: skip
_SHOUTED = frozenset(
    {"IT", "HR", "ID", "PR", "PS", "OS", "QA", "AM", "PM", "IS", "NO", "TO", "SO", "OR", "AI", "PA", "ET"}
)

_EXPLICIT = re.compile(
    r"(?:please\s+)?(?:translate\s+)?(?:(?:in)?to|lang(?:uage)?|target(?:\s+lang(?:uage)?)?|sprache|langue|idioma|lingua|taal)"
    r"\s*[:=]\s*(.+)",
    re.IGNORECASE,
)
_LASTING = re.compile(
    r"\s*(?:(?:please\s+)?(?:always|by\s+default|(?:my\s+)?default(?:\s+language)?|from\s+now\s+on|immer|ab\s+jetzt|standard|toujours"
    r"|par\s+défaut|siempre|por\s+defecto|sempre|por\s+omissão|altijd|standaard|zawsze|domyślnie)(?!\w)"
    r"|いつも|常に|今後は?|总是|以后都?|默认)\s*[:：=,]?\s*",
    re.IGNORECASE,
)
_SMALL_WORDS = """
    a an and attached attachment bitte das den die dies diese dieses document documents dokument file files für gracias
    kindly la le les merci me obrigado obrigada per favore pdf pdfs please pls por favor cortesía the them these this
    thank thanks translate translated translation translating tradurre traduire traduce traducir traduza traduzir
    traduisez traduci grazie übersetze übersetzen übersetzung you vertalen vertaal svp sil s'il vous plaît plait ci joint
    ce cette este esto documento danke dank proszę graag veuillez version
"""
_FILLERS = frozenset(re.findall(r"\S+", _SMALL_WORDS))
_PREPOSITIONS = (
    "to", "into", "auf", "ins", "in", "en", "em", "al", "au", "vers", "para", "naar", "på", "til", "till", "na", "по",
    "на", "to the", "in het", "naar het", "para o", "vers le",
)  # fmt: skip
_STRONG = r"(?:in)?to|ins|naar(?:\s+het)?|vers(?:\s+le)?|para(?:\s+o)?"
_WEAK = r"auf|in(?:\s+het)?|en|em|al|au|på|til|till|na|на"
_IN_SENTENCE = {
    "strong": re.compile(rf"(?<!\w)(?:{_STRONG})\s+", re.IGNORECASE),
    "weak": re.compile(rf"(?<!\w)(?:{_WEAK})\s+", re.IGNORECASE),
}
_WISHING = re.compile(
    r"transl|übersetz|uebersetz|tradu|vertal|översätt|overs[aæ]t|oversett|tłumacz|перевед|перевод|need|want|would like"
    r"|möcht|brauch|hätte|voudr|besoin|quier|quisier|necesit|vorrei|gostaria|preciso|\bgraag\b",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\s*(?:$|[.,;:!?()…–—-]|(?:please|pls|thanks|thank|bitte|danke|merci|por|per|s['’]il|svp|graag|and|with|for|asap|today|if|und|übersetz\w*|vertalen)\b)",
    re.IGNORECASE,
)
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
    r"--\s*$|[-_]{5,}|(?:from|von|od|от)\s*:\s|de\s*:\s.*@|begin\s+forwarded|on\s.{1,100}\swrote:|am\s.{1,100}\sschrieb|le\s.{1,100}\sa\s+écrit"
    r"|el\s.{1,100}\sescribió|il\s.{1,100}\sha\s+scritto",
    re.IGNORECASE,
)


def wish(recipient: str, words: str, subject: str, usual: Wish, server: str | None) -> Wish:
    """The language and the tone that a mail asks for, else what its sender always wants (`usual`), else the server's.

    `unknown` is set only when the address names a language that nobody knows; then nothing else counts. The usual tone goes with
    the usual language only.
    """
    by_address = from_address(recipient)
    if by_address.unknown:
        return by_address
    said = (by_address, from_words(words), from_subject(subject))
    target_lang = next((one.target_lang for one in said if one.target_lang), None)
    tone = next((one.tone for one in said if one.tone), None)
    if target_lang:
        return Wish(target_lang, tone, is_lasting=any(one.is_lasting for one in said))
    return Wish(usual.target_lang or server, tone or (usual.tone if usual.target_lang else None))


def with_tone_of(found: Wish, recipient: str) -> Wish:
    """What a reply asks for, with the tone that its address names where its words name none."""
    return Wish(found.target_lang, found.tone or from_address(recipient).tone, is_lasting=found.is_lasting)


def from_address(recipient: str) -> Wish:
    """What stands after the plus: `translate+de@`, `translate+pt-br+formal@`, in any order."""
    tags = [tag for tag in recipient.rpartition("@")[0].split("+")[1:] if tag]
    tone = next((_TONES[tag.casefold()] for tag in tags if tag.casefold() in _TONES), None)
    named = [tag for tag in tags if tag.casefold() not in _TONES]
    for tag in named:
        try:
            return Wish(language.parse(tag), tone)
        except UnknownLanguage:
            continue
    return Wish(None, tone, named[0] if named else None)


def from_words(words: str) -> Wish:
    """What the first lines of a body ask for; greetings, banners and quoted lines are passed over."""
    return next((found for line in first_lines(words) if (found := from_line(line)).target_lang), NOTHING)


def from_subject(subject: str) -> Wish:
    """What stands in brackets: `[de]`, `[fr formal]`, `[to: es]`. Other brackets are no wishes (`[IT]`, `[EXTERNAL]`)."""
    for inner in re.findall(r"\[([^\[\]]{2,40})\]", subject):
        found = (
            NOTHING if inner.strip() in _SHOUTED else choice(re.sub(r"^\s*to\s*:\s*", "", inner, flags=re.IGNORECASE))
        )
        if found.target_lang:
            return found
    return NOTHING


def from_line(line: str) -> Wish:
    """What one line asks for."""
    lasting = _LASTING.match(line)
    if lasting and (found := from_line(line[lasting.end() :])).target_lang:
        return replace(found, is_lasting=True)
    line = line.strip(" \t*_#`•\"'“”„«»").replace("’", "'")
    explicit = _EXPLICIT.match(line)
    if explicit and (found := choice(_bare(explicit[1]))).target_lang:
        return found
    return _from_few_words(line) or _from_sentence(line) or _from_script(line) or NOTHING


def choice(text: str) -> Wish:
    """A language, with a tone before or after it or without one, and not a word more; else nothing."""
    words = text.replace(",", " ").replace("+", " ").replace("(", " ").replace(")", " ").split()
    tones = [word for word in words if word.casefold() in _TONES]
    tag = _tag(" ".join(word for word in words if word not in tones))
    return Wish(tag, _TONES[tones[0].casefold()] if tones else None) if tag and len(tones) <= 1 else NOTHING


def first_lines(words: str) -> Iterator[str]:
    """The first lines that the sender wrote, without greetings, banners, quotes and what was there before."""
    count = 0
    for line in (line.strip() for line in words.splitlines()):
        if _THE_REST_IS_OLD.match(line):
            return
        if not line or line.startswith(">") or len(line) > LONGEST_LINE or _BANNER.search(line):
            count += len(line) > LONGEST_LINE
            continue
        greeted = _GREETING.match(line) is not None
        yield re.sub(r"^[^,!]{1,60}[,!]\s*", "", line) or line if greeted else line
        count += not greeted
        if count >= LINES:
            return


def _from_few_words(line: str) -> Wish | None:
    """A line that says nothing but a language, with the small words around it."""
    words = _bare(line).split()
    started = len(words)
    while len(words) > 1 and words[0].casefold() in (*_FILLERS, "it"):
        words = words[1:]
    is_plain = started == len(words)
    while len(words) > 1 and words[-1].casefold().strip(".,!") in _FILLERS:
        words = words[:-1]
    core = " ".join(words)
    for preposition in _PREPOSITIONS:
        if (
            core.casefold().startswith(preposition + " ")
            and (found := choice(_bare(core[len(preposition) :]))).target_lang
        ):
            return found
    if not is_plain and len(words) == 1:  # "translate it": into what, it does not say
        return None
    found = choice(core)
    alone = [word.casefold() for word in words if word.casefold() not in _TONES]
    return found if found.target_lang and not (len(alone) == 1 and alone[0] in _WORDS) else None


def _from_sentence(line: str) -> Wish | None:
    """A preposition and a language's name, at the end of a clause.

    "in German" may say what a document is written in, so such words count only beside a verb of wishing.
    """
    for strength, pattern in _IN_SENTENCE.items():
        if strength == "weak" and not _WISHING.search(line):
            continue
        for found in pattern.finditer(line):
            named = _name_at(line[found.end() :])
            if named:
                return named
    return None


def _name_at(text: str) -> Wish | None:
    words = text.split()[: MOST_WORDS + 1]
    for count in range(len(words), 0, -1):
        named = " ".join(words[:count])
        bare = named.rstrip(".,;:!?)…")
        rest = named[len(bare) :] + " " + text.lstrip()[len(named) :]
        found = choice(bare)
        if found.target_lang and not _is_code(bare) and bare != "polish" and _AFTER.match(rest):
            return found
    return None


def _from_script(line: str) -> Wish | None:
    """Languages that are written without spaces or with endings: 日本語に…, 翻译成德语, по-немецки."""
    for pattern, ending in ((r"(\w+語)[にへ]", ""), (r"[译譯]成\s*(\w+)", ""), (r"\bпо-(\w+к)и\b", "ий")):
        found = re.search(pattern, line)
        tag = _tag(found[1] + ending) if found else None
        if tag:
            return Wish(tag)
    return None


def _tag(text: str) -> str | None:
    """The tag of a code or a name; "ins Deutsche" has an ending that the name has not."""
    known = _REGIONAL.get(text.casefold())
    if known:
        return known
    for spelling in (text, text[:-1] if text.endswith("sche") else ""):
        try:
            tag = language.parse(spelling)
        except UnknownLanguage:
            continue
        if len(language.base(tag)) == 2 or language.base(tag) in _LONGER_CODES:  # noqa: PLR2004 - letters of ISO 639-1
            return tag
    return None


def _is_code(text: str) -> bool:
    return re.match(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,4}){0,2}(?!\S)", text) is not None


def _bare(text: str) -> str:
    return text.strip().strip(".,;:!?…").strip()
