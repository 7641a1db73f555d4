"""What every page shares: templates that escape, the style, and a policy that lets in nothing else."""

import base64
import hashlib
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from wreck_core.report import words
from wreck_core.summary import count


def environment() -> Environment:
    """Give the templates: everything is escaped, an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("wreck_core.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"visible": words.visible, "number": words.number, "count": count, "web": _web}
    return made


def source(*names: str) -> Markup:
    """Give style sheets or scripts of this package, one after another, as text that is not escaped."""
    folder = files("wreck_core.report") / "templates"
    text = "".join((folder / name).read_text(encoding="utf-8") for name in names)
    return Markup(text)  # noqa: S704 - files of this package


def render(template: Template, style: str, script: str = "", *, connect: bool = False, **shown: Any) -> str:
    """Fill a template that extends base.html, and tell the browser to let in nothing but what it holds.

    That is this style and script, by hash, pictures by data URI, and with `connect` answers of the
    page's own server.
    """
    rules = ["default-src 'none'", "img-src data:", f"style-src {_hash(style)}"]
    if script:
        rules.append(f"script-src {_hash(script)}")
    if connect:
        rules.append("connect-src 'self'")
    return template.render(style=style, script=script, policy="; ".join(rules), **shown)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _web(url: str) -> str:
    """Give a URL only if it is safe to link to, else ''."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:  # such as an unclosed bracket in the host
        return ""
    return url if scheme in ("http", "https") else ""
