"""What did recurrent networks lack, and what did attention give them?"""
