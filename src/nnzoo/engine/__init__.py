"""The fast training loop: a population of models of one kind under a Lightning Trainer."""
