"""Modes and factors of interpolate beyond the family `interpolate`: nearest-exact, area, sequences, odd factors."""

import torch.nn.functional as F

ABOUT = "interpolate: nearest-exact, area, sequences by every mode, factors whose size rounds to the input's or its double"
RTOL, ATOL = 1e-4, 1e-5


def interpolate(inputs, size, scale_factor, mode, align_corners):
    return F.interpolate(inputs["input"], size, scale_factor, mode, align_corners)


CALLS = {"interpolate": interpolate}


def cases(add):
    def case(name, shape, mode, size=None, scale_factor=None, align_corners=None, views=None, **more):
        attrs = {"size": size, "scale_factor": scale_factor, "mode": mode, "align_corners": align_corners}
        add(name, "interpolate", {"input": add.randn(*shape)}, views=views, **more, **attrs)

    image, sequence = (2, 3, 7, 5), (2, 3, 7)
    for mode in ("nearest-exact", "area"):
        for size in ([14, 10], [10, 10], [5, 4], [6, 9], [7, 5], [1, 1], [3, 2]):
            case(f"{mode}_size_{size[0]}x{size[1]}", image, mode, size=size)
        case(f"{mode}_from_one", (2, 3, 1, 1), mode, size=[3, 4])
        case(f"{mode}_scale", image, mode, scale_factor=[1.5, 0.7])
        case(f"{mode}_nhwc", (2, 7, 5, 3), mode, size=[9, 8], views={"0": [["permute", [0, 3, 1, 2]]]})
        case(f"{mode}_no_batch", (0, 3, 7, 5), mode, size=[9, 8])
        case(f"{mode}_sequence", sequence, mode, size=[4])
        case(f"{mode}_sequence_scale", sequence, mode, scale_factor=[1.7])
    for factor in (1.1, 1.01, 2.1, 2.05, 1.9):
        case(f"nearest_factor_{factor}", image, "nearest", scale_factor=[factor, 1.0])
        # PyTorch's gradient takes other elements than its result does where a sequence keeps or doubles its size.
        case(f"nearest_sequence_factor_{factor}", sequence, "nearest", scale_factor=[factor], no_grad=["input"])
        case(f"bilinear_factor_{factor}", image, "bilinear", scale_factor=[factor, 1.0], align_corners=False)
        case(f"bilinear_factors_{factor}", image, "bilinear", scale_factor=[factor, 1.6], align_corners=True)
        case(f"linear_factor_{factor}", sequence, "linear", scale_factor=[factor], align_corners=False)
    for align_corners in (False, True):
        for size in ([1], [3], [7], [8], [14], [20]):
            name = "corners" if align_corners else "edges"
            case(f"linear_{name}_{size[0]}", sequence, "linear", size=size, align_corners=align_corners)
    case("linear_by_default", sequence, "linear", size=[9])
    case("bilinear_by_default", image, "bilinear", size=[9, 9])
