"""The manager: keeps the truth about agents, people and money, and drives the runtimes."""
