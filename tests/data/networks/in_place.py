import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.conv3 = nn.Conv2d(8, 8, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        out = self.conv1(x)
        identity = out
        self.relu(out)
        out = self.conv2(out)
        out += identity
        identity = out
        out.relu_()
        out = self.conv3(out)
        out += identity
        out = F.adaptive_avg_pool2d(F.relu(out, inplace=True), 1)
        return self.fc(out.view(out.size(0), -1))
