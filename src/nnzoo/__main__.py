"""``python -m nnzoo``: the command ``nnzoo``."""

from nnzoo.cli.main import main

if __name__ == "__main__":
    main()
