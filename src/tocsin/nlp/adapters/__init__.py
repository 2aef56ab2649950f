"""Models that stand outside Tocsin: in packages, in the operator's folders, behind endpoints.

Comes in: texts, images' bytes, the words of a clause. Goes out: vectors, scores, translations and
judgements, each with the model that gave it, how long it took, or why there is none. Always holds:
a model that fails has no opinion, which is never "safe"; text that is judged is data and cannot
speak to the model as we do; nothing leaves the machine unless the operator names the host. Refused:
models that run code when loaded.

Import from the modules: what a module needs (HTTP, ONNX, a package with weights) loads with it.
"""
