"""Who we say we are."""

NAME = "skuloop"
"""The product token that robots.txt and X-Robots-Tag may address."""


def user_agent(contact: str | None) -> str:
    """The User-Agent header: who is asking, what for, and whom to write to."""
    return f"{NAME}/0.1 (product catalogue crawler; {contact or 'no contact given'})"
