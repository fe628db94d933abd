"""The file in which a runner keeps what the manager has not acknowledged: names and format.

Both sides need it: the runner writes it, the manager reads it out of a dead container. Must not
do file work (`runner.spool` does).

Format: JSON lines, append-only within a segment. Each line is one of
    {"seq": n, "event": {…}}      an event, numbered from 1 without gaps, in order
    {"ack": n}                    the manager has made everything up to n durable
    {"input": n}                  every input up to n is the runner's
A last line without its newline was being written when the runner died: it was never accepted.
"""

import msgspec

SPOOL_DIR = "/spool"
SPOOL_FILE = "events.jsonl"


class Line(msgspec.Struct, omit_defaults=True):
    """One line of the spool; exactly one of the three is meant."""

    seq: int | None = None
    event: msgspec.Raw | None = None
    ack: int | None = None
    input: int | None = None


class _Wire(msgspec.Struct):
    """A line as it is decoded: msgspec takes `Raw | None` for null only."""

    seq: int | None = None
    event: msgspec.Raw = msgspec.Raw(b"")
    ack: int | None = None
    input: int | None = None


_decoder = msgspec.json.Decoder(_Wire)


def event_line(seq: int, event: bytes) -> bytes:
    """The line for an event that is already encoded."""
    return b'{"seq":%d,"event":%b}\n' % (seq, event)


def ack_line(seq: int) -> bytes:
    """The line that says everything up to `seq` is durable."""
    return b'{"ack":%d}\n' % seq


def input_line(number: int) -> bytes:
    """The line that says every input up to `number` is the runner's."""
    return b'{"input":%d}\n' % number


def decode_line(line: bytes) -> Line:
    """Raises msgspec.MsgspecError for a torn or foreign line."""
    wire = _decoder.decode(line)
    event = wire.event if wire.seq is not None else None
    return Line(seq=wire.seq, event=event, ack=wire.ack, input=wire.input)
