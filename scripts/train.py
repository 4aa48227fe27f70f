"""Train a model: python scripts/train.py model=autoencoder (--help shows all)."""

from nnzoo.cli.main import train_main

if __name__ == "__main__":
    train_main()
