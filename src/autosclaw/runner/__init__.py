"""The process inside an agent's container: it drives the Claude CLI and reports to the manager."""
