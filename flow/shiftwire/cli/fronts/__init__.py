"""The verb that explores a network's front; its module imports explore."""
