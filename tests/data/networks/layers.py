import torch
import torch.nn as nn
import torch.nn.functional as F


class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv1d(channels, 2 * channels, 3, padding=1, groups=2)
        self.norm = nn.RMSNorm(64, eps=1e-6)

    def forward(self, x):
        return self.norm(F.glu(self.conv(x), dim=1))


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm1 = nn.GroupNorm(4, 8)
        self.act1 = nn.PReLU(8)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
        self.norm2 = nn.InstanceNorm2d(8, affine=True, track_running_stats=True)
        self.up = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1, groups=2)
        self.norm3 = nn.InstanceNorm2d(4)
        self.drop = nn.Dropout2d(0.2)
        self.larger = nn.Upsample(size=(24, 20), mode="bilinear", align_corners=True)
        self.gate = Gate(4)
        self.fc = nn.Linear(256, 10)

    def forward(self, x):
        x = self.act1(self.norm1(self.conv1(x)))
        x = F.celu(self.norm2(self.conv2(x)), 0.5)
        x = F.hardtanh(self.norm3(self.up(x)), -2, 2)
        x = F.softsign(self.larger(self.drop(x)))
        x = F.dropout2d(x, training=self.training)
        x = F.interpolate(x, scale_factor=(0.5, 0.3), mode="bilinear", align_corners=False)
        x = F.interpolate(x, size=8)
        x = torch.flatten(x, 2)
        x = self.gate(x)
        return self.fc(torch.flatten(x, 1))
