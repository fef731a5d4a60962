"""People, hands and faces by MediaPipe's networks, which `gfla weights fetch mediapipe` stores; see `detector`.

The networks and what they take and give are MediaPipe's (Apache-2.0, google-ai-edge/mediapipe 0.10.21); the code around
them is this project's. LiteRT (the package `ai-edge-litert`) runs them and is imported in `networks` alone.
"""
