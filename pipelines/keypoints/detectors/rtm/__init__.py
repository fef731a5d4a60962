"""People by RTMW (Apache-2.0, open-mmlab/mmpose): 133 points of body, feet, hands and face, of several people.

The networks are those that the package rtmlib uses; the code around them is this project's, because rtmlib asks for a
second build of OpenCV that overwrites the first one. ONNX Runtime runs them and is imported in `networks` alone.
"""
