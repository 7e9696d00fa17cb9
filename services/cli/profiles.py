"""Where a server is and who asks it, under a name: what ``opsledger login`` writes down, so that commands need not say it each time."""
from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.documents import read_document

NAMES = ("server", "tenant", "program", "token_file", "ca_file", "cert_file", "key_file")
"""What a profile says; each is an option too, and a variable: ``--token-file``, ``OPSLEDGER_TOKEN_FILE``."""


def profiles_file() -> Path:
    """As https://specifications.freedesktop.org/basedir-spec has it."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "opsledger" / "profiles.yaml"


def read_profiles() -> dict[str, dict[str, str]]:
    """By name. Raises InvalidInput for a file that is none of ours."""
    file = profiles_file()
    if not file.exists():
        return {}
    found = read_document(file) or {}
    wrong = FieldViolation(str(file), "MALFORMED", f"must hold profiles by name, each with some of {', '.join(NAMES)}")
    if not isinstance(found, dict):
        raise InvalidInput(wrong)
    for profile in found.values():
        if not isinstance(profile, dict) or not set(profile) <= {*NAMES}:
            raise InvalidInput(wrong)
    return {str(name): {key: str(value) for key, value in profile.items()} for name, profile in found.items()}


def write_profiles(profiles: Mapping[str, Mapping[str, str]]) -> Path:
    """For its owner's eyes only: it says where tokens and keys are."""
    file = profiles_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        yaml.safe_dump({name: dict(profile) for name, profile in profiles.items()}, out, allow_unicode=True)
    part.replace(file)
    return file


def said(name: str, profile: Mapping[str, str]) -> str:
    """By the environment, else by the profile."""
    return os.environ.get(f"OPSLEDGER_{name.upper()}") or profile.get(name, "")


def chosen_profile() -> dict[str, str]:
    """The one that OPSLEDGER_PROFILE names, else ``default``; empty when there is none. Raises InvalidInput for a name that is unknown."""
    name = os.environ.get("OPSLEDGER_PROFILE", "")
    profiles = read_profiles()
    if name and name not in profiles:
        text = f"there is no profile {name!r} in {profiles_file()}; there are: {', '.join(profiles) or 'none'}"
        raise InvalidInput(FieldViolation("OPSLEDGER_PROFILE", "UNKNOWN", text))
    return profiles.get(name or "default", {})
