"""Loops that compare what is wanted with what is so, and act."""
