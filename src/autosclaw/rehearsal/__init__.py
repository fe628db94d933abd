"""The rehearsal model: an Anthropic-compatible Messages API that plays scripts.

It drives the real Claude CLI without a key, a network or a bill: for the demo, for
tests and for dry runs of a prompt. It must not pretend to be a model: whatever it
says of itself names it the rehearsal model.

Start it with :func:`autosclaw.rehearsal.server.serve`, or ``python -m autosclaw.rehearsal``.
The script language is described in :mod:`autosclaw.rehearsal.steps`, which script is
played when in :mod:`autosclaw.rehearsal.scripts`.
"""
