"""Words for what happens around the conversation: retries, other models, tasks, limits.

PURE. It must not turn every line into an event: most say nothing a person needs.
"""

from collections.abc import Callable, Mapping
from typing import Any

from autosclaw.protocol.events import Output
from autosclaw.runner import frames
from autosclaw.runner.clip import clip_text, clip_value

_DATA_CHARS = 4_000
_TEXT_CHARS = 2_000
_ENVELOPE = ("type", "subtype", "uuid", "session_id")
_ENDED_TASKS = ("completed", "failed", "killed", "stopped")


def notice(frame: frames.Frame, raw: Mapping[str, Any]) -> Output | None:
    """The event for a line that is neither conversation nor result; None: not worth one."""
    match frame:
        case frames.System(subtype=subtype) if subtype in _SYSTEM:
            words = _SYSTEM[subtype](raw)
            return None if words is None else _told("system", subtype, words, raw)
        case frames.ToolProgress():
            words = f"{frame.tool_name} is still running ({frame.elapsed_time_seconds or 0:.0f} s)."
            told = _told("tool_progress", None, words, raw)
            told.parent = frame.parent_tool_use_id
            return told
        case frames.AuthStatus():
            return _told("auth_status", None, frame.error or "Signing in to the provider.", raw)
        case frames.RateLimit():
            status = frame.rate_limit_info.get("status", "unknown")
            return _told("system", "rate_limit", f"Rate limit of the provider: {status}.", raw)
        case frames.ConversationReset():
            return _told("system", "conversation_reset", "The conversation was cleared.", raw)
        case _:
            return None


def _told(msg_type: str, kind: str | None, words: str, raw: Mapping[str, Any]) -> Output:
    facts = {name: value for name, value in raw.items() if name not in _ENVELOPE}
    data, _ = clip_value(facts, _DATA_CHARS)
    text, _ = clip_text(words, _TEXT_CHARS)
    return Output(msg_type=msg_type, kind=kind, content=text, data=data)


def _api_retry(raw: Mapping[str, Any]) -> str:
    status = raw.get("error_status") or raw.get("error") or "no answer"
    delay = raw.get("retry_delay_ms")
    wait = f" in {delay / 1000:.1f} s" if isinstance(delay, int | float) else ""
    return (
        f"The model could not answer ({status}); "
        f"attempt {raw.get('attempt')} of {raw.get('max_retries')} follows{wait}."
    )


def _compacted(raw: Mapping[str, Any]) -> str:
    return "The conversation was summarised to make room."


def _model_fallback(raw: Mapping[str, Any]) -> str:
    return "Another model answers until the next turn."


def _task_started(raw: Mapping[str, Any]) -> str:
    return f"Started: {raw.get('description', '')}"


def _task_told(raw: Mapping[str, Any]) -> str:
    return f"{raw.get('status', 'ended')}: {raw.get('summary', '')}"


def _task_updated(raw: Mapping[str, Any]) -> str | None:
    patch = raw.get("patch")
    status = patch.get("status") if isinstance(patch, dict) else None  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]
    return f"Task {status}." if status in _ENDED_TASKS else None


def _mirror_error(raw: Mapping[str, Any]) -> str:
    return "A part of the session's log could not be kept; resuming may miss it."


def _plain(raw: Mapping[str, Any]) -> str:
    for name in ("content", "message", "text", "notification"):
        if isinstance(raw.get(name), str):
            return raw[name]
    return str(raw.get("subtype", ""))


def _denied(raw: Mapping[str, Any]) -> str:
    return f"Not permitted: {raw.get('tool_name', 'a tool')}."


_SYSTEM: dict[str, Callable[[Mapping[str, Any]], str | None]] = {
    "api_retry": _api_retry,
    "compact_boundary": _compacted,
    "model_fallback": _model_fallback,
    "permission_denied": _denied,
    "informational": _plain,
    "notification": _plain,
    "task_started": _task_started,
    "task_notification": _task_told,
    "task_updated": _task_updated,
    "mirror_error": _mirror_error,
}
