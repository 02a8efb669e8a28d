"""WHAT READS: the vocabulary, the encoder, its pretraining, and one head per task kind."""
