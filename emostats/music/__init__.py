"""Music chosen from what the face showed: state, policy, loop, and the evidence that it matched.

Reading order: `tracks`, `library`, `scan` (what there is to play) → `scores`, `state` (what the face says) →
`iso`, `response`, `belief`, `safety`, `policy` (one choice) → `learning`, `session`, `record`, `replay`,
`safety_check` (a session, its log, its audit) → `walk`, `recommend`, `feed`, `live`, `timeline`, `memory`
(sessions at work) → `rounds`, `off_policy` (what another policy would have earned). `simulation` has the
simulated children, `evidence` the blind rating kit.
"""
