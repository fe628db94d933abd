"""Benchmarks: a real manager on real sockets beside a plain server, in one run.

Must not reach anything but this machine's loopback.
"""
