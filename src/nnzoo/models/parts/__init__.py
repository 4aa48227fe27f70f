"""Parts that models are made of: targets and tasks, initial weights, checks of data, saving."""
