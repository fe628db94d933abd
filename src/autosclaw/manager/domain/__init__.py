"""Pure decisions: facts and a time in, decisions out; no I/O, no clock, no randomness."""
