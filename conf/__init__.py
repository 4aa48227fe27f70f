"""nnzoo's Hydra configs; users of the wheel can search them as ``pkg://nnzoo.conf``."""
