"""Outside programs, the environment, the file system, and the form that figures are read into; imports errors alone."""
