"""English plurals, as far as names of resources go; `--plural` says the others.

`inflect` knows more, and costs every start of the command 1.3 s.
"""

import re

_IRREGULAR = {
    "person": "people",
    "child": "children",
    "man": "men",
    "woman": "women",
    "foot": "feet",
    "tooth": "teeth",
    "mouse": "mice",
    "analysis": "analyses",
    "leaf": "leaves",
    "shelf": "shelves",
    "life": "lives",
    "knife": "knives",
    "half": "halves",
    "hero": "heroes",
    "potato": "potatoes",
    "criterion": "criteria",
    "quiz": "quizzes",
}


def plural(name: str) -> str:
    """Of the last word: `order_line` becomes `order_lines`."""
    head, _, word = name.rpartition("_")
    return f"{head}_{_plural(word)}" if head else _plural(word)


def _plural(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if re.search(r"(s|x|z|ch|sh)$", word):
        return f"{word}es"
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}s"


def looks_plural(name: str) -> bool:
    """Whether somebody may have given the plural: it ends in s, and not as bus, class or analysis do."""
    word = name.rpartition("_")[2]
    return word in _IRREGULAR.values() or bool(re.search(r"(?<![sui])s$", word))
