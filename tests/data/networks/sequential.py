model = nn.Sequential(
    nn.Conv2d(in_channels=3, out_channels=16, kernel_size=3, padding=1),
    nn.BatchNorm2d(16),
    nn.ReLU(inplace=True),
    nn.MaxPool2d(kernel_size=2, stride=2),
    nn.Conv2d(16, 32, kernel_size=(3, 3), padding='same', bias=False),
    nn.BatchNorm2d(32, eps=1e-3),
    nn.ReLU(True),
    nn.AdaptiveAvgPool2d((1, 1)),
    nn.Flatten(),
    nn.Dropout(p=0.2, inplace=False),
    nn.Linear(32, 10),
).to(device)
