"""WHERE EXAMPLES COME FROM: the generated world, and the doors through which real data sets enter."""
