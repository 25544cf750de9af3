"""Outside programs: the only place that looks for them, runs them and reads the environment."""
