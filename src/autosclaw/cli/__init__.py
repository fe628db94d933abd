"""The `autosclaw` command."""
