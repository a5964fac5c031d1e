"""The logs of IBM's client without the secrets of an account."""

from __future__ import annotations

import logging
import re
from typing import Any

#: Packages whose records may hold a request: the client and the libraries that it uses.
_CLIENT = ("qiskit_ibm_runtime", "ibm_cloud_sdk_core", "ibm_platform_services", "urllib3",
           "requests")  # fmt: skip
#: JSON Web Token.
BEARER_TOKEN = re.compile(r"\beyJ[\w-]+(\.[\w-]+)+")
#: Any other key, by the text before it in a header, a form, JSON or a printed dict.
_KEY = re.compile(
    r"(?i)(\b(?:bearer|apikey)\s+|[\"']?\b(?:api_?key|\w*token|authorization)[\"']?\s*[:=]\s*[\"']?)"
    r"(?!bearer\b|apikey\b)([^\s\"'&,;}]+)"
)


def without_secrets(text: str) -> str:
    """Replace each token and key in a text by an ellipsis.

    Example:
        >>> without_secrets("Authorization: Bearer abcdef")
        'Authorization: Bearer …'
    """
    return _KEY.sub(r"\1…", BEARER_TOKEN.sub("…", text))


def keep_secrets_out_of_logs() -> None:
    """Make the client's records without secrets, whichever handler prints them.

    A filter on a logger does not see the records of its children, and the client has a logger for
    each module; so the records are changed where they are made. Another call changes nothing.

    Example:
        >>> before = logging.getLogRecordFactory()
        >>> keep_secrets_out_of_logs()
        >>> logging.getLogRecordFactory().keeps_secrets
        True
        >>> logging.setLogRecordFactory(before)
    """
    make = logging.getLogRecordFactory()
    if getattr(make, "keeps_secrets", False):
        return

    def make_without_secrets(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = make(*arguments, **named)
        if record.name.partition(".")[0] in _CLIENT:
            record.msg, record.args = without_secrets(_message(record)), ()
            if record.exc_info:
                # A handler prints the text where there is one, and the exception otherwise.
                text = logging.Formatter().formatException(record.exc_info)
                record.exc_text, record.exc_info = without_secrets(text), None
        return record

    make_without_secrets.keeps_secrets = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_without_secrets)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # arguments that do not fit their message
        return f"{record.msg} {record.args}"
