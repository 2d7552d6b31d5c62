#!/usr/bin/env python3
"""Makes PyTorch's values for a family of operations, in the format that README.md describes.

    pip install torch numpy
    python tests/golden/generate.py tests/golden/families/interpolate_extra.py

reads the family's cases from a Python file and writes ops/FAMILY.safetensors and FAMILY's entry in index.json; FAMILY is
the file's stem. The same cases give the same bytes; cases added at the end leave the earlier ones as they are.

A family's file has

    ABOUT = "a sentence on what the cases cover"
    RTOL, ATOL = 1e-4, 1e-5                        # for an engine that computes in float32
    CALLS = {"interpolate": call, ...}             # op -> f(inputs: {role: tensor}, **attrs) -> tensor or tuple
    def cases(add): ...                            # add("case's name", "op", {role: tensor}, attr=value, ...)

`add.randn(*shape)`, `add.rand(*shape)` and `add.randint(low, high, shape)` draw inputs. Inputs of floats ask for
gradients; `no_grad=["role"]` in `add` exempts some, `views={"0": [["transpose", 0, 1]]}` reads input 0 through a view,
`error=True` marks a case that PyTorch refuses.
"""

import argparse
import hashlib
import importlib.util
import json
import pathlib
import struct
import zlib

import torch

HERE = pathlib.Path(__file__).resolve().parent


def rounded(tensor):
    """Floats as float32, in which the file holds them; they are computed with in float64."""
    return tensor.to(torch.float32) if tensor.is_floating_point() else tensor


def view(tensor, steps):
    """The views of README.md, applied one after another."""
    for name, *args in steps:
        if name == "slice":
            dim, start, stop, step = args
            index = [slice(None)] * tensor.ndim
            index[dim] = slice(start, stop, step)
            tensor = tensor[tuple(index)]
        elif name in ("transpose", "permute", "expand"):
            tensor = getattr(tensor, name)(*args)
        else:
            raise SystemExit(f"unknown view {name}")
    return tensor


class Cases:
    """Collects the cases of a family and computes them."""

    def __init__(self, family, calls):
        self.family, self.calls = family, calls
        self.cases, self.tensors = [], {}
        self.random = torch.Generator().manual_seed(zlib.crc32(family.encode()))

    def randn(self, *shape):
        return torch.randn(*shape, generator=self.random, dtype=torch.float32)

    def rand(self, *shape):
        return torch.rand(*shape, generator=self.random, dtype=torch.float32)

    def randint(self, low, high, shape):
        return torch.randint(low, high, shape, generator=self.random)

    def __call__(self, case, op, inputs, *, no_grad=(), views=None, tol=None, note=None, error=False, **attrs):
        if any(known["case"] == case for known in self.cases):
            raise SystemExit(f"{self.family}/{case} is there twice")
        views = views or {}
        stored = [rounded(tensor).contiguous() for tensor in inputs.values()]
        grads = [t.is_floating_point() and role not in no_grad and not error for role, t in zip(inputs, stored)]
        leaves = [t.double().requires_grad_(g) if t.is_floating_point() else t for t, g in zip(stored, grads)]
        seen = [view(leaf, views.get(str(i), [])) for i, leaf in enumerate(leaves)]
        entry = {"case": case, "op": op, "attrs": attrs, "requires_grad": grads, "inputs": list(inputs), "n_out": 0}
        for key, value in (("views", views), ("tol", tol), ("note", note)):
            if value:
                entry[key] = value
        for i, tensor in enumerate(stored):
            self.tensors[f"{case}/in{i}"] = tensor
        try:
            outputs = self.calls[op](dict(zip(inputs, seen)), **attrs)
        except (RuntimeError, ValueError, IndexError, NotImplementedError, TypeError) as refusal:
            if not error:
                raise SystemExit(f"{self.family}/{case}: PyTorch refuses: {refusal}") from refusal
            entry["error"] = {"type": type(refusal).__name__, "message": str(refusal).splitlines()[0]}
            self.cases.append(entry)
            return
        if error:
            raise SystemExit(f"{self.family}/{case}: PyTorch does not refuse")
        outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
        entry["n_out"] = len(outputs)
        total = 0
        for k, output in enumerate(outputs):
            self.tensors[f"{case}/out{k}"] = rounded(output.detach()).contiguous()
            if output.requires_grad:
                grad = self.randn(*output.shape)
                self.tensors[f"{case}/grad_out{k}"] = grad
                total = total + (output * grad.double()).sum()
        if any(grads):
            total.backward()
            for i, leaf in enumerate(leaves):
                if grads[i]:
                    grad = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
                    self.tensors[f"{case}/grad_in{i}"] = rounded(grad).contiguous()
        self.cases.append(entry)


def save(path, tensors, metadata):
    """Writes a safetensors file whose bytes are the same for the same tensors."""
    names = {torch.float32: "F32", torch.int64: "I64", torch.int32: "I32", torch.bool: "BOOL"}
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in sorted(tensors.items()):
        bytes_ = tensor.numpy().tobytes()
        offsets = [len(data), len(data) + len(bytes_)]
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        data += bytes_
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def load(path):
    spec = importlib.util.spec_from_file_location("family", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def register(entry):
    """Puts a file's entry into index.json, or in the place of its old one."""
    path = HERE / "index.json"
    index = json.loads(path.read_text())
    files = index["files"]
    old = next((i for i, known in enumerate(files) if known["file"] == entry["file"]), None)
    if old is None:
        old = 1 + max(i for i, known in enumerate(files) if known["kind"] == "ops")
        files.insert(old, {"cases": 0, "bytes": 0})
    for key in ("cases", "bytes"):
        more = entry[key] - files[old][key]
        index["totals"]["ops"][key] += more
        index[key] += more
    files[old] = entry
    path.write_text(json.dumps(index, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=pathlib.Path, help="the Python file with the family's cases")
    args = parser.parse_args()
    family, module = args.file.stem, load(args.file)
    torch.use_deterministic_algorithms(True)
    cases = Cases(family, module.CALLS)
    module.cases(cases)
    metadata = {
        "format": "golden-ops",
        "format_version": "1",
        "family": family,
        "about": module.ABOUT,
        "rtol": repr(module.RTOL),
        "atol": repr(module.ATOL),
        "optional": "true",
        "suite": "added",
        "seed": "0",
        "torch": torch.__version__,
        "cases": json.dumps(cases.cases, separators=(",", ":")),
    }
    path = HERE / "ops" / f"{family}.safetensors"
    save(path, cases.tensors, metadata)
    data = path.read_bytes()
    register({
        "file": f"ops/{path.name}",
        "kind": "ops",
        "bytes": len(data),
        "cases": len(cases.cases),
        "sha256": hashlib.sha256(data).hexdigest(),
        "family": family,
        "rtol": module.RTOL,
        "atol": module.ATOL,
        "optional": True,
        "ops": sorted({case["op"] for case in cases.cases}),
        "with_grad": sum(any(case["requires_grad"]) for case in cases.cases),
    })
    print(f"{path}: {len(cases.cases)} cases, {len(data)} bytes")


if __name__ == "__main__":
    main()
