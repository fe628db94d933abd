"""The bounds of the rehearsal model: sizes, counts and waits.

It must hold numbers only; what happens at a bound is said where the bound is applied.
"""

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Largest request body, as the real API has it; above it the answer is 413."""

MAX_IN_FLIGHT = 1_000
"""Requests answered at once; above it the answer is 529, which clients retry."""

MAX_TURNS = 20_000
"""Assistant turns in one script, repetitions counted."""

MAX_BLOCKS = 10_000
"""Content blocks in one assistant message, repetitions counted."""

MAX_REPEAT = 10_000
"""Repetitions of one step or block."""

MAX_FAIL_TIMES = 1_000
"""How often one ``fail`` entry may be used before its step is served."""

MAX_FAILS_REMEMBERED = 4_096
"""``fail`` entries whose use is counted; the longest unused is forgotten first."""

MAX_DELAY_SECONDS = 600.0
"""Longest wait before the first byte of an answer."""

MAX_GAP_SECONDS = 60.0
"""Longest wait between two deltas of an answer."""

MAX_ECHO_CHARS = 240
"""How much of a person's message is repeated in an answer."""

MAX_RESULT_CHARS = 2_000
"""How much of a tool's result stands in for ``<<result>>``."""
