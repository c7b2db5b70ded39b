"""The hashes are RabbitMQ's: made by hand from its documented form, salt 908DC60A."""

import hashlib
from base64 import b64decode, b64encode

import pytest

from leveret.broker.password import MD5, NOBODYS, SHA256, SHA512, Password, hashed

SALT = bytes.fromhex("908DC60A")


def test_the_example_of_rabbitmqs_documentation_is_understood():
    password = Password("kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR")
    assert password.matches(b"test12")
    assert not password.matches(b"test1")


@pytest.mark.parametrize(
    ("algorithm", "digest"), [(SHA256, "sha256"), (SHA512, "sha512"), (MD5, "md5")]
)
def test_each_algorithm_is_salt_and_digest_of_salt_and_password(algorithm, digest):
    data = SALT + hashlib.new(digest, SALT + b"pass").digest()
    password = Password(b64encode(data).decode(), algorithm)
    assert password.is_usable
    assert password.matches(b"pass")
    assert not password.matches(b"Pass")


def test_a_new_password_has_a_salt_of_its_own(random):
    first, second = hashed(b"pass", random), hashed(b"pass", random)
    assert first != second
    assert first.algorithm == SHA256
    assert b64decode(first.hash)[:4] == b"\0\0\0\1"
    assert first.matches(b"pass")
    assert second.matches(b"pass")


@pytest.mark.parametrize(
    "password",
    [
        NOBODYS,
        Password("not base64!"),
        Password("kI3GCg=="),
        Password("kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR", "bcrypt"),
    ],
)
def test_what_is_no_hash_of_a_known_kind_is_nobodys_password(password):
    assert not password.is_usable
    assert not any(password.matches(given) for given in (b"", b"test12"))


def test_an_empty_password_is_never_right(random):
    assert not hashed(b"", random).matches(b"")
