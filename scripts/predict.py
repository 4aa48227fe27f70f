"""Predict with a trained model: python scripts/predict.py 'input=[1,0,0]' (see --help)."""

import sys

from nnzoo.cli.main import main

if __name__ == "__main__":
    main(["predict", *sys.argv[1:]])
