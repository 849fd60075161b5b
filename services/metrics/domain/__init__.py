"""What facts of conversations come to as figures. Pure: contracts in, samples and reports out."""
