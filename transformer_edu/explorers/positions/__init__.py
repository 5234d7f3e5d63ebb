"""Where is a token, and what happens beyond the lengths that were trained?"""
