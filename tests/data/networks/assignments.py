conv1 = nn.Conv2d(3, 12, 5)      # 28
act1 = nn.LeakyReLU(0.1)
pool1 = nn.MaxPool2d(2, ceil_mode=True)
conv2 = nn.Conv2d(12, 24, 5, dilation=2)
act2 = nn.GELU()
flat = nn.Flatten()
fc = nn.Linear(24 * 6 * 6, 10)
