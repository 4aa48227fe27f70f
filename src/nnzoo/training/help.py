"""What ``--help`` prints, read from the folder of configs; imports nothing heavy."""

from pathlib import Path

from nnzoo.zoo import conf_dir, entries

GROUPS = ("model", "data", "trainer", "callbacks", "logger", "figures", "debug", "experiment")

TEXT = """\
nnzoo trains a classical neural network.

usage: python scripts/train.py model=NAME [GROUP=NAME ...] [KEY=VALUE ...]

{groups}
keys
  seed=0                     fixes weights, data, split and order
  model.KEY=VALUE            an argument of the model        data.KEY=VALUE  of the data
  trainer.KEY=VALUE          an argument of Lightning's Trainer, such as trainer.max_epochs=100
  data.repeat=1              passes over the data in an epoch (some small data sets have more)
  data.scale=standard        or none, minmax, frobenius
  figures.show=true          open a window with the pictures
  figures.rotate=true        write 3-D pictures also as GIFs in which they turn
  hydra.run.dir=FOLDER       where the run's files go

examples
  python scripts/train.py model=autoencoder
  python scripts/train.py model=autoencoder model.latent=2 data=digits seed=1
  python scripts/train.py model=sigmoid_classifier data=iris 'model.hidden=[8]'
  python scripts/train.py experiment=perceptron_tutorial
  python scripts/train.py -m model=perceptron,autoencoder seed=1,2      (a sweep: every pair)
  python scripts/train.py -m model=competitive 'seed=range(0,20)'

flags
  -m          a sweep               --cfg job   print the config and stop
  --help      this                  --hydra-help  Hydra's own flags

afterwards (each with a --help of its own)
  python scripts/predict.py         what the newest run's model makes of numbers that you type
  python scripts/evaluate.py        its scores, on its own data or others
"""


def help_text() -> str:
    """The whole text."""
    return TEXT.format(groups="\n".join(map(_group, GROUPS)))


def _group(group: str) -> str:
    lines = [f"{group}=\n"]
    for name in entries(group):
        lines.append(f"  {name:<26} {_description(conf_dir() / group / f'{name}.yaml')}\n")
    return "".join(lines)


def _description(file: Path) -> str:
    """The first comment of a config that is no package directive."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("# ") and not line.startswith("# @"):
            return line[2:]
    return ""
