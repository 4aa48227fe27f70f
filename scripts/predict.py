"""Ask a trained model: python scripts/predict.py 'input=[1,0,0]' (--help shows all)."""

from nnzoo.training.predict import main

if __name__ == "__main__":
    main()
