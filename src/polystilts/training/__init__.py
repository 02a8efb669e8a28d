"""HOW IT LEARNS: one recipe, one loop, and the two stages that call it."""
