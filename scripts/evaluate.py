"""Evaluate a trained model: python scripts/evaluate.py run=FOLDER (--help shows all)."""

from nnzoo.cli.main import evaluate_main

if __name__ == "__main__":
    evaluate_main()
