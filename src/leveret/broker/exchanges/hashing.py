"""Hashes that decide where a message goes: the same in every process, on every machine."""

from __future__ import annotations

from hashlib import blake2b

DIGEST_BYTES = 8
MASK_64 = 2**64 - 1
MULTIPLIER = 2862933555777941757


def digest(value: object) -> int:
    """64 bits, all of which hang on the whole value: text, a number, or a tuple of these."""
    hashed = blake2b(ascii(value).encode("ascii"), digest_size=DIGEST_BYTES)
    return int.from_bytes(hashed.digest(), "big")


def jump(digest: int, bucket_count: int) -> int:
    """One of so many buckets, each as likely; of n buckets, the last gets its share from all.

    A message is asked after each bucket in turn whether it would move to the next that is added:
    J. Lamping, E. Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014. It leaps from
    one yes to the next, so the time grows with the logarithm of the number of buckets.
    """
    bucket = following = 0
    while following < bucket_count:
        bucket = following
        digest = (digest * MULTIPLIER + 1) & MASK_64
        following = ((bucket + 1) << 31) // ((digest >> 33) + 1)
    return bucket
