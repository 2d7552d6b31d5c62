"""Makes expected.json: for each network of this folder the number of parameters, names and shapes of the state dict,
and what PyTorch gives for an input, with parameters and input made by a formula.

    python tests/data/networks/generate.py
"""
import contextlib
import io
import json
import pathlib
import re

import torch
import torch.nn as nn
import torch.nn.functional as F

here = pathlib.Path(__file__).parent
INPUTS = {
    "tutorial_old.py": [1, 32, 32], "mnist_example.py": [1, 28, 28], "ordered.py": [1, 28, 28], "fashion.py": [1, 28, 28],
    "mlp_list.py": [1, 28, 28], "named_arguments.py": [1, 28, 28], "self_lines.py": [1, 28, 28], "lines.py": [1, 28, 28],
    "printed_net.txt": [1, 28, 28], "console.txt": [1, 28, 28], "causal.py": [1, 28, 28],
}


def printed(text):
    """What `print` shows, as code."""
    text = re.sub(r"^\w+\(\n", "nn.Sequential(OrderedDict([\n", text)
    text = re.sub(r"\((\w+)\): Sequential\(\n", r"('\1', nn.Sequential(OrderedDict([\n", text)
    text = re.sub(r"\((\w+)\): (\w+\(.*\))\n", r"('\1', nn.\2),\n", text)
    text = text.replace("padding=same", "padding='same'")
    return text.replace("\n  )\n", "\n  ]))),\n").rstrip().removesuffix(")") + "]))"


def network(path):
    text = path.read_text()
    scope = {"torch": torch, "nn": nn, "F": F, "device": "cpu", "__name__": "__main__"}
    if path.name == "lines.py":
        return eval(f"nn.Sequential({text})", scope)
    if path.name in ("printed.txt", "printed_net.txt"):
        exec("from collections import OrderedDict", scope)
        return eval(printed(text), scope)
    if path.name == "console.txt":
        text = "\n".join(line[4:] for line in text.splitlines())
    if path.name == "self_lines.py":
        text = text.replace("        self.", "")
    with contextlib.redirect_stdout(io.StringIO()):
        exec(text, scope)
    made = {name: value for name, value in scope.items() if isinstance(value, nn.Module)}
    classes = [value for value in scope.values() if isinstance(value, type) and issubclass(value, nn.Module) and value is not nn.Module]
    if path.name in ("assignments.py", "self_lines.py"):
        net = nn.Sequential()
        for name, module in made.items():
            net.add_module(name, module)
        return net
    if made:
        return list(made.values())[-1]
    if path.name == "resnet.py":
        return scope["ResNet8"]()
    return classes[-1]()


def numbers(shape):
    """From -1 to 1, by index."""
    count = torch.Size(shape).numel()
    return (((torch.arange(count) * 7919) % 2003).float() / 1001 - 1).reshape(shape)


expected = {}
for path in sorted([*here.glob("*.py"), *here.glob("*.txt")]):
    if path.name == "generate.py":
        continue
    torch.manual_seed(0)
    net = network(path).eval()
    shape = INPUTS.get(path.name, [3, 32, 32])
    # A file may have run its network in training.
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._NormBase):
            module.reset_running_stats()
    state = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
    parameters = sum(p.numel() for p in net.parameters())
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(numbers(p.shape) * (p.numel() / p.shape[0]) ** -0.5)
        output = net(numbers([2, *shape]) + 1)
    output = [[round(value, 6) for value in row] for row in output.tolist()]
    expected[path.name] = {"input": shape, "output": output, "parameters": parameters, "state": state}
rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in expected.items())
(here / "expected.json").write_text(f"{{\n{rows}\n}}\n")
print(len(expected), "networks")
