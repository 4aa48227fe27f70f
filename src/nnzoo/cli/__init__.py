"""The command ``nnzoo``: train, predict, evaluate and list."""
