"""What a sender wants: the language and the tone, from the address, the first lines, the subject,
in this order (pure).

Half of the two-letter codes are words of some language ("it", "is", "no", "he"), so a code counts
only where it can be nothing else: in the address, after `to:`, in brackets, or as all that a line
says. In a sentence only names count, and only where the sentence ends with them: "into German,
please" is a wish, "the German contract" and "to German law" are not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from dragoman.domain import language
from dragoman.domain.job import Tone
from dragoman.errors import UnknownLanguage
from ingress.email.wishes import body_lines, language_names
from ingress.email.wishes.vocabulary import FILLERS, NOUNS, PREPOSITIONS


@dataclass(frozen=True, slots=True)
class Wish:
    """What one source says.

    None: it says nothing of it. `unknown`: what stands where a language should.

    `is_lasting`: it is meant for all mails to come ("always German").
    """

    target_lang: str | None = None
    tone: Tone | None = None
    unknown: str | None = None
    is_lasting: bool = False


NOTHING = Wish()
_TONES = {tone.value: tone for tone in Tone} | {
    word: tone
    for tone, words in {
        Tone.FORMAL: (
            "formell förmlich formel formelle formale formeel formalny formalnie formalmente"
            " formellement formell 正式 フォーマル"
        ),
        Tone.INFORMAL: (
            "informell informel informelle informale informeel nieformalny nieformalnie"
            " informalmente locker 非正式 カジュアル"
        ),
        Tone.SIMPLE: "einfach semplice sencillo simples eenvoudig prosty 简单",
        Tone.BUSINESS: (
            "geschäftlich professionnel commercial aziendale zakelijk biznesowy 商务 ビジネス"
        ),
        Tone.ACADEMIC: (
            "akademisch wissenschaftlich académique académico accademico acadêmico academisch"
            " akademicki 学术 学術"
        ),
    }.items()
    for word in words.split()
}
# Alone on a line these are words, names or abbreviations of people, whatever ISO 639 made of them.
_WORDS = frozenset({
    "am", "as", "be", "bi", "br", "co", "cv", "ee", "ff", "fj", "fy", "he", "hi", "ho", "id", "ie", "ii", "in", "io", "is", "kw",
    "lo", "mi", "mr", "ms", "my", "na", "ne", "ng", "no", "oj", "om", "or", "os", "pa", "pi", "ps", "qu", "sa", "se",
    "sg", "si", "sn", "so", "ss", "st", "su", "ta", "te", "ti", "to", "ts", "tw", "ve", "vo", "za",
    "yo", "ha", "lu", "an", "oc", "shona", "ewe", "akan", "ido", "tonga", "afar", "sango",
})  # fmt: skip
_FORWARDED = re.compile(
    r"^\s*(?:(?:re|fwd?|aw|wg|sv|vs|rv|tr|odp|pd|antw|doorst|rif|i|r|enc|res)\s*[:：]\s*)+",
    re.IGNORECASE,
)
_SHOUTED = frozenset(
    {
        "IT",
        "HR",
        "ID",
        "PR",
        "PS",
        "OS",
        "QA",
        "AM",
        "PM",
        "IS",
        "NO",
        "TO",
        "SO",
        "OR",
        "AI",
        "PA",
        "ET",
    }
)

_EXPLICIT = re.compile(
    r"(?:please\s+)?(?:translate\s+)?(?:(?:in)?to|lang(?:uage)?|(?:target|output)(?:\s+lang(?:uage)?)?|(?:ziel)?sprache|nach|langue(?:\s+cible)?"
    r"|idioma|lingua|(?:doel)?taal|język|kieli|språk|sprog|jazyk|язык|мова|翻訳先|言語|语言|目标语言|翻译)"
    r"\s*[:=：]\s*(.+)",
    re.IGNORECASE,
)
_LASTING = re.compile(
    r"\s*(?:(?:please\s+)?(?:always|by\s+default|(?:my\s+)?default(?:\s+language)?|from\s+now\s+on|immer|ab\s+jetzt|standard|toujours"
    r"|par\s+défaut|siempre|por\s+defecto|sempre|por\s+omissão|altijd|standaard|zawsze|domyślnie)(?!\w)"
    r"|いつも|常に|今後は?|总是|以后都?|默认)\s*[:：=,]?\s*",
    re.IGNORECASE,
)
_STRONG = r"(?:in)?to(?:\s+the)?|ins|naar(?:\s+het)?|vers(?:\s+(?:le|l['’](?=\w)))?|para(?:\s+o)?|إلى|ke(?:\s+bahasa)?"
_WEAK = r"auf|in(?:\s+het)?|en|em|al|au|à\s+l['’]|all['’]|på|til|till|na|на|do|po|în(?:\s+limba)?|uz|į|στα|στην|σε|v|ve|w|u|в|dalam|nach"
_IN_SENTENCE = {
    "strong": re.compile(rf"(?<!\w)(?:{_STRONG})(?:\s+|(?<=['’]))", re.IGNORECASE),
    "weak": re.compile(rf"(?<!\w)(?:{_WEAK})(?:\s+|(?<=['’]))", re.IGNORECASE),
}
_WISHING = re.compile(
    r"transl|übersetz|uebersetz|trad[uú]|tradotto|vertal|vertaal|översätt|overs[aæ]t|oversett|tłumacz|przełó|перевед|перевод|превед|превод"
    r"|перекла|překl|přelož|prekl|prelož|prevest|prevedi|prevod|kään|fordít|çevir|tercüme|μεταφρ|tõlk|tõlgi|tulko|verst|vertim"
    r"|traduc|terjemah|번역|ترجم|need|want|would like|['’]d like|\bversion\b"
    r"|möcht|brauch|hätte|voudr|besoin|quier|quisier|necesit|vorrei|gostaria|preciso|\bgraag\b|potrzebuj|chcia",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\b(?:can|could|may|might|please|get|have|give|send|kann|können|könnte\w*|bitte|geht|puis|peut|pouvez|pourr\w+|avoir|pued\w+|podr\w+|tener"
    r"|può|potre\w+|posso|avere|pode\w*|kan|kunt|kunnen|zou|krijgen|możn\w+|mog\w+|proszę|czy)\b",
    re.IGNORECASE,
)
_ARROW = re.compile(r"\s*(?:[-=]+>|[→⇒➜»>])\s*")
_PAIR = re.compile(
    r"(?:(?:from|von|vom|aus(?:\s+dem)?|du|de|del|do|da|dal|z|ze|с|из|od|från|fra)\s+|dall['’])?(?P<source>\S+(?:\s\S+)?)\s+"
    r"(?:(?:to|into|nach|ins|in|na|al|au|vers(?:\s+le)?|à|para(?:\s+o)?|naar(?:\s+het)?|на|до|till|til)\s+|all['’])(?P<target>.{2,60})",
    re.IGNORECASE,
)
_END = re.compile(r"\s*(?:$|[.,;:!?()…–—。、！-])")
_MORE_AFTER = frozenset(
    {
        "haben",
        "bekommen",
        "krijgen",
        "hebben",
        "dostać",
        "with",
        "by",
        "for",
        "asap",
        "today",
        "if",
        "und",
        "y",
        "et",
        "e",
        "i",
        "og",
        "och",
        "ja",
        "heute",
        "prosim",
    }
)


def wish(recipient: str, words: str, subject: str, usual: Wish, server: str | None) -> Wish:
    """The language and the tone that a mail asks for, else what its sender always wants (`usual`),
    else the server's.

    `unknown` is set only when the address names a language that nobody knows; then nothing else
    counts. The usual tone goes with the usual language only.
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
    return Wish(
        found.target_lang, found.tone or from_address(recipient).tone, is_lasting=found.is_lasting
    )


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


def from_words(words: str, *, is_reply: bool = False) -> Wish:
    """What the first lines of a body ask for; greetings, banners and quoted lines are passed over.

    In a reply to an answer a question is a wish: "Could I have it in Spanish?"
    """
    for line, is_signature in body_lines.read(words):
        found = from_line(line, is_reply=is_reply)
        if found.target_lang and not (
            is_signature and choice(_bare(line)).target_lang
        ):  # a name below "Regards" is a name
            return found
    return NOTHING


def from_subject(subject: str) -> Wish:
    """What stands in brackets: `[de]`, `[fr formal]`, `[to: es]`; else what the whole subject asks
    for.

    Other brackets are no wishes (`[IT]`, `[EXTERNAL]`), and codes count in brackets only.
    """
    for inner in re.findall(r"\[([^\[\]]{2,40})\]", subject):
        found = (
            NOTHING
            if inner.strip() in _SHOUTED
            else choice(re.sub(r"^\s*to\s*:\s*", "", inner, flags=re.IGNORECASE))
        )
        if found.target_lang:
            return found
    bare = _FORWARDED.sub("", re.sub(r"\[[^\[\]]*\]", " ", subject)).strip()
    return (
        NOTHING
        if len(bare) > body_lines.LONGEST_LINE or language_names.is_code(_bare(bare))
        else from_line(bare)
    )


def from_line(line: str, *, is_reply: bool = False) -> Wish:
    """What one line asks for; `is_reply`: as in `from_words`."""
    lasting = _LASTING.match(line)
    if lasting and (found := from_line(line[lasting.end() :], is_reply=is_reply)).target_lang:
        return replace(found, is_lasting=True)
    line = (
        re.sub(r"\s+(?=[(（][\u3040-\u9fff])", "", line.replace("，", ", "))
        .strip(" \t*_#`•\"'“”„«»")
        .replace("’", "'")
    )
    explicit = _EXPLICIT.match(line)
    if explicit and (found := choice(_bare(explicit[1]))).target_lang:
        return found
    return (
        _from_few_words(line)
        or _from_pair(line)
        or _from_sentence(line, is_reply=is_reply)
        or _from_script(line)
        or NOTHING
    )


def choice(text: str) -> Wish:
    """A language, with a tone before or after it or without one, and not a word more; else
    nothing.
    """
    words = text.replace(",", " ").replace("+", " ").split()
    tones = [word for word in words if word.casefold().strip("()（）") in _TONES]
    tag = language_names.tag_of(" ".join(word for word in words if word not in tones))
    tone = _TONES[tones[0].casefold().strip("()（）")] if tones else None
    return Wish(tag, tone) if tag and len(tones) <= 1 else NOTHING


def _from_few_words(line: str) -> Wish | None:
    """A line that says nothing but a language, with the small words around it."""
    words, said = _unwrapped(_bare(line).split())
    core = _bare(" ".join(words))
    found = choice(core)
    if not found.target_lang:
        return _with_into(core)
    if "preposition" in said:
        return found
    alone = [word.casefold() for word in words if word.casefold() not in _TONES]
    is_odd = len(alone) == 1 and (alone[0] in _WORDS or language_names.is_country(alone[0]))
    if (
        is_odd
        or "noun" in said
        or ("filler" in said and (language_names.is_code(core) or core == "polish"))
    ):
        return None
    return found


def _unwrapped(words: list[str]) -> tuple[list[str], set[str]]:
    """The words without those around the name, and of which kinds these were; those after it in
    a language count only as fillers.
    """
    said: set[str] = set()
    while len(words) > 1 and (kind := _kind(words[0], is_first=True)):
        said.add(kind)
        words = words[1:]
    while len(words) > 1 and (kind := _kind(words[-1], is_first=False)):
        said.add(kind)
        words = words[:-1]
    return words, said


def _kind(word: str, *, is_first: bool) -> str | None:
    bare = word.casefold().strip(".,:;!?()")
    if is_first and bare in PREPOSITIONS and not word.endswith((",", ".", "!", ":")):
        return "preposition"
    if bare in FILLERS or (is_first and bare == "it"):
        return "filler"
    return "noun" if bare in NOUNS else None


def _with_into(core: str) -> Wish | None:
    tag = language_names.into(core)
    return Wish(tag) if tag else None


def _from_pair(line: str) -> Wish | None:
    """From one language to another, and not a word more: `EN -> DE`, "Englisch nach Deutsch",
    "z angielskiego na polski".
    """
    halves = _ARROW.split(_bare(line))
    if len(halves) == 2:  # noqa: PLR2004 - from, to
        return (
            found
            if _is_name(halves[0]) and (found := choice(_bare(halves[1]))).target_lang
            else None
        )
    pair = _PAIR.fullmatch(_bare(line))
    if pair is None or not _is_name(pair["source"]) or language_names.is_code(pair["source"]):
        return None
    target = _bare(" ".join(_unwrapped(pair["target"].split())[0]))
    found = choice(target)
    return found if found.target_lang and not language_names.is_code(target) else None


def _is_name(text: str) -> bool:
    return choice(_bare(text)).target_lang is not None


def _from_sentence(line: str, *, is_reply: bool) -> Wish | None:
    """A preposition and a language's name, at the end of a clause; or a form of the name that says
    "into" by itself.

    "in German" may say what a document is written in, so such words count only beside a verb of
    wishing.
    """
    is_wishing = bool(_WISHING.search(line) or (is_reply and _ASKING.search(line)))
    for strength, pattern in _IN_SENTENCE.items():
        if strength == "weak" and not is_wishing:
            continue
        for found in pattern.finditer(line):
            named = _name_at(line[found.end() :])
            if named:
                return named
    return _from_form(line) if is_wishing else None


def _name_at(text: str) -> Wish | None:
    words = text.split()[: language_names.MOST_WORDS + 1]
    for count in range(len(words), 0, -1):
        named = " ".join(words[:count])
        bare = named.rstrip(".,;:!?)…。、！")
        rest = named[len(bare) :] + " " + text.lstrip()[len(named) :]
        found = choice(bare)
        if (
            found.target_lang
            and not language_names.is_code(bare)
            and bare != "polish"
            and _is_end(rest)
        ):
            return found
    return None


def _is_end(rest: str) -> bool:
    following = rest.split()
    word = following[0].casefold().strip(".,;:!?") if following else ""
    return (
        _END.match(rest) is not None
        or word in FILLERS
        or word in _MORE_AFTER
        or _WISHING.match(word) is not None
    )


def _from_form(line: str) -> Wish | None:
    words = line.split()
    for start in range(len(words)):
        for count in (2, 1):
            tag = language_names.into(_bare(" ".join(words[start : start + count])))
            if tag:
                return Wish(tag)
    return None


_SCRIPTS = (
    (r"([゠-ヿ一-鿿（）()]+[語文）)])(?:[にへ]|訳|版)", "last"),
    (
        (
            r"([゠-ヿ一-鿿（）()]+[語文）)])で(?=\s*(?:お願い|ください|下さい|頼|ほし|欲し|翻訳|訳|[。"
            r".!！]|$))"
        ),
        "last",
    ),
    (r"(?:(?:翻[译譯]|[译譯翻])[成為为到]?|[转轉][成為为]|用)\s*([一-鿿（）()]+)", "first"),
    (r"([一-鿿（）()]{2,9})(?:版本?|翻[译譯])", "last"),
    (r"([英和独仏露伊]訳)", "first"),
    (r"(?<!\w)по-([\w]+ки)(?!\w)", "adverb"),
    (r"([가-힣]+어)로", "last"),
)


def _from_script(line: str) -> Wish | None:
    """Languages that are written without spaces or with endings: 日本語に…, 翻译成德语, по-немецки."""
    for pattern, where in _SCRIPTS:
        for found in re.finditer(pattern, line):
            tag = (
                language_names.tag_of(f"{found[1]}й")
                if where == "adverb"
                else _within(found[1], where)
            )
            if tag:
                return Wish(tag, _tone_in(line))
    return None


def _tone_in(line: str) -> Tone | None:
    """The tone that such a line names; "非正式" has "正式" in it."""
    words = sorted((word for word in _TONES if not word.isascii()), key=len, reverse=True)
    return next((_TONES[word] for word in words if word in line), None)


def _within(text: str, where: str) -> str | None:
    """The longest name that the text begins or ends with."""
    parts = (
        [text[:end] for end in range(len(text), 1, -1)]
        if where == "first"
        else [text[at:] for at in range(len(text) - 1)]
    )
    return next(
        (
            tag
            for part in parts
            if not language_names.is_code(part) and (tag := language_names.tag_of(part))
        ),
        None,
    )


def _bare(text: str) -> str:
    return text.strip().strip(".,;:!?…。！，").strip()
