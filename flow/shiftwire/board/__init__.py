"""From project to board: bitstream, package, deployment, measurement, the simulated board; imports project."""
