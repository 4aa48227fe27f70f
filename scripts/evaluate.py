"""Evaluate a trained model: python scripts/evaluate.py run=FOLDER (see --help)."""

import sys

from nnzoo.cli.main import main

if __name__ == "__main__":
    main(["evaluate", *sys.argv[1:]])
