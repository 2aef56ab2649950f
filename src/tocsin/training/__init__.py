"""Training: from judged posts to the weights of the text models.

Comes in: data sets in our event format, codes that people gave post by post, seed sentences. Goes
out: a folder of weights with its card. Always holds: the same input gives the same bytes; accounts
that are held out are never trained on, nor are texts that they posted; a label that a post
inherits from its author trains nothing but the scoring of accounts; suites of functional tests
train nothing.
"""

from tocsin.training.licences import read_licences
from tocsin.training.posts import read_seeds
from tocsin.training.run import TrainingInput, train

__all__ = ["TrainingInput", "read_licences", "read_seeds", "train"]
