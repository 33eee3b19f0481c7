"""Recognising that a shop does not want crawlers: a captcha, a challenge of its protection, a wall of refusals."""

from collections.abc import Callable

WALL_STATUSES = frozenset({401, 403, 406, 429, 503})
REFUSALS_IN_A_ROW = 8
"""So many answers of 401 or 403 without anything else between them are no accident."""

_MARKS_READ = 32 * 1024
_LONGEST_CHALLENGE = 60 * 1024
# Words of the pages that protections show instead of the shop. Lower case, each long enough to mean nothing else.
_MARKS = (
    b"cf-challenge", b"challenge-platform", b"cf_chl_opt", b"_cf_chl", b"/cdn-cgi/challenge", b"cf-turnstile",
    b"captcha-delivery.com", b"px-captcha", b"perimeterx", b"_incapsula_resource", b"incapsula incident id",
    b"g-recaptcha", b"h-captcha", b"awswafcaptcha", b"aws-waf-token", b"ddos-guard",
    b"<title>just a moment...", b"<title>attention required!", b"<title>access denied", b"<title>robot check",
    b"<title>pardon our interruption", b"are you a robot", b"verify you are human", b"unusual traffic from your",
)  # fmt: skip
# Only these are enough on a page with status 200: protections put their scripts into a shop's good pages too, and its
# log-in or newsletter form may hold a captcha.
_SURE_MARKS = (
    b"cf_chl_opt", b"<title>just a moment...", b"geo.captcha-delivery", b"px-captcha", b"incapsula incident id",
    b"<title>attention required!", b"<title>access denied", b"<title>pardon our interruption", b"<title>robot check",
)  # fmt: skip


def wall_in(status: int, header: Callable[[str], str | None], body: bytes) -> str | None:
    """What in an answer shows a wall, in words for a person; None where the answer is an answer."""
    if (header("cf-mitigated") or "").lower() == "challenge":
        return "its protection (Cloudflare) asks for a challenge that only a browser can answer"
    if status in WALL_STATUSES and header("x-datadome") is not None and b"captcha" in body[:_MARKS_READ].lower():
        return "its protection (DataDome) asks for a captcha"
    marks = _MARKS if status in WALL_STATUSES else _SURE_MARKS if len(body) < _LONGEST_CHALLENGE else ()
    if not marks or "html" not in (header("Content-Type") or "html").lower():
        return None
    head = body[:_MARKS_READ].lower()
    found = next((mark for mark in marks if mark in head), None)
    return f"it shows a page for robots instead of the shop ({found.decode().strip('<>')})" if found else None
