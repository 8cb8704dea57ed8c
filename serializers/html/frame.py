"""The beginning of all pages: the head of the document, and the header with the service's name, its pages and the signed-in user."""

from __future__ import annotations

from html import escape

from serializers.html.style import ICON, STYLE
from serializers.page import Frame

#: The end of a page.
END = "</main></body></html>"


def head(title: str) -> str:
    """Return the beginning of a document, up to the end of its head.

    :param title: the title of the browser's tab.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<link rel=icon href='{ICON}'><title>{escape(title)}</title><style>{STYLE}</style></head>"
    )


def header(frame: Frame, account: str | None = None) -> str:
    """Return the header of a page.

    :param account: HTML in place of `account_of` the frame.
    """
    links = "".join(f'<a href="{escape(address)}">{escape(label)}</a>' for label, address in frame.links.items())
    return (
        f'<header class="top"><div><a class="brand" href="{escape(frame.home)}">{escape(frame.service)}</a>'
        f'<nav aria-label="Pages">{links}</nav>{account_of(frame) if account is None else account}</div></header>'
    )


def account_of(frame: Frame) -> str:
    """Return the account part of the header: the user's name and a button that signs out, or a link to the log-in page."""
    if not frame.caller:
        return f'<p class="who"><a href="{escape(frame.sign_in)}">Sign in</a></p>' if frame.sign_in else ""
    name = f'<span class="name">{escape(frame.caller)}</span>'
    if not frame.sign_out:
        return f'<p class="who">{name}</p>'
    return (
        f'<form class="who" method="post" action="{escape(frame.sign_out)}">{name}'
        f'<input type="hidden" name="continue" value="{escape(frame.after)}"><button>Sign out</button></form>'
    )
