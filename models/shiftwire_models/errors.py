"""The one exception that a user of this package has to catch."""

USER_MISTAKE = 2
"""Exit code of shiftwire-train for what the user can mend."""


class ModelsError(Exception):
    """A mistake the user can mend; its one sentence says what was found, what would do, where, and the mend."""
