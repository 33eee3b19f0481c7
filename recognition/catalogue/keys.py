"""Keys under which shops that know nothing of each other list the same product."""

import re
import unicodedata

_LENGTHS = (8, 12, 13, 14)
_SHORTEST_MPN = 4
# Barcodes that each shop or region gives out for itself (weighed goods, coupons): GS1 General Specifications 25, 1.4.3.
_LOCAL_13 = ("02", "04", "05", "2", "98", "99")
_LOCAL_8 = ("0", "2")


def gtin_key(said: str | None) -> str | None:
    """A barcode as a GTIN-14, or None where it names no product that another shop could mean.

    GTIN-8, -12, -13 and -14 of one product become equal. Refused are wrong lengths, wrong check digits (GS1 General
    Specifications, 7.9), all zeros, and numbers that every shop gives out for itself.
    """
    digits = re.sub(r"[\s-]", "", said or "")
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in _LENGTHS or not digits.strip("0"):
        return None
    key = digits.zfill(14)
    return None if _is_local(key) or not _is_checked(key) else key


def mpn_key(brand: str | None, mpn: str | None) -> str | None:
    """Brand and the maker's part number without case, spacing and punctuation; None where they could mean anything.

    A part number is at least four signs with a digit among them: "M", "red" or "N/A" are none.
    """
    maker, part = _bare(brand), _bare(mpn)
    if not maker or len(part) < _SHORTEST_MPN or not any(sign.isdigit() for sign in part):
        return None
    return f"{maker}|{part}"


def _is_local(key: str) -> bool:
    is_gtin_8 = key.startswith("000000")
    return key[6:].startswith(_LOCAL_8) if is_gtin_8 else key[1:].startswith(_LOCAL_13)


def _is_checked(key: str) -> bool:
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(key))
    return total % 10 == 0


def _bare(text: str | None) -> str:
    plain = unicodedata.normalize("NFKD", text or "").casefold()
    return "".join(sign for sign in plain if sign.isalnum())
