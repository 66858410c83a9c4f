"""The page as a tagged PDF (PDF/UA-1) by WeasyPrint, which is an extra: ``pip install "emostats[pdf]"``."""

from __future__ import annotations

import io
import logging
import warnings
from base64 import b64decode
from importlib import import_module
from pathlib import Path
from typing import Any

from emostats.errors import UsageError
from emostats.render.page import Document, html


def pdf(model: Document, templates: Path | None = None) -> bytes:
    """The report as PDF/UA-1: tagged, with its language, title and a table of contents in the outline.

    templates: as for `html`.

    Raises
    ------
    UsageError: WeasyPrint, or the Pango library that it needs, is not installed; templates cannot be used.
    """
    engine = _weasyprint()
    quiet = logging.getLogger("weasyprint")
    level = quiet.level
    quiet.setLevel(logging.ERROR)  # it tells of every style that is meant for screens only
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stream = io.BytesIO()
            page = engine.HTML(string=html(model, templates, paper=True), url_fetcher=_nothing)
            page.write_pdf(stream, pdf_variant="pdf/ua-1", pdf_identifier=b"emostats")
    finally:
        quiet.setLevel(level)
    return stream.getvalue()


def _nothing(url: str, *args: Any, **kwargs: Any) -> Any:
    if url.startswith("data:image/"):  # the logo, which is part of the page
        kind, _, content = url.removeprefix("data:").partition(";base64,")
        return {"string": b64decode(content), "mime_type": kind}
    raise ValueError(f"a report loads nothing, and not {url!r}")


def _weasyprint() -> Any:
    try:
        return import_module("weasyprint")
    except (ImportError, OSError) as error:
        raise UsageError(
            "PDF needs the extra 'pdf': pip install \"emostats[pdf]\", and the Pango library of the system "
            f"({error}). Or print report.html from a browser."
        ) from None
