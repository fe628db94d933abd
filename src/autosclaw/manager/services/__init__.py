"""One method per verb: authorise, decide, write, publish. Every door leads here."""
