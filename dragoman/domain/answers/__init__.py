"""What is said of an answer: the words that rows carry, and whether it has arrived. Pure."""
