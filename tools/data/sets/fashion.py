"""fashion: Fashion-MNIST's test pictures with their ten classes; the training pictures as a bank for scenes."""
import gzip

import numpy as np
from PIL import Image

from lib.pictures import encode
from lib.sample import Job, Sample, question

RECIPE = 1
FOLDER = "usr/share/datasets/fashion-mnist"
LABELS = ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]


def build(job: Job) -> list[Sample]:
    """The package's own split: its test part is held out. A bank reads the training part's IDX files as they are."""
    for kind in ("images-idx3", "labels-idx1"):
        name = f"train-{kind}-ubyte.gz"
        job.files[f"bank/{name}"] = (job.root("dataset-fashion-mnist") / FOLDER / name).read_bytes()
    pixels, labels = read_part(job, "t10k")
    pictures = [encode(Image.fromarray(one).convert("RGB"), photo=False) for one in pixels]
    return [question(f"fashion-{i:05d}", f"fashion/{i}", picture, "fashion", "What is this?", LABELS[label], LABELS,
                     source="fashion-mnist", licence="MIT")
            for i, (picture, label) in enumerate(zip(pictures, labels))]


def read_part(job: Job, part: str) -> tuple[np.ndarray, list[int]]:
    """Pictures [n, 28, 28] and labels of "train" or "t10k"."""
    folder = job.root("dataset-fashion-mnist") / FOLDER
    pixels = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())[8:]
    return np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28), list(labels)
