"""A living queue to look at: a believable past (`history`), and a producer and a faulty worker (`life`)."""
