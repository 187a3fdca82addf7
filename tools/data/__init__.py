"""How stored data were made, once: the samples, the steps of optax, the surface of ResNet-56."""
