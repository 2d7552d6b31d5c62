"""Makes the arrays that tests/tests/numpy.rs reads, with NumPy 2: python3 generate.py"""

import numpy as np


def images(count, *shape):
    """Pixels 7·i + 3 modulo 256, in row-major order of [N, …]."""
    size = count * int(np.prod(shape))
    return ((7 * np.arange(size) + 3) % 256).astype(np.uint8).reshape(count, *shape)


# As keras.datasets.mnist: compressed, grey, labels of one byte.
np.savez_compressed(
    "keras.npz",
    x_train=images(12, 4, 3),
    y_train=(np.arange(12) % 3).astype(np.uint8),
    x_test=images(6, 4, 3)[::-1].copy(),
    y_test=np.array([0, 1, 2, 2, 1, 0], np.uint8),
)
# As MedMNIST: color, channels last, labels [N, 1], a validation split, class 0 only in tests.
np.savez(
    "medmnist.npz",
    train_images=images(8, 3, 4, 3),
    train_labels=(np.arange(8) % 2 + 1).astype(np.int64)[:, None],
    val_images=images(4, 3, 4, 3),
    val_labels=np.ones((4, 1), np.int64),
    test_images=images(5, 3, 4, 3),
    test_labels=np.array([0, 1, 2, 1, 2], np.int64)[:, None],
)
# Without splits, channels first, labels in big-endian order of another program.
np.savez("plain.npz", X=images(20, 3, 2, 2), y=(np.arange(20) % 2 * 300 - 5).astype(">i4"))
