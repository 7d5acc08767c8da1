"""One text, read: the languages with their parts, the options, the words that tell an intent
(pure).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dragoman.domain import language
from dragoman.domain.job import Layout, Tone
from dragoman.domain.wishes import options
from dragoman.domain.wishes.grammar import letter, sentence
from dragoman.domain.wishes.grammar.clauses import Clause, Group, clauses
from dragoman.domain.wishes.grammar.roles import Role, Spot, role
from dragoman.domain.wishes.lexicon.word import Word


@dataclass(frozen=True, slots=True)
class Part:
    """A group of languages with its role. `number`: of its sentence, from 0."""

    role: Role
    group: Group
    clause: Clause
    number: int

    def has(self, *kinds: str) -> bool:
        """Whether its clause has a word of these kinds."""
        return any(word.can(*kinds) for word in self.clause.others())


@dataclass(slots=True)
class Analysis:
    """What one text holds. `spoken`: the language in which it is written, None: not to be told."""

    sentences: list[sentence.Sentence]
    clauses: list[Clause]
    parts: list[Part]
    spoken: str | None
    pages: str | None = None
    layout: Layout | None = None
    tone: Tone | None = None
    secret: str | None = field(default=None, repr=False)

    def of(self, *roles: Role) -> list[Part]:
        """The parts with these roles."""
        return [part for part in self.parts if part.role in roles]

    def has(self, *kinds: str) -> bool:
        """Whether a word of these kinds stands anywhere."""
        return any(word.can(*kinds) for one in self.sentences for word in one.words)

    def words(self) -> Iterator[Word]:
        """All words."""
        return (word for one in self.sentences for word in one.words)

    def words_beside_names(self) -> Iterator[Word]:
        """All words that belong to no name of a language, nor to its region."""
        for one in self.sentences:
            named = {at for name in one.mentions for at in range(name.start, name.end)}
            yield from (word for at, word in enumerate(one.words) if at not in named)

    @property
    def source(self) -> str | None:
        """The language that the document is said to be in, None where none or several are."""
        parts = [part for part in self.of(Role.SOURCE) if not part.group.is_choice]
        tags = {tag for part in parts for tag in part.group.tags}
        return next(iter(tags)) if len(tags) == 1 else None


def analyse(text: str) -> Analysis:
    """A text, read. A password is cut out before anything else is looked at."""
    secret = options.password(letter.own(text))
    paged = options.pages(secret.rest)
    sentences, spoken = sentence.read(paged.rest)
    found: list[Part] = []
    every: list[Clause] = []
    for number, one in enumerate(sentences):
        of_sentence = clauses(one)
        every += of_sentence
        for clause in of_sentence:
            for group in clause.groups:
                part = role(Spot(group, clause, one))
                found.append(Part(part, group, clause, number))
    read = Analysis(sentences, every, found, spoken, paged.value, secret=secret.value)
    read.layout = options.layout(read.words())
    read.tone = options.tone(every)
    return read


def files(read: Analysis) -> dict[str, tuple[str, ...]]:
    """The languages of the files that are named in a sentence with them, by their order in it."""
    found: dict[str, tuple[str, ...]] = {}
    for number, one in enumerate(read.sentences):
        wanted = {
            part.group.start: part.group
            for part in read.of(Role.TARGET)
            if part.number == number and not part.group.is_choice
        }
        found.update(_of_sentence(one, wanted))
    return found


def _of_sentence(one: sentence.Sentence, wanted: dict[int, Group]) -> dict[str, tuple[str, ...]]:
    """A file's languages follow it where the sentence begins with a file, else they stand
    before.
    """
    marks = [
        index for index, word in enumerate(one.words) if word.shape == "file" or index in wanted
    ]
    if not marks or not any(one.words[index].shape == "file" for index in marks):
        return {}
    found: dict[str, list[str]] = {}
    file_first = one.words[marks[0]].shape == "file"
    names: list[str] = []
    tags: tuple[str, ...] = ()
    for at, index in enumerate(marks):
        word = one.words[index]
        if word.shape == "file":
            if file_first and at and one.words[marks[at - 1]].shape != "file":
                names = []
            names.append(word.raw)
            if not file_first and tags:
                found.setdefault(word.raw, []).extend(tags)
            continue
        tags = wanted[index].tags
        if file_first:
            for name in names:
                found.setdefault(name, []).extend(tags)
    return {name: tuple(dict.fromkeys(of_file)) for name, of_file in found.items()}


def without(tags: list[str], refused: set[str]) -> list[str]:
    """Tags whose language is not refused."""
    return [tag for tag in tags if language.base(tag) not in refused]
