"""The command `python -m transformer_edu.minilm.fetch`: have the weights ready, or say why not."""

import sys

from transformer_edu.minilm.weights import MissingWeights, fetch_weights


def main() -> int:
    """Fetch and verify the weights; the exit status is 0 if they are ready."""
    try:
        folder = fetch_weights()
    except MissingWeights as missing:
        print(missing, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. Nothing half-written was left; run the same command again.", file=sys.stderr)
        return 130
    print(f"all-MiniLM-L6-v2: verified, in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
