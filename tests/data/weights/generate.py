"""Writes state dicts as people save them, and logits.json: what the network of net.txt gives with each.

    python generate.py
"""
import json
import os
import pathlib
import pickle
import zipfile

import torch
from safetensors.torch import save_file
from torch import nn

HERE = pathlib.Path(__file__).parent
LEGACY = {"_use_new_zipfile_serialization": False}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 3)
        self.bn1 = nn.BatchNorm2d(3)
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        return self.fc(self.features(torch.relu(self.bn1(self.conv1(x)))).flatten(1))


class Code:
    """A pickle that asks for a function."""

    def __reduce__(self):
        return os.system, ("touch RAN",)


def main():
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    inputs = torch.arange(2 * 36).remainder(17).reshape(2, 1, 6, 6) / 16
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(inputs), torch.tensor([1, 4])).backward()
        optimizer.step()
    net.eval()
    state, logits = net.state_dict(), {}

    def wrote(name, with_state=None):
        if with_state is not None:
            net.load_state_dict(with_state)
        with torch.no_grad():
            logits[name] = net(inputs).flatten().tolist()
        net.load_state_dict(state)

    state = {name: tensor.clone() for name, tensor in state.items()}
    checkpoint = {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": optimizer.state_dict(), "loss": 0.5}
    parallel = {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}, "arch": "net"}
    half = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    brain = {name: tensor.bfloat16() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    strided = dict(state, **{"fc.weight": state["fc.weight"].t().contiguous().t()})
    tied = dict(state, **{"bn1.running_var": state["bn1.running_mean"].abs(), "bn1.bias": state["bn1.weight"]})
    uncounted = {name: tensor for name, tensor in state.items() if not name.endswith("tracked")}
    widened = lambda tensors: {name: tensor.float() for name, tensor in tensors.items()}
    for name, saved, options, with_state in [
        ("plain.pt", state, {}, None), ("legacy.pth", state, LEGACY, None), ("checkpoint.pth", checkpoint, {}, None),
        ("parallel.pth", parallel, {}, None), ("half.pt", half, {}, widened(half)), ("strided.pt", strided, {}, None),
        ("tied.pt", tied, {}, tied), ("module.pt", net, {}, "refused"),
    ]:
        torch.save(saved, HERE / name, **options)
        if with_state != "refused":
            wrote(name, with_state)
    for name, saved, with_state in [
        ("plain.safetensors", state, None), ("bf16.safetensors", brain, widened(brain)),
        ("uncounted.safetensors", uncounted, None),
    ]:
        save_file(saved, HERE / name)
        wrote(name, with_state)
    with zipfile.ZipFile(HERE / "code.pt", "w") as file:
        file.writestr("code/data.pkl", pickle.dumps({"fc.weight": Code()}, 2))
        file.writestr("code/version", "3\n")
    (HERE / "logits.json").write_text(json.dumps(logits, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
