"""Forms of layers: one layer as several of the same codes, and the choice by cost in a design; imports schedule."""
