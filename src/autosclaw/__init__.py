"""autosclaw: autonomous Claude agents in containers, watched and steered from one page."""

__version__ = "0.1.0"
