"""What did recurrent networks lack, and what did attention give them?"""

EXPLORERS: dict[str, str] = {}
