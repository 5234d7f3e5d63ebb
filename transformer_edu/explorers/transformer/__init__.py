"""What does the whole machine cost, and how does it write?"""
