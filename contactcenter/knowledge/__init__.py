"""Knowledge: articles, how they are found, and the answers made of them."""
