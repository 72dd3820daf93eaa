"""What processes share through Redis: budgets, healths, turnstiles and encoded answers."""
