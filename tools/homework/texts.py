"""Texts that come from outside: shown without harm, and compared in whatever form they come."""

import hashlib
import unicodedata
from collections.abc import Sequence

LONGEST = 160  # characters of a name or path that is shown
# What turns the direction of the text around it: a name could read as another one.
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Letters that are their own and not a plain letter with a mark.
WITHOUT_MARK = str.maketrans("đøłħıß", "dolhis")


def shown(text: str, longest: int = LONGEST) -> str:
    r"""Returns a name or a path as a terminal, a table and a page may show it, in one line.

    Control characters, bytes that are no UTF-8 and what turns the direction of text come out as
    `\x1b`; what is longer than `longest` characters is cut and told apart by six digits.
    """
    result = harmless(unicodedata.normalize("NFC", text), keep="")
    if len(result) <= longest:
        return result
    tag = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{result[: longest - 8]}…{tag}"


def harmless(text: str, keep: str = "\n\t") -> str:
    """Returns a text with every character escaped that a file or a terminal might stumble over."""
    return "".join(c if c in keep else _escaped(c) for c in text)


def _escaped(character):
    code = ord(character)
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in TURNING:
        if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as Python reads file names
            return f"\\x{code - 0xDC00:02x}"
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return character


def words(text: str, marks: bool = True) -> tuple[str, ...]:
    """Splits a text into words to compare: in small letters, composed, without punctuation.

    Args:
        text: a name or a path; its bytes that are no UTF-8 count as Latin-1.
        marks: whether accents count.
    """
    text = "".join(chr(ord(c) - 0xDC00) if 0xDC80 <= ord(c) <= 0xDCFF else c for c in text)
    text = unicodedata.normalize("NFKC", text).casefold()
    if not marks:
        text = unicodedata.normalize("NFD", text.translate(WITHOUT_MARK))
        text = "".join(c for c in text if unicodedata.category(c) != "Mn")
    spaced = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in text)
    return tuple(spaced.split())


def rotations(name: Sequence[str]) -> list[tuple[str, ...]]:
    """Lists the orders in which a name is written: family name first or last."""
    return [(*name[i:], *name[:i]) for i in range(len(name))]


def file_name(text: str, longest: int = 100) -> str:
    """Returns a name that every file system takes, of at most so many bytes."""
    kept = "".join(
        c if c in " .()-_" or unicodedata.category(c)[0] in "LNM" else "-"
        for c in unicodedata.normalize("NFC", text)
    )
    cut = kept.encode()[:longest].decode(errors="ignore").strip(" .")
    return cut or "student"
