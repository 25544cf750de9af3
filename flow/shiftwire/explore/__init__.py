"""What a network may cost and reach before it is built: data of our units, fronts, search; imports schedule, synth."""
