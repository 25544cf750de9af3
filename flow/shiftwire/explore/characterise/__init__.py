"""Units drawn from a designed space, mapped and counted, and models fitted to them; imports ops, schedule, costs."""
