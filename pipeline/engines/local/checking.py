"""Whether a model's files are whole and belong together, told by their own structure. Pure.

The library takes nearly any bytes and then translates into nonsense, or gives up in the middle of a
text. Formats: Marian's binary models (`src/common/binary.cpp`), its binary shortlists
(`src/data/shortlist.h`), and SentencePiece's `sentencepiece_model.proto`.
"""

from __future__ import annotations

import struct
from array import array
from itertools import pairwise

MODEL_VERSION = 1
SHORTLIST_MAGIC = 0xF11A48D5013417F5
SHORTLIST_HEAD = 48  # bytes: six numbers of eight
MOST_ITEMS = 10_000  # of a model; real ones have about 200
PADDING = 64  # rows that a model may have more than its vocabulary, for the sake of alignment
_DELIMITED = 2  # protobuf's wire type of strings and messages
_SEVEN_BITS, _CONTINUED = 0x7F, 0x80
_SOURCE_TABLES, _TARGET_TABLES = ("Wemb", "encoder_Wemb"), ("Wemb", "decoder_Wemb")


class Damaged(Exception):
    """Says in a few words what is wrong with a file."""


def check(
    weights: bytes, source_vocabulary: bytes, target_vocabulary: bytes, shortlist: bytes
) -> None:
    """Raises Damaged where the files are cut short, are something else, or have vocabularies of
    another model.
    """
    tables = table_rows(weights)
    source, target = pieces(source_vocabulary), pieces(target_vocabulary)
    for count, names in ((source, _SOURCE_TABLES), (target, _TARGET_TABLES)):
        rows = next((tables[name] for name in names if name in tables), None)
        if rows is not None and not rows - PADDING < count <= rows:
            raise Damaged(f"the vocabulary has {count:,} words where the weights know {rows:,}")
    check_shortlist(shortlist, source, target)


def table_rows(weights: bytes) -> dict[str, int]:
    """How many rows each table of the weights has, by name. Raises Damaged."""
    try:
        version, count = struct.unpack_from("<QQ", weights)
        if version != MODEL_VERSION or not 0 < count < MOST_ITEMS:
            raise Damaged("the weights are no model of this kind")
        heads = [struct.unpack_from("<QQQQ", weights, 16 + 32 * item) for item in range(count)]
        at = 16 + 32 * count
        names = []
        for length, *_ in heads:
            names.append(weights[at : at + length].rstrip(b"\0").decode("ascii"))
            at += length
        rows = {}
        for name, (_, _, dimensions, _) in zip(names, heads, strict=True):
            shape = struct.unpack_from(f"<{dimensions}i", weights, at)
            at += 4 * dimensions
            rows[name] = shape[0] if shape else 0
        (gap,) = struct.unpack_from("<Q", weights, at)
    except (struct.error, UnicodeDecodeError, OverflowError, MemoryError) as error:
        raise Damaged("the weights are damaged") from error
    if at + 8 + gap + sum(size for *_, size in heads) > len(weights):
        raise Damaged("the weights are cut short")
    return rows


def pieces(vocabulary: bytes) -> int:
    """How many words a SentencePiece vocabulary has. Raises Damaged."""
    at, count = 0, 0
    try:
        while at < len(vocabulary):
            key, at = _number(vocabulary, at)
            if key & 7 != _DELIMITED:
                raise Damaged("the vocabulary is damaged")
            size, at = _number(vocabulary, at)
            at += size
            count += key >> 3 == 1
    except IndexError as error:
        raise Damaged("the vocabulary is cut short") from error
    if not count:
        raise Damaged("the vocabulary is empty, or something else")
    if at != len(vocabulary):
        raise Damaged("the vocabulary is cut short")
    return count


def check_shortlist(shortlist: bytes, source: int, target: int) -> None:
    """Raises Damaged where the shortlist is not one from `source` to `target` words."""
    if len(shortlist) < SHORTLIST_HEAD:
        raise Damaged("the shortlist is cut short")
    magic, _, _, _, offsets, words = struct.unpack_from("<6Q", shortlist)
    if magic != SHORTLIST_MAGIC:
        raise Damaged("the shortlist is damaged, or something else")
    if SHORTLIST_HEAD + 8 * offsets + 4 * words != len(shortlist):
        raise Damaged("the shortlist is cut short")
    starts, likely = array("Q"), array("I")
    starts.frombytes(shortlist[SHORTLIST_HEAD : SHORTLIST_HEAD + 8 * offsets])
    likely.frombytes(shortlist[SHORTLIST_HEAD + 8 * offsets :])
    if offsets - 1 > source + PADDING or (likely and max(likely) >= target + PADDING):
        raise Damaged("the shortlist belongs to another vocabulary")
    if not starts or starts[-1] > words or any(one > other for one, other in pairwise(starts)):
        raise Damaged("the shortlist is damaged")


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A protobuf varint and where it ends. Raises IndexError."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & _SEVEN_BITS) << shift
        shift += 7
        if byte < _CONTINUED:
            return value, at
