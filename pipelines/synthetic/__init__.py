"""Rendered training data: people, their heads close up, and objects, each with the exact truth about every pixel.

In: configs, batch sizes and a `torch.Generator`. Out: images in [-1, 1] with joints, landmarks, masks and true flow.
`pipelines.training` trains on them; tests and examples use them as pictures without other people's rights.

From top to bottom: head_clips > clips > shadows > scene > motion, objects > people > rendering > rotations,
tensors.
"""
