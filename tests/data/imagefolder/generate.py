#!/usr/bin/env python3
"""Random trees of image files, and what torchvision's ImageFolder makes of them.

    generate.py > trees.json

Only names count: the files are empty. `samples` maps a path to its class, `splits` a folder of a split to such a map.
"""
import json, random, tempfile
from pathlib import Path

from torchvision.datasets import ImageFolder

CLASSES = ["apple", "Zebra", "Äpfel", "2", "10", "9", "a b", "кот", "control", "test tubes", "train-station", "e.f", "x_y"]
SUBS = ["indoor", "2023", "raw", "deep/er", "a/b/c"]
ENDINGS = ["jpg", "JPEG", "png", "PNG", "ppm", "bmp", "pgm", "tif", "tiff", "webp"]
FOREIGN = ["notes.txt", "index.md", "labels.csv.bak", "clip.mp4"]
TRAIN = ["train", "Training", "training_set", "seg_train", "TRAIN", "train_images", "Train Set"]
VALIDATION = ["val", "valid", "Validation", "validation_set", "seg_dev", "dev"]
TEST = ["test", "Testing", "test_set", "seg_test", "TEST", "test_images", "Test Set"]


def files(rng, classes):
    """Files of some classes: some directly in their folder, some deeper, some foreign."""
    found = []
    for name in classes:
        for i in range(rng.randint(1, 4)):
            sub = rng.choice(["", "", rng.choice(SUBS) + "/"])
            found.append(f"{name}/{sub}{i}.{rng.choice(ENDINGS)}")
        if rng.random() < 0.4:
            found.append(f"{name}/{rng.choice(FOREIGN)}")
    return found


def samples(root, below=""):
    folder = ImageFolder(root / below, allow_empty=True)
    return {str(Path(path).relative_to(root)): folder.classes[label] for path, label in folder.samples}


def tree(rng, number):
    classes = rng.sample(CLASSES, rng.randint(2, 5))
    splits = []
    if number % 2:
        splits = [rng.choice(TRAIN), rng.choice(TEST)]
        if rng.random() < 0.5:
            splits.append(rng.choice(VALIDATION))
    paths = [f"{split}/{path}" for split in splits for path in files(rng, classes)] if splits else files(rng, classes)
    if rng.random() < 0.3:
        paths.append("cover.jpg")
    with tempfile.TemporaryDirectory() as root:
        for path in paths:
            (Path(root) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(root) / path).touch()
        if splits:
            return {"files": paths, "splits": [samples(Path(root), split) for split in splits]}
        return {"files": paths, "samples": samples(Path(root))}


if __name__ == "__main__":
    rng = random.Random(0)
    print(json.dumps([tree(rng, number) for number in range(80)], ensure_ascii=False, indent=0))
