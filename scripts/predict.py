"""Predict with a trained model: python scripts/predict.py 'input=[1,0,0]' (--help shows all)."""

from nnzoo.cli.main import predict_main

if __name__ == "__main__":
    predict_main()
