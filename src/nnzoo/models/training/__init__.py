"""What one training step does, for the engine and for a plain Lightning Trainer."""
