from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F


class DenseLayer(nn.Module):
    def __init__(self, channels, growth):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, growth, 3, padding=1, bias=False)

    def forward(self, features):
        x = torch.cat(features, 1)
        return self.conv1(F.relu(self.norm1(x)))


class DenseBlock(nn.Module):
    def __init__(self, number, channels, growth):
        super().__init__()
        self.layers = nn.ModuleList(DenseLayer(channels + i * growth, growth) for i in range(number))

    def forward(self, init_features):
        features = [init_features]
        for layer in self.layers:
            features.append(layer(features))
        return torch.cat(features, 1)


class Inception(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.branch1x1 = nn.Conv2d(channels, 4, 1)
        self.branch3x3_1 = nn.Conv2d(channels, 2, 1)
        self.branch3x3_2 = nn.Conv2d(2, 4, 3, padding=1)
        self.branch_pool = nn.Sequential(nn.AvgPool2d(3, 1, 1), nn.Conv2d(channels, 2, 1))

    def forward(self, x):
        branch3x3 = self.branch3x3_2(F.relu(self.branch3x3_1(x)))
        outputs = [self.branch1x1(x), branch3x3, self.branch_pool(x), F.max_pool2d(x, 3, 1, 1)]
        return torch.cat(outputs, dim=1)


class DenseNet(nn.Module):
    def __init__(self, growth=4, classes=10):
        super().__init__()
        self.features = nn.Sequential(OrderedDict([("conv0", nn.Conv2d(3, 8, 3, 2, 1)), ("relu0", nn.ReLU())]))
        self.features.add_module("denseblock1", DenseBlock(3, 8, growth))
        self.features.add_module("transition1", nn.Sequential(nn.Conv2d(20, 8, 1), nn.AvgPool2d(2)))
        self.features.add_module("denseblock2", DenseBlock(2, 8, growth))
        self.mixed = Inception(16)
        self.classifier = nn.Linear(26, classes)

    def forward(self, x):
        x = F.relu(self.mixed(self.features(x)))
        x = F.adaptive_avg_pool2d(x, (1, 1))
        return self.classifier(torch.flatten(x, 1))
