"""The shared vocabulary of manager, runner, clients and dashboard; imports nothing of ours."""
