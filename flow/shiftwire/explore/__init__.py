"""The exact Pareto front of one network's folds, and the file that keeps it; the command line imports its modules."""
