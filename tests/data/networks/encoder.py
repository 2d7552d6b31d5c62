import torch
from torch import nn


class Encoder(nn.Module):
    """A transformer over the columns of an image."""

    def __init__(self, dim=96, classes=10):
        super().__init__()
        self.first = nn.TransformerEncoderLayer(dim, 4, 64, batch_first=True)
        self.second = nn.TransformerEncoderLayer(
            d_model=dim, nhead=8, dim_feedforward=32, dropout=0.2, activation="gelu", batch_first=True, norm_first=True
        )
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        x = torch.flatten(x, 1, 2).transpose(1, 2)
        x = self.norm(self.second(self.first(x)))
        return self.head(x[:, 0])
