"""Ways out: each room fulfils ports with one technology that it alone knows."""
