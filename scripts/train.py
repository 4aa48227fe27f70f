"""Train a model: python scripts/train.py model=autoencoder (--help shows all)."""

from nnzoo.training.cli import main

if __name__ == "__main__":
    main()
