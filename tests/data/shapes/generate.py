"""Makes shapes.json: layers with random arguments, the shapes that PyTorch gives, and their numbers of parameters.

    python tests/data/shapes/generate.py

An output of null means that PyTorch refuses or gives no elements, or, with "mixes_samples", that a sample's result depends on other samples
of the batch, so that the model is refused. Shapes have no batch dimension. Seeded: the same file each time.
"""
import json
import pathlib
import random
import warnings

import torch
from torch import nn

warnings.simplefilter("ignore")
random.seed(7)


def some(low, high):
    """A size, or two of them."""
    return random.randint(low, high) if random.random() < 0.7 else (random.randint(low, high), random.randint(low, high))


def call(kind, positional, named):
    parts = [repr(value) for value in positional] + [f"{key}={value!r}" for key, value in named.items()]
    return f"{kind}({', '.join(parts)})"


def options(**choices):
    """Some of the arguments."""
    return {key: make() for key, make in choices.items() if random.random() < 0.6}


def image(channels=None):
    return [channels or random.randint(1, 4), random.randint(1, 13), random.randint(1, 13)]


def conv():
    groups = random.choice([1, 1, 2, 3])
    channels = groups * random.randint(1, 3)
    out = groups * random.randint(1, 3)
    named = options(
        stride=lambda: some(1, 3),
        padding=lambda: random.choice([some(0, 3), some(0, 3), "same", "valid"]),
        dilation=lambda: some(1, 3),
        bias=lambda: random.random() < 0.5,
        padding_mode=lambda: "zeros",
    )
    if groups > 1:
        named["groups"] = groups
    return "Conv2d", [channels, out, some(1, 4)], named, image(channels if random.random() < 0.95 else channels + 1)


def max_pool():
    named = options(
        stride=lambda: random.choice([None, some(1, 4), some(1, 4)]),
        padding=lambda: some(0, 2),
        dilation=lambda: some(1, 3),
        ceil_mode=lambda: random.random() < 0.7,
        return_indices=lambda: False,
    )
    return "MaxPool2d", [some(1, 4)], named, image()


def avg_pool():
    named = options(
        stride=lambda: some(1, 4),
        padding=lambda: some(0, 2),
        ceil_mode=lambda: random.random() < 0.7,
        count_include_pad=lambda: random.random() < 0.5,
        divisor_override=lambda: random.choice([None, 1, 3]),
    )
    return "AvgPool2d", [some(1, 4)], named, image()


def positional_pool():
    return "MaxPool2d", [random.randint(2, 3), 2, random.randint(0, 1), 1, False, True], {}, image()


def adaptive():
    return "AdaptiveAvgPool2d", [some(1, 6)], {}, image()


def linear():
    size = random.randint(1, 9)
    return "Linear", [size, random.randint(1, 9)], options(bias=lambda: random.random() < 0.5), random.choice([[size], [4, size], [size + 1]])


def batch_norm():
    kind = random.choice(["BatchNorm1d", "BatchNorm2d"])
    named = options(eps=lambda: 1e-3, momentum=lambda: 0.2, affine=lambda: random.random() < 0.5, track_running_stats=lambda: True)
    return kind, [3], named, random.choice([[3], [3, 4], [3, 4, 5], [2, 4, 5]])


def layer_norm():
    shape = random.choice([5, [5], [4, 5]])
    return "LayerNorm", [shape], options(eps=lambda: 1e-6, elementwise_affine=lambda: True), random.choice([[4, 5], [5], [3, 4, 5], [5, 4]])


def flatten():
    return "Flatten", [], options(start_dim=lambda: random.choice([1, 2, -2]), end_dim=lambda: random.choice([-1, 2, 3])), random.choice([[3, 4, 5], [6], [2, 3]])


def activation():
    kind = random.choice(["ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "LeakyReLU", "ELU", "Dropout"])
    return kind, [], options(inplace=lambda: random.random() < 0.5), image()


def unflatten():
    return "Unflatten", [1, (3, 4, random.randint(2, 3))], {}, [24]


def softmax():
    kind = random.choice(["Softmax", "LogSoftmax"])
    return kind, [], options(dim=lambda: random.choice([None, 1, 2, -1, -3])), random.choice([[6], [3, 4], [3, 4, 5]])


def conv_transpose():
    groups = random.choice([1, 1, 2])
    channels, out = groups * random.randint(1, 3), groups * random.randint(1, 3)
    named = options(
        stride=lambda: some(1, 3),
        padding=lambda: some(0, 3),
        output_padding=lambda: some(0, 2),
        dilation=lambda: some(1, 3),
        bias=lambda: random.random() < 0.5,
    )
    if groups > 1:
        named["groups"] = groups
    return "ConvTranspose2d", [channels, out, some(1, 4)], named, image(channels if random.random() < 0.95 else channels + 1)


def conv1d():
    named = options(
        stride=lambda: random.choice([1, 2, (2,)]),
        padding=lambda: random.choice([0, 1, (2,), "same", "valid"]),
        dilation=lambda: random.randint(1, 3),
        groups=lambda: random.choice([1, 2]),
        bias=lambda: random.random() < 0.5,
    )
    return "Conv1d", [4, 6, random.choice([1, 3, (4,)])], named, random.choice([[4, 9], [4, 1], [3, 9], [4, 5, 5]])


def upsample():
    mode = random.choice(["nearest", "nearest-exact", "bilinear"])
    size = {"size": some(1, 9)} if random.random() < 0.4 else {"scale_factor": random.choice([2, 1.5, 0.3, (2.5, 0.5)])}
    return "Upsample", [], size | {"mode": mode} | options(align_corners=lambda: random.choice([None, True, False])), image()


def group_norm():
    named = options(eps=lambda: 1e-3, affine=lambda: random.random() < 0.5)
    return "GroupNorm", [random.choice([1, 2, 3, 4]), 4], named, random.choice([[4], [4, 3], [4, 5, 2]])


def instance_norm():
    named = options(affine=lambda: random.random() < 0.5, track_running_stats=lambda: random.random() < 0.5)
    return "InstanceNorm2d", [4], named, random.choice([[4, 5, 2], [4, 1, 3]])


def rms_norm():
    named = options(eps=lambda: random.choice([None, 1e-6]), elementwise_affine=lambda: random.random() < 0.5)
    return "RMSNorm", [random.choice([5, [5], [4, 5]])], named, random.choice([[4, 5], [5], [3, 4, 5], [5, 4]])


def glu():
    return "GLU", [], options(dim=lambda: random.choice([-1, 0, 1, 2, 5])), random.choice([[6], [3, 4], [2, 4, 5]])


def more_activations():
    kind = random.choice(["CELU", "Hardtanh", "Softsign", "PReLU", "Dropout2d"])
    named = {}
    if kind in ("CELU", "Hardtanh", "Dropout2d"):
        named = options(inplace=lambda: random.random() < 0.5)
    if kind == "PReLU":
        named = options(num_parameters=lambda: random.choice([1, 3]), init=lambda: 0.1)
    return kind, [], named, image()


def encoder():
    named = {"batch_first": True, "dim_feedforward": random.randint(1, 9)} | options(
        dropout=lambda: 0.3,
        activation=lambda: random.choice(["relu", "gelu"]),
        layer_norm_eps=lambda: 1e-6,
        norm_first=lambda: random.random() < 0.5,
    )
    return "TransformerEncoderLayer", [8, random.choice([1, 2, 4])], named, random.choice([[5, 8], [1, 8]])


MAKERS = [(conv, 80), (max_pool, 60), (avg_pool, 40), (positional_pool, 8), (adaptive, 8), (linear, 10), (batch_norm, 14), (layer_norm, 8), (flatten, 10), (activation, 16), (unflatten, 4), (softmax, 16)]
MAKERS += [(conv_transpose, 40), (conv1d, 20), (upsample, 20), (group_norm, 12), (instance_norm, 10), (rms_norm, 10), (glu, 10), (more_activations, 16), (encoder, 10)]
rows = []
for make, number in MAKERS:
    for _ in range(number):
        kind, positional, named, shape = make()
        try:
            layer = getattr(nn, kind)(*positional, **named)
            samples = torch.randn(2, *shape)
            result = layer.eval()(samples)
            output = list(result.shape[1:])
            parameters = sum(p.numel() for p in layer.parameters())
            samples[1] += 1
            other = layer(samples)
            mixed = result.shape[0] != 2 or not torch.allclose(result[0], other[0])
            if 0 in output:
                raise ValueError("an image without elements")
        except (RuntimeError, ValueError, IndexError, AssertionError):
            output, parameters, mixed = None, None, False
        row = {"layer": call(kind, positional, named), "input": shape, "output": output, "parameters": parameters}
        if mixed:
            row |= {"output": None, "parameters": None, "mixes_samples": True}
        rows.append(row)
lines = ",\n".join(json.dumps(row) for row in rows)
pathlib.Path(__file__).with_name("shapes.json").write_text(f"[\n{lines}\n]\n")
print(len(rows), "layers,", sum(row["output"] is None for row in rows), "refused")
