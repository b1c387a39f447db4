"""How Cyrillic letters sound in names, Russian, Ukrainian and foreign.

A foreign h is written г or х (Горовиц is Horowitz, Ибрагим is Ibrahim). The soft and the hard sign are silent, and
parts of them and the letters after й are a glide at most. What Latin writes y or j before a vowel is in ю, я, ё and е.
"""

from erp_club.customers.names.script import Script

CYRILLIC = Script(
    name="cyrillic",
    abjad=False,
    graphemes={
        "а": "a",
        "б": "b",
        "в": "vw",
        "г": "gh",
        "г{еэи}": "ghJ",
        "ґ": "g",
        "д": "d",
        "дж": "J",
        "дт": "d:.25 t",
        "е": "e",
        "ё": "oe",
        "є": "e",
        "ж": "ZJ",
        "з": "z",
        "и": "i",
        "ий$": "i:.45",
        "ый$": "i:.45",
        "й": "yi:.2",
        "і": "i",
        "ї": "i",
        "к": "k",
        "л": "l",
        "м": "m",
        "м{бп}": "mn",
        "н": "n",
        "о": "o",
        "п": "p",
        "р": "r",
        "с": "s",
        "т": "t",
        "тс": "ct",
        "у": "uw",
        "ф": "f",
        "х": "xh:.5",
        "ц": "c",
        "ч": "C",
        "ш": "S",
        "щ": "SC",
        "ъ": "",
        "ы": "i",
        "ь": "",
        "э": "ea",
        "ю": "y:.12 u",
        "я": "y:.12 ae",
        "ў": "uw",
    },
)
