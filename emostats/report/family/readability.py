"""How hard a text is to read: the Flesch–Kincaid grade level (Kincaid et al., 1975)."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Za-z’']+")
_SENTENCE = re.compile(r"[.!?:](?:\s|$)")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^laeiouy]es|[^aeiouytd]ed|[^laeiouy]e)$")


def syllables(word: str) -> int:
    """Syllables of an English word by its groups of vowels; a silent ending does not count.

    >>> syllables("children"), syllables("change"), syllables("programme"), syllables("the")
    (2, 1, 2, 1)
    """
    lower = word.lower().strip("’'")
    groups = len(_VOWELS.findall(lower))
    if lower.endswith("mme") or (groups > 1 and _SILENT.search(lower)):
        groups -= 1
    return max(groups, 1)


def grade(text: str) -> float:
    """0.39 words a sentence + 11.8 syllables a word − 15.59: years of school in the United States.

    Numbers count as no words. A text without words has grade 0.
    """
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = max(len(_SENTENCE.findall(text)), 1)
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
