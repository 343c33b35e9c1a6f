"""How an answer gets on screen: desired state, a pure planner, one gate per metered place, one writer per reply."""
