"""``python -m nnzoo.training model=...``: the same door as ``scripts/train.py``."""

from nnzoo.training.cli import main

if __name__ == "__main__":
    main()
