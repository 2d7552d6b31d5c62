from collections import OrderedDict
from torch import nn

model = nn.Sequential(OrderedDict([
    ('conv1', nn.Conv2d(1, 20, 5)),
    ('relu1', nn.ReLU()),
    ('conv2', nn.Conv2d(20, 64, 5)),
    ('relu2', nn.ReLU()),
    ('pool', nn.AvgPool2d(4)),
    ('flatten', nn.Flatten()),
    ('head', nn.Sequential(
        nn.Linear(64 * 5 * 5, 32),  # 28 -> 24 -> 20 -> 5
        nn.Tanh(),
        nn.Linear(32, 10),
    )),
]))
