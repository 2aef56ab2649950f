"""The weights that ship: data, beside the card that says what they were trained on.

Comes in: nothing. Goes out: the folder `text`, read by `nlp.starter`; made by `tocsin train`.
"""
