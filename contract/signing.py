"""Signs what is sent to a webhook, as the Standard Webhooks specification 1.0.0 says (standardwebhooks.com).

webhook-id: 6f0c…                      the same for each try of a piece of news
webhook-timestamp: 1790000000          of this try
webhook-signature: v1,<base64 of HMAC-SHA256(key, id.timestamp.body)>
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

#: What a secret begins with whose rest is base64.
PREFIX: Final = "whsec_"

#: Bytes that a key has at least, by the specification.
SHORTEST: Final = 24


def key_of(secret: str) -> bytes:
    """The key in a secret: `whsec_` and base64, or any text. Raises ValueError, without the value."""
    if not secret.startswith(PREFIX):
        key = secret.encode()
    else:
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"begins with {PREFIX}, and what follows is not base64") from None
    if len(key) < SHORTEST:
        raise ValueError(f"is shorter than {SHORTEST} bytes; make one: echo {PREFIX}$(openssl rand -base64 32)")
    return key


def headers_of(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers by which the receiver of `body` knows who sent it, and when (Unix seconds)."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
