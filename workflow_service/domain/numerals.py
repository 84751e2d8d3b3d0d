"""Chinese numerals, as headings, cycles and years are written in official documents (docs/domain.md §6)."""

from __future__ import annotations

DIGITS = "〇一二三四五六七八九"
LARGEST = 99


def numeral(number: int) -> str:
    """1 to 99 in Chinese: 3 is 三, 14 is 十四, 20 is 二十, 21 is 二十一; ValueError beyond."""
    if not 1 <= number <= LARGEST:
        raise ValueError(number)
    tens, ones = divmod(number, 10)
    many = DIGITS[tens] if tens > 1 else ""
    return (f"{many}十" if tens else "") + (DIGITS[ones] if ones else "")


def digits(number: int) -> str:
    """A number digit by digit, as years are written: 2035 is 二〇三五."""
    return "".join(DIGITS[int(digit)] for digit in str(number))
