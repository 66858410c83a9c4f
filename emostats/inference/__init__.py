"""Session videos to scores: faces, landmarks, a landmark graph network over time.

Needs the extra `emostats[inference]`. The stages meet in the values of `emostats.inference.frames`.
"""
