"""The machine itself: time, chance, ids, telemetry and logs."""
