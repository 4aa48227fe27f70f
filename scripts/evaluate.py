"""Score a trained model: python scripts/evaluate.py run=FOLDER (--help shows all)."""

from nnzoo.training.evaluate import main

if __name__ == "__main__":
    main()
