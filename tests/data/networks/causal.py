import torch
from torch import nn


class Decoder(nn.Module):
    """A transformer over the rows of an image, each of which attends to those before it."""

    def __init__(self, dim=28, classes=10):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(dim, 4, 32, dropout=0.0, batch_first=True) for _ in range(2)
        )
        self.attn = nn.MultiheadAttention(dim, 2, batch_first=True)
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        x = x.flatten(1, 2)
        mask = nn.Transformer.generate_square_subsequent_mask(28)
        for layer in self.layers:
            x = layer(x, src_mask=mask, is_causal=True)
        x, _ = self.attn(x, x, x, attn_mask=mask)
        return self.head(x[:, 3])
