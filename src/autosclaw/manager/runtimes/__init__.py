"""Where agents run: one adapter per kind of place, all behind `base.Runtime`."""
