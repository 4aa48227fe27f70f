"""Train a model: python scripts/train.py model=autoencoder (see --help)."""

import sys

from nnzoo.cli.main import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
