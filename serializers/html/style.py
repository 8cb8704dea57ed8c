"""The style sheet and the icon of all pages. Each page contains them, so that it loads no other resources."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from urllib.parse import quote

#: The style sheet, exactly as between the tags of a page.
STYLE = files("serializers.html").joinpath("style.css").read_text("utf-8")
#: The source expression of the style sheet for a Content-Security-Policy.
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
#: The icon as a data URL.
ICON = "data:image/svg+xml," + quote(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#1f5fbf"/>'
    '<path d="M4 6h6L8 4m4 6H6l2 2" fill="none" stroke="#fff" stroke-width="1.6"/></svg>',
    safe="/:=",
)
