"""How it all runs: scales, studies, cells, chapters, and the engine that drives them."""
