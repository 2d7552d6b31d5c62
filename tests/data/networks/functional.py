import torch
from torch.nn import Conv2d, Linear, Module
from torch.nn import functional as F

class Net(Module):
    def __init__(self):
        Module.__init__(self)
        self.conv1, self.conv2 = Conv2d(3, 10, 5), Conv2d(10, 20, 5)
        self.fc1 = Linear(500, 50)
        self.fc2 = Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.elu(F.max_pool2d(self.conv2(x), 2), alpha=0.5)
        x = x.view(-1, 500)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, p=0.3, training=self.training)
        return F.log_softmax(self.fc2(x), dim=-1)
