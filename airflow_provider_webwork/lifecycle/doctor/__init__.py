"""The doctor: looks at all that has to work together, and says of each part what is wrong and what to do."""
