"""The figures that follow from facts. Pure: contracts in, samples and reports out."""
