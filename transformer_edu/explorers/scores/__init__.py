"""How well do two vectors match, and what becomes of the match?"""
