"""Notices are signed so that any library for Standard Webhooks verifies them."""

from __future__ import annotations

import base64

import pytest

from contract.signing import SHORTEST, headers_of, key_of

#: The specification's own example, as its reference libraries test it.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'


def test_the_signature_is_that_of_the_reference_libraries() -> None:
    """Their secret, id, time and body give their signature."""
    assert headers_of(SECRET, ID, AT, BODY) == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_secret_may_be_plain_text() -> None:
    """What does not begin with whsec_ is the key as it stands."""
    assert key_of("nobody will ever guess this") == b"nobody will ever guess this"
    assert key_of(SECRET) == base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


@pytest.mark.parametrize("secret", ["hunter2", "whsec_aHVudGVyMg==", "whsec_not base64 at all, whatever it is"])
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    """Too short, or no base64: the sentence does not repeat it."""
    with pytest.raises(ValueError, match=f"shorter than {SHORTEST} bytes|not base64") as refused:
        key_of(secret)
    assert secret not in str(refused.value)
