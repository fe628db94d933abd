"""Every bound of the public contract and of our own buffers, with its unit.

Owns numbers only; must not hold logic.
"""

from typing import Final

# Text a person or an agent sends (characters, contract §2).
NAME_CHARS: Final = 255
PURPOSE_CHARS: Final = 1_000
SYSTEM_PROMPT_CHARS: Final = 100_000
CHAT_CHARS: Final = 50_000
ANSWER_CHARS: Final = 10_000
USERNAME_MIN_CHARS: Final = 3
USERNAME_CHARS: Final = 255
PASSWORD_MIN_CHARS: Final = 6
PASSWORD_CHARS: Final = 1_024

# Questions an agent may put to a person.
QUESTIONS: Final = 4
QUESTION_OPTIONS: Final = 8
QUESTION_TTL_SECONDS: Final = 24 * 3600

# Sockets (bytes, seconds).
FRAME_BYTES: Final = 1 << 20
EVENT_BYTES: Final = 512 << 10
EVENTS_PER_FRAME: Final = 1_000
REGISTER_SECONDS: Final = 5.0
REGISTER_BYTES: Final = 4 << 10
UNREGISTERED_CONNECTIONS: Final = 64
BAD_FRAMES_PER_MINUTE: Final = 20
PING_SECONDS: Final = 20.0
SEND_SECONDS: Final = 30.0

# What one page connection may have waiting before it falls back to the store (bytes).
WATCHER_BUFFER_BYTES: Final = 1 << 20
WATCHES_PER_CONNECTION: Final = 50
BULK_AGENTS: Final = 500
PAGE_CONNECTIONS: Final = 500

# Transcripts (events).
COUNT_MAX: Final = 2**53 - 1
PAGE_EVENTS: Final = 200
PAGE_EVENTS_MAX: Final = 500
PAGE_BYTES: Final = 256 << 10
PLAIN_HISTORY_ENTRIES: Final = 5_000
PLAIN_HISTORY_BYTES: Final = 4 << 20
RECENT_EVENTS: Final = 512
RECENT_BYTES: Final = 256 << 10

# The runner's spool (bytes): at SPOOL_PAUSE_BYTES it stops reading the CLI.
SPOOL_BYTES: Final = 64 << 20
SPOOL_PAUSE_BYTES: Final = SPOOL_BYTES * 8 // 10
SPOOL_RESUME_BYTES: Final = SPOOL_BYTES * 5 // 10
LINK_BATCH_BYTES: Final = 256 << 10
LINK_BATCH_EVENTS: Final = 256
LINK_COALESCE_SECONDS: Final = 0.016
RESULT_CHARS: Final = 60_000

# The manager's writer.
WRITER_BATCH_JOBS: Final = 256
WRITER_QUEUE_JOBS: Final = 20_000
WRITE_SECONDS: Final = 30.0
# Of one agent, taken in and not durable yet (bytes); beyond it the agent's socket waits.
PENDING_BYTES: Final = 4 << 20

# Life of an agent (seconds).
START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 10.0
RECONCILE_SECONDS: Final = 30.0
SHUTDOWN_SECONDS: Final = 15.0
START_ATTEMPTS: Final = 3

# HTTP.
BODY_BYTES: Final = 1 << 20
GATEWAY_BODY_BYTES: Final = 64 << 20
LIST_AGENTS: Final = 10_000

# The model gateway (requests at once, bytes, seconds).
GATEWAY_REQUESTS_PER_AGENT: Final = 16
GATEWAY_COUNTS_PER_AGENT: Final = 64
GATEWAY_CONNECTIONS: Final = 1_024
GATEWAY_HELD_BYTES: Final = 512 << 20
GATEWAY_EVENT_BYTES: Final = 1 << 20
GATEWAY_ANSWER_BYTES: Final = 16 << 20
GATEWAY_ERROR_BYTES: Final = 64 << 10
GATEWAY_BODY_SECONDS: Final = 60.0
GATEWAY_CONNECT_SECONDS: Final = 15.0
GATEWAY_READ_SECONDS: Final = 900.0
