"""What does the size of a score do to a softmax, and where does the size come from?"""
