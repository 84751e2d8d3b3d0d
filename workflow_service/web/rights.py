"""Asking the policy from a page: whether to show a link, and refusing who may not enter."""

from __future__ import annotations

from flask import g

from workflow_service.identity import policy

from .current import page_actor


def allowed(action: str, thing: policy.Thing | None = None) -> bool:
    """Whether the signed-in person may do `action` to `thing`; asked once a request for things without a thing."""
    if thing is not None:
        return policy.may(page_actor(), action, thing)
    answers: dict[str, bool] = g.setdefault("allowed", {})
    if action not in answers:
        answers[action] = policy.may(page_actor(), action)
    return answers[action]


def require(action: str, thing: policy.Thing | None = None) -> None:
    """Raise Forbidden unless the signed-in person may do `action` to `thing`."""
    policy.require(page_actor(), action, thing)
