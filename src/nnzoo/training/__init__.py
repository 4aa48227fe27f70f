"""One run: from a config to a trained model, its result, checkpoints and pictures."""
