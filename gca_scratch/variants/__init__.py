"""What the paper compares its network with: ablations, baselines, the trust gate; network/ knows nothing of them."""
