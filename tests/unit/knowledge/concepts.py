"""An encoder for tests: a text is the topics it names, in either language."""

import numpy as np

TOPICS = (("password", "密码"), ("parcel", "包裹"), ("refund", "退款"), ("lamp", "灯"))


class Concepts:
    """Counts what it is asked for."""

    identity, width = "concepts", len(TOPICS) + 1

    def __init__(self):
        self.encoded = 0

    def encode(self, texts):
        self.encoded += len(texts)
        rows = [[any(word in text.lower() for word in words) for words in TOPICS] + [0.5] for text in texts]
        vectors = np.array(rows, dtype=np.float32).reshape(len(texts), self.width)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
