"""Passwords: argon2id, with rules that an office can live with."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_

SHORTEST, LONGEST = 10, 128
# no look-alikes: these passwords are read from paper
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_TEMPORARY_LENGTH = 14

_hasher = PasswordHasher()
# a generated password has 68 bits of its own, so stretching it costs time at an import and gains nothing
_light_hasher = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
# compared with when the log-in name does not exist, so that the answer takes as long
_NOBODY = _hasher.hash(secrets.token_hex(16))


class WeakPassword(InvalidInput):
    """The new password is too short, too plain or contains the log-in name."""

    code = "weak_password"
    text = N_("密码不符合要求。")


def check_strength(password: str, username: str) -> None:
    """Raise WeakPassword, saying why, unless the password is long and mixed enough."""
    if len(password) < SHORTEST:
        raise WeakPassword(N_("密码至少 %(shortest)d 个字符。"), shortest=SHORTEST)
    if len(password) > LONGEST:
        raise WeakPassword(N_("密码最多 %(longest)d 个字符。"), longest=LONGEST)
    if username and username.lower() in password.lower():
        raise WeakPassword(N_("密码不能包含登录名。"))
    if len(set(password)) < 5 or password.isdigit():
        raise WeakPassword(N_("密码过于简单，请混用字母、数字或汉字。"))


def hash_password(password: str) -> str:
    """Give the argon2id hash of a password that a person chose."""
    return _hasher.hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Whether the password fits; an account without a password takes the same time and never fits."""
    try:
        return _hasher.verify(stored or _NOBODY, password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def temporary_password() -> tuple[str, str]:
    """Make a random first password, to be changed at the first sign-in; gives it and its hash."""
    password = "".join(secrets.choice(_LETTERS) for _ in range(_TEMPORARY_LENGTH))
    return password, _light_hasher.hash(password)
