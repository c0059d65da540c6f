"""Figures and the report of a benchmark run, drawn from its run log alone."""
