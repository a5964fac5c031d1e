"""Who may call the service: sign-in, the instances of the account and their plans."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from time import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from recycling.rehearsal.http import Refusal, Reply, Request, as_json

if TYPE_CHECKING:
    from recycling.rehearsal.service import LoopbackService

_DAY = 24 * 3600


def authorise(service: LoopbackService, request: Request) -> None:
    """Check the key or the bearer token of a call, and the instance that it addresses.

    Raises:
        Refusal: they are others than this service gave.
    """
    authorise_key(service, request)
    if request.instance not in service.instances:
        raise Refusal(403, "The instance is not accessible.", 1200)


def authorise_key(service: LoopbackService, request: Request) -> None:
    """Check the key or the bearer token of a call.

    Raises:
        Refusal: they are others than this service gave.
    """
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    # The client falls back on the bare key where it could not get a token.
    if not (
        (kind == "Bearer" and _is_bearer(service.token, given))
        or (kind == "apikey" and hmac.compare_digest(given, service.token))
    ):
        raise Refusal(401, "Unauthorized", 1201)


def sign_in(service: LoopbackService, request: Request) -> Reply:
    """Give a bearer token for the key."""
    if parse_qs(request.body.decode()).get("apikey") != [service.token]:
        return as_json({"errorCode": "BXNIM0415E", "errorMessage": "API key not found."}, 400)
    return as_json({"access_token": service.bearer, "token_type": "Bearer", "expires_in": 3600})


def instances(service: LoopbackService, _request: Request) -> Reply:
    """List the instances of the account."""
    items = [
        {
            "crn": instance.crn,
            "name": instance.name,
            "service_plan_unique_id": instance.plan,
            "tags": [],
            "doc": {"extensions": {"backends": list(service.chips)}},
        }
        for instance in service.instances.values()
    ]
    return as_json({"items": items, "limit": 100})


def catalogue(service: LoopbackService, _request: Request, plan: str) -> Reply:
    """Describe a plan."""
    for instance in service.instances.values():
        if instance.plan == plan:
            pricing = {"pricing": {"type": instance.pricing}}
            name = {"en": {"display_name": plan.capitalize()}}
            return as_json({"overview_ui": name, "metadata": pricing})
    raise Refusal(404, f"no such plan: {plan}")


def bearer_token(key: str) -> str:
    """A token in the shape of a JWT, signed with the key of the account.

    The client reads its lifetime alone. It stays valid when the service starts again, and is the
    same within a day.
    """
    start = int(time()) // _DAY * _DAY
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iat": start, "exp": start + 7 * _DAY}]
    content = b".".join(_text(json.dumps(part).encode()) for part in parts)
    return (content + b"." + _signature(key, content)).decode()


def _is_bearer(key: str, token: str) -> bool:
    content, _, signature = token.rpartition(".")
    return hmac.compare_digest(_signature(key, content.encode()), signature.encode())


def _signature(key: str, content: bytes) -> bytes:
    return _text(hmac.digest(key.encode(), content, hashlib.sha256))


def _text(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
