"""Which files are indexed: folders, ignore rules, and the comparison with what is stored."""
