"""Stand-ins that leave one cost to be measured: an engine, a codec and a model that are none."""
