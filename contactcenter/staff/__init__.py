"""Staff: agents, their roles, how they sign in, and the one door that says what they may see."""
